"""What can be done with orders: each function sends a command to the supplier's lane."""
