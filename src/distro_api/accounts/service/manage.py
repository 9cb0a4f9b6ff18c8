"""Opening, enabling, suspending and limiting accounts."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts import queries
from distro_api.accounts.errors import AccountExists, LimitNotForPrepaid
from distro_api.accounts.events import AccountOpened
from distro_api.accounts.models import Account, AccountKind, AccountStatus
from distro_api.accounts.schemas import EditAccount, OpenAccount
from distro_api.accounts.service.ledger import floor_of, open_contra_accounts
from distro_api.accounts.states import AccountAction, account_after
from distro_api.core import outbox
from distro_api.core.db import raw
from distro_api.core.errors import NotFoundHere, ValidationFailed
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.relations.queries import relation_status

CURRENCY = "CNY"


async def open_account(session: AsyncSession, principal: Principal, command: OpenAccount) -> Account:
    """Open a distributor's account in the calling supplier's book; it may be used at once.

    Raises:
        NotFoundHere: the distributor is no partner.
        AccountExists
    """
    supplier_id = principal.organization_id
    if await relation_status(session, supplier_id, command.distributor_id) is None:
        raise NotFoundHere
    await open_contra_accounts(await raw(session), supplier_id)
    kind, limit = AccountKind(command.kind), command.credit_limit_amount or 0
    account = Account(
        supplier_id=supplier_id,
        owner_id=command.distributor_id,
        kind=kind,
        unit=CURRENCY,
        status=AccountStatus.ACTIVE,
        credit_limit=limit,
        limit_floor=floor_of(kind, limit),
        valid_from=command.valid_from,
        valid_to=command.valid_to,
    )
    session.add(account)
    try:
        await session.flush()
    except IntegrityError as error:
        raise AccountExists(kind=command.kind) from error
    audit.record(session, principal.actor, "accounts.open", "account", account.id, kind=kind.value, limit=limit)
    opened = AccountOpened(
        supplier_id=supplier_id, distributor_id=account.owner_id, account_id=account.id, kind=kind.value
    )
    outbox.publish(session, opened)
    return account


async def edit_account(
    session: AsyncSession, principal: Principal, account_id: UUID, command: EditAccount, if_match: str | None
) -> Account:
    """Change limit and validity. A limit below what is owed stops new orders; what is frozen stays good.

    Raises:
        NotFoundHere, PreconditionFailed, LimitNotForPrepaid
        ValidationFailed: valid_to would be before valid_from.
    """
    account = await queries.get_account(session, principal, account_id, lock=True)
    check_if_match(if_match, account.version)
    changed = command.sent()
    if "credit_limit_amount" in changed:
        if account.kind is AccountKind.PREPAID:
            raise LimitNotForPrepaid
        account.credit_limit = changed["credit_limit_amount"]
        account.limit_floor = floor_of(account.kind, account.credit_limit, account.posted, account.frozen)
    for name in ("valid_from", "valid_to"):
        if name in changed:
            setattr(account, name, changed[name])
    if account.valid_from and account.valid_to and account.valid_to < account.valid_from:
        message = "valid_to 早于 valid_from / valid_to is before valid_from"
        raise ValidationFailed(errors=[{"loc": ["body", "valid_to"], "code": "value_error", "message": message}])
    audit.record(session, principal.actor, "accounts.edit", "account", account.id)
    await session.flush()
    return account


async def change_status(
    session: AsyncSession, principal: Principal, account_id: UUID, action: AccountAction, if_match: str | None = None
) -> Account:
    """Enable or suspend; a suspended account pays for nothing new, refunds still reach it.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    account = await queries.get_account(session, principal, account_id, lock=True)
    check_if_match(if_match, account.version)
    account.status = account_after(account.status, action)
    audit.record(session, principal.actor, f"accounts.{action.value}", "account", account.id)
    await session.flush()
    return account
