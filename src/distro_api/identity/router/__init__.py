"""Signing in, my own account, organizations, audit trail, platform parameters."""

from distro_api.identity.router import (
    audit,
    auth,
    contacts,
    me,
    menus,
    organizations,
    parameters,
    partnering,
    recovery,
    registration,
)

routers = (
    auth.router,
    recovery.router,
    registration.router,
    me.router,
    contacts.router,
    menus.router,
    partnering.router,
    organizations.router,
    audit.router,
    parameters.router,
)

__all__ = ["routers"]
