"""What every room stands on: settings, clock, money, errors, database, lanes, outbox, paging, idempotency."""
