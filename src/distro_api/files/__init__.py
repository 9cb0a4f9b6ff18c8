"""Files: what people upload and what the product makes for them, private to an organization."""
