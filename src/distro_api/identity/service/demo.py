"""The demo accounts. Their passwords are in the README, so they sign in only where nobody else can reach the server."""

from collections.abc import Mapping

DEMO_ACCOUNTS: Mapping[str, str] = {
    "admin": "Admin-Demo-2026",
    "supplier": "Supplier-Demo-2026",
    "distributor": "Distributor-Demo-2026",
}
"""Password by username."""


def is_published(password: str) -> bool:
    """Whether everybody knows this password."""
    return password in DEMO_ACCOUNTS.values()
