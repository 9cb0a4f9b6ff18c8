"""What suppliers sell: products, their SKUs, the stock a SKU takes, review, categories and brands."""
