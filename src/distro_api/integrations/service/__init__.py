"""The clients, a file for each service."""
