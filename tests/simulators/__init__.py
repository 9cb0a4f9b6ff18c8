"""Outside services as their documents describe them, on real ports of this machine; nothing of the product is used."""
