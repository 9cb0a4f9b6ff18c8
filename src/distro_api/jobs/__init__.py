"""Work to do outside a request: queued with the transaction that wants it, run by the worker."""
