"""Orders: placement, life cycle, refunds, fulfilment."""
