"""The distribution platform API."""
