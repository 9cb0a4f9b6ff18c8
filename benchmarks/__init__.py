"""The benchmarks: the product over HTTP beside pgbench on the same server (`make bench`)."""
