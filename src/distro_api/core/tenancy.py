"""Row-level security: whose rows the transactions of `distro_app` see, a second wall behind every `visible_*(principal)`.

Whoever is authenticated is entered here, in a context variable of the request; each transaction carries it from its
BEGIN on, in the same message, as the setting `app.tenant` that the policies read: an organization's id, `platform`, or
nothing. With nothing no tenant's row is seen. A new table of tenants takes its policies in its migration by one line:
`op.execute("SELECT wall_off('messages', 'supplier_id', 'distributor_id')")`, the columns that name who may see a row.
No wall stands around tables that are searched by text: LIKE is not leakproof, and would lose its index behind one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import asyncpg

NOBODY, PLATFORM = "", "platform"
_tenant: ContextVar[str] = ContextVar("tenant", default=NOBODY)


def enter(organization_id: UUID) -> None:
    """From now on this request acts for the organization: its transactions that begin later see its rows."""
    _tenant.set(str(organization_id))


def enter_platform() -> None:
    """From now on this request acts for the platform, which sees everybody's rows."""
    _tenant.set(PLATFORM)


@contextmanager
def organization(organization_id: UUID) -> Iterator[None]:
    """For our own code that serves no caller: act for one organization."""
    with _acting(str(organization_id)):
        yield


@contextmanager
def platform() -> Iterator[None]:
    """For our own code that serves no caller (the demo data, commands of the operator): see everybody's rows."""
    with _acting(PLATFORM):
        yield


@contextmanager
def nobody() -> Iterator[None]:
    """The state in which every request begins."""
    with _acting(NOBODY):
        yield


@contextmanager
def _acting(tenant: str) -> Iterator[None]:
    before = _tenant.set(tenant)
    try:
        yield
    finally:
        _tenant.reset(before)


class TenantConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection of requests: whose rows a transaction sees is said with its BEGIN, in one round trip."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as asyncpg has it
        if query.startswith("BEGIN") and (tenant := _tenant.get()):
            query = f"{query} SET LOCAL app.tenant = '{tenant}'"  # a UUID or our own word
        status: str = await super().execute(query, *args, timeout=timeout)
        return status
