"""Reads of identity."""

from distro_api.identity.queries.audit import audit_where, visible_audit
from distro_api.identity.queries.menus import menus_of, own_menus
from distro_api.identity.queries.organizations import (
    house_of,
    organization,
    organization_in_use,
    organizations_where,
    owner_of,
    visible_organizations,
)
from distro_api.identity.queries.parameters import changes_of, newest_change, newest_changes, values_set
from distro_api.identity.queries.sessions import own_logins, own_sessions, scope_of_session, session_of_token
from distro_api.identity.queries.users import me, user_of_account
from distro_api.identity.queries.viewer import Viewer

__all__ = [
    "Viewer",
    "audit_where",
    "changes_of",
    "house_of",
    "me",
    "menus_of",
    "newest_change",
    "newest_changes",
    "organization",
    "organization_in_use",
    "organizations_where",
    "own_logins",
    "own_menus",
    "own_sessions",
    "owner_of",
    "scope_of_session",
    "session_of_token",
    "user_of_account",
    "values_set",
    "visible_audit",
    "visible_organizations",
]
