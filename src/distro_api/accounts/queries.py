"""Reads of accounts; every one starts from what the caller may see."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts.models import FLOORED, Account, AccountKind, Entry, Recharge
from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by


def visible_accounts(principal: Principal) -> Select[Account]:
    """Money accounts: in the supplier's book, or the distributor's own."""
    money = select(Account).where(Account.kind.in_(FLOORED))
    return money.where(seen_by(principal, supplier=Account.supplier_id, distributor=Account.owner_id))


def visible_recharges(principal: Principal) -> Select[Recharge]:
    """Recharges of visible accounts."""
    return select(Recharge).where(
        seen_by(principal, supplier=Recharge.supplier_id, distributor=Recharge.distributor_id)
    )


async def get_account(session: AsyncSession, principal: Principal, account_id: UUID, *, lock: bool = False) -> Account:
    """One account, locked if it is to be changed.

    Raises:
        NotFoundHere
    """
    query = visible_accounts(principal).where(Account.id == account_id)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFoundHere
    return found


async def get_recharge(
    session: AsyncSession, principal: Principal, recharge_id: UUID, *, lock: bool = False
) -> Recharge:
    """One recharge, locked if it is to be decided.

    Raises:
        NotFoundHere
    """
    query = visible_recharges(principal).where(Recharge.id == recharge_id)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFoundHere
    return found


def statement(account: Account) -> Select[Entry]:
    """Every entry of the account."""
    return select(Entry).where(Entry.account_id == account.id, Entry.account_version.is_not(None))


def account_out(account: Account) -> dict[str, Any]:
    """The account as clients see it (`schemas.AccountOut`)."""
    credit = account.kind is AccountKind.CREDIT
    return {
        "id": account.id,
        "kind": account.kind,
        "supplier_id": account.supplier_id,
        "distributor_id": account.owner_id,
        "currency": account.unit,
        "balance_amount": account.posted,
        "frozen_amount": account.frozen,
        "available_amount": account.credit_limit + account.posted - account.frozen,
        "credit_limit_amount": account.credit_limit if credit else None,
        "owed_amount": max(-account.posted, 0) if credit else None,
        "status": account.status,
        "valid_from": account.valid_from,
        "valid_to": account.valid_to,
        "created_at": account.created_at,
        "version": account.version,
        "entry_count": account.entry_count,
    }


def entry_out(entry: Entry) -> dict[str, Any]:
    """A line of the statement as clients see it (`schemas.EntryOut`)."""
    return {
        "id": entry.transfer_id,
        "kind": entry.kind,
        "amount": entry.amount,
        "frozen_amount": entry.frozen_delta,
        "available_after": entry.available_after,
        "balance_after": entry.balance_after,
        "reference": entry.reference_id,
        "created_at": entry.created_at,
    }
