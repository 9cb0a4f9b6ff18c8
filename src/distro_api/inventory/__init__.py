"""What is counted: items, their buckets by date, and every movement. It knows no product."""
