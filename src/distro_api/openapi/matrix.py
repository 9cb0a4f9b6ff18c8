"""`docs/permissions.md`: what each built-in role may do, permission by permission and route by route."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distro_api.core.documents import METHODS
from distro_api.identity.models import BuiltIn, Kind
from distro_api.identity.permissions import BUILT_IN, PERMISSIONS, TITLES, for_keys

KINDS: Mapping[Kind, str] = {Kind.SUPPLIER: "Suppliers", Kind.DISTRIBUTOR: "Distributors", Kind.ADMIN: "The platform"}
YES, NO = "✓", ""
INTRODUCTION = """# Permissions

Made by `distro permissions --write` from the code; a test calls every route as every built-in role.

Every route asks for one permission. People hold the permissions of all their roles together: built-in ones, below, and
custom ones (`/roles`), made of permissions that whoever makes them holds. Nobody holds what is withheld from the
organization (`PUT /organizations/{id}/permissions`). A session may be narrowed (`scope` at sign-in), an API key always is,
and it acts within what its owner holds at that moment. A change of any of it takes effect within about a second, without a
new sign-in.

`owner` is more than its permissions: only owners make, manage or remove owners, and one is always left."""


def permissions_text(document: Mapping[str, Any]) -> str:
    """The whole document."""
    lines = [INTRODUCTION]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", *_roles_table(kind)]
    lines += ["", "## Routes", "", *_routes_table(document)]
    return "\n".join(lines) + "\n"


def holders_of(permission: str, kind: Kind) -> list[BuiltIn]:
    """The built-in roles of `kind` that hold it."""
    return [role for role, names in BUILT_IN[kind].items() if permission in names]


def _roles_table(kind: Kind) -> Iterator[str]:
    roles = list(BUILT_IN[kind])
    yield _row(["permission", "", "", *(f"{role} {TITLES[role].zh}" for role in roles), "API key"])
    yield _row(["---"] * 3 + [":-:"] * (len(roles) + 1))
    keys = for_keys(PERMISSIONS)
    for name, permission in PERMISSIONS.items():
        if kind in permission.kinds:
            held = [YES if name in BUILT_IN[kind][role] else NO for role in roles]
            yield _row([f"`{name}`", permission.title.zh, permission.title.en, *held, YES if name in keys else NO])


def _routes_table(document: Mapping[str, Any]) -> Iterator[str]:
    yield _row(["route", "permission", *KINDS.values(), "API key"])
    yield _row(["---"] * (len(KINDS) + 2) + [":-:"])
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield _row([f"`{method.upper()} {path}`", *_callers(methods[method])])


def _callers(operation: Mapping[str, Any]) -> Sequence[str]:
    asked = [name for way in operation.get("security", ()) for names in way.values() for name in names]
    if not asked:
        return ["everybody", *[""] * len(KINDS), NO]
    [permission] = asked
    keyed = YES if for_keys(asked) else NO
    return [f"`{permission}`", *(", ".join(holders_of(permission, kind)) for kind in KINDS), keyed]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
