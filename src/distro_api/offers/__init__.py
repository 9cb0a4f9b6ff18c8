"""The distributor's view: what may be bought now, and a quote that explains its price. It owns no table."""
