"""Signing in, my own account, organizations, staff, roles, API keys, audit trail, platform parameters."""

from distro_api.identity.router import (
    api_keys,
    audit,
    auth,
    contacts,
    me,
    menus,
    organizations,
    parameters,
    partnering,
    payment_password,
    profiles,
    recovery,
    registration,
    roles,
    second_factor,
    users,
)

routers = (
    auth.router,
    recovery.router,
    registration.router,
    me.router,
    contacts.router,
    second_factor.router,
    payment_password.router,
    menus.router,
    partnering.router,
    second_factor.security,
    organizations.router,
    roles.limits,
    users.router,
    roles.router,
    roles.permissions,
    profiles.router,
    profiles.changes,
    profiles.places,
    api_keys.router,
    audit.router,
    parameters.router,
)

__all__ = ["routers"]
