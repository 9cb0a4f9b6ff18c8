"""Reads of identity."""

from distro_api.identity.queries.audit import AuditFilters, audit_where, visible_audit
from distro_api.identity.queries.menus import menus_of, own_menus
from distro_api.identity.queries.organizations import (
    house_of,
    organization,
    organization_alone,
    organization_in_use,
    organizations_where,
    owner_of,
    visible_organizations,
)
from distro_api.identity.queries.parameters import changes_of, newest_change, newest_changes, values_set
from distro_api.identity.queries.payment_passwords import own_payment_password
from distro_api.identity.queries.profiles import (
    changes_where,
    names_of,
    organization_change,
    pending_change,
    profile_of,
    visible_changes,
)
from distro_api.identity.queries.roles import (
    active_owners,
    built_in_role,
    custom_roles,
    holders,
    limited,
    role,
    roles_of,
    roles_of_users,
    roles_where,
    visible_roles,
)
from distro_api.identity.queries.second_factors import (
    has_second_factor,
    lock_challenge,
    own_second_factor,
    recovery_codes_left,
    second_factor_of,
)
from distro_api.identity.queries.sessions import own_logins, own_sessions, session_of, session_of_token
from distro_api.identity.queries.users import (
    me,
    rejected_applicants,
    user,
    user_of_account,
    users_where,
    visible_users,
)
from distro_api.identity.queries.viewer import Viewer, seen_by

__all__ = [
    "AuditFilters",
    "Viewer",
    "active_owners",
    "audit_where",
    "built_in_role",
    "changes_of",
    "changes_where",
    "custom_roles",
    "has_second_factor",
    "holders",
    "house_of",
    "limited",
    "lock_challenge",
    "me",
    "menus_of",
    "names_of",
    "newest_change",
    "newest_changes",
    "organization",
    "organization_alone",
    "organization_change",
    "organization_in_use",
    "organizations_where",
    "own_logins",
    "own_menus",
    "own_payment_password",
    "own_second_factor",
    "own_sessions",
    "owner_of",
    "pending_change",
    "profile_of",
    "recovery_codes_left",
    "rejected_applicants",
    "role",
    "roles_of",
    "roles_of_users",
    "roles_where",
    "second_factor_of",
    "seen_by",
    "session_of",
    "session_of_token",
    "user",
    "user_of_account",
    "users_where",
    "values_set",
    "visible_audit",
    "visible_changes",
    "visible_organizations",
    "visible_roles",
    "visible_users",
]
