"""Signing in, my own account, organizations, staff, roles, audit trail, platform parameters."""

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
    roles,
    users,
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
    roles.limits,
    users.router,
    roles.router,
    roles.permissions,
    audit.router,
    parameters.router,
)

__all__ = ["routers"]
