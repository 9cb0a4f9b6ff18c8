"""The ledger: books, accounts, transfers and entries; recharges."""
