"""Partners: invitations, relations, tiers, authorised SKUs, and distributors that a supplier creates."""

from distro_api.relations.router import authorizations, distributors, invitations, relations, tiers

routers = (
    authorizations.router,
    relations.router,
    distributors.router,
    tiers.router,
    invitations.router,
)

__all__ = ["routers"]
