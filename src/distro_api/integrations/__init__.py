"""Clients of other companies' services: SMS providers, mail servers. They know protocols, and nothing of the platform."""
