"""Signing in, my own account, organizations, audit trail, platform parameters."""

from distro_api.identity.router import audit, auth, me, menus, organizations, parameters, partnering

routers = (
    auth.router,
    me.router,
    menus.router,
    partnering.router,
    organizations.router,
    audit.router,
    parameters.router,
)

__all__ = ["routers"]
