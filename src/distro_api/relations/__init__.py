"""Who supplies whom, and which SKUs at which price."""
