"""Accounts, statements and recharges over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from distro_api.accounts import queries, service
from distro_api.accounts.errors import AccountExists, LimitNotForPrepaid, RelationStopped, WrongAccountKind
from distro_api.accounts.models import Account, AccountStatus, Entry, Recharge, RechargeStatus
from distro_api.accounts.schemas import (
    AccountOut,
    EditAccount,
    EntryOut,
    OpenAccount,
    PayIn,
    RechargeOut,
    RejectRecharge,
)
from distro_api.accounts.states import AccountAction
from distro_api.core.db import Read, Tx
from distro_api.core.errors import (
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    NotFoundHere,
    NotSupportedYet,
    PreconditionFailed,
    StateConflict,
    ValidationFailed,
)
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, KeyRequired
from distro_api.core.pagination import Page, Paging, page
from distro_api.core.schemas import Instant
from distro_api.identity.principal import Principal, Require

router = APIRouter(prefix=f"{API}/accounts", tags=["accounts"], route_class=IdempotentRoute)
recharges = APIRouter(prefix=f"{API}/recharges", tags=["accounts"], route_class=IdempotentRoute)

Reader = Annotated[Principal, Require("accounts:read")]
Manager = Annotated[Principal, Require("accounts:manage")]
Requester = Annotated[Principal, Require("recharges:request")]
Approver = Annotated[Principal, Require("recharges:approve")]
Sort = Annotated[Literal["created_at", "-created_at"], Query()]
KEYED = (IdempotencyKeyRequired, IdempotencyKeyReused)


@router.post(
    "",
    response_model=AccountOut,
    status_code=201,
    responses=problems(NotFoundHere, AccountExists),
    openapi_extra=capability("Y1"),
)
async def open_account(command: OpenAccount, principal: Manager, session: Tx, response: Response) -> dict[str, Any]:
    """Open a prepaid or credit account for a distributor; it may be used at once."""
    account = await service.open_account(session, principal, command)
    response.headers["Location"] = f"/api/v1/accounts/{account.id}"
    return _shown(account, response)


@router.get("", response_model=Page[AccountOut], openapi_extra=capability("Y1"))
async def list_accounts(
    principal: Reader,
    session: Read,
    paging: Paging,
    supplier_id: UUID | None = None,
    distributor_id: UUID | None = None,
    kind: Literal["prepaid", "credit"] | None = None,
    status: AccountStatus | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Accounts in your book, or your own."""
    query = queries.visible_accounts(principal)
    wanted = {"supplier_id": supplier_id, "owner_id": distributor_id, "kind": kind, "status": status}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(Account, name) == value)
    sorts = {"created_at": Account.created_at}
    found, cursor, total = await page(session, query, paging, sorts=sorts, sort=sort, tie=Account.id)
    return {"items": [queries.account_out(account) for account in found], "next_cursor": cursor, "total": total}


@router.get(
    "/{account_id}", response_model=AccountOut, responses=problems(NotFoundHere), openapi_extra=capability("Y1")
)
async def get_account(account_id: UUID, principal: Reader, session: Read, response: Response) -> dict[str, Any]:
    """Balance, frozen and available amount, limit and validity."""
    return _shown(await queries.get_account(session, principal, account_id), response)


@router.patch(
    "/{account_id}",
    response_model=AccountOut,
    responses=problems(NotFoundHere, PreconditionFailed, LimitNotForPrepaid, ValidationFailed),
    openapi_extra=capability("Y1"),
)
async def edit_account(
    account_id: UUID,
    command: EditAccount,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change credit limit and validity."""
    return _shown(await service.edit_account(session, principal, account_id, command, if_match), response)


@router.post(
    "/{account_id}/enable",
    response_model=AccountOut,
    responses=problems(NotFoundHere, StateConflict),
    openapi_extra=capability("Y1"),
)
async def enable_account(
    account_id: UUID, principal: Manager, session: Tx, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    """Let the account pay again."""
    account = await service.change_status(session, principal, account_id, AccountAction.ENABLE, if_match)
    return _shown(account, response)


@router.post(
    "/{account_id}/suspend",
    response_model=AccountOut,
    responses=problems(NotFoundHere, StateConflict),
    openapi_extra=capability("Y1"),
)
async def suspend_account(
    account_id: UUID, principal: Manager, session: Tx, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    """Stop the account from paying for anything new; refunds still reach it."""
    account = await service.change_status(session, principal, account_id, AccountAction.SUSPEND, if_match)
    return _shown(account, response)


@router.get(
    "/{account_id}/entries",
    response_model=Page[EntryOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("Y4", "Y11"),
)
async def list_entries(
    account_id: UUID,
    principal: Reader,
    session: Read,
    paging: Paging,
    kind: Annotated[str | None, Query(max_length=40, examples=["order_payment"])] = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """The statement: every entry with the balance after it."""
    query = queries.statement(await queries.get_account(session, principal, account_id))
    if kind is not None:
        query = query.where(Entry.kind == kind)
    if created_from is not None:
        query = query.where(Entry.created_at >= created_from)
    if created_to is not None:
        query = query.where(Entry.created_at < created_to)
    sorts = {"created_at": Entry.account_version}  # the account's own order, in which balances follow each other
    found, cursor, total = await page(session, query, paging, sorts=sorts, sort=sort, tie=Entry.transfer_id)
    return {"items": [queries.entry_out(entry) for entry in found], "next_cursor": cursor, "total": total}


PAY_IN = problems(NotFoundHere, WrongAccountKind, RelationStopped, NotSupportedYet, *KEYED)


@router.post(
    "/{account_id}/recharges",
    response_model=RechargeOut,
    status_code=201,
    responses=PAY_IN,
    openapi_extra=capability("Y2"),
)
async def request_recharge(
    account_id: UUID, command: PayIn, principal: Requester, _: KeyRequired, session: Tx, response: Response
) -> Recharge:
    """Record money paid into a prepaid account outside the platform; the supplier approves it."""
    recharge = await service.request_recharge(session, principal, account_id, command, kind="recharge")
    response.headers["Location"] = f"/api/v1/recharges/{recharge.id}"
    return _shown_recharge(recharge, response)


@router.post(
    "/{account_id}/repayments",
    response_model=RechargeOut,
    status_code=201,
    responses=PAY_IN,
    openapi_extra=capability("Y2"),
)
async def request_repayment(
    account_id: UUID, command: PayIn, principal: Requester, _: KeyRequired, session: Tx, response: Response
) -> Recharge:
    """Record money paid back on a credit account outside the platform; the supplier approves it."""
    recharge = await service.request_recharge(session, principal, account_id, command, kind="repayment")
    response.headers["Location"] = f"/api/v1/recharges/{recharge.id}"
    return _shown_recharge(recharge, response)


@recharges.get("", response_model=Page[RechargeOut], openapi_extra=capability("Y2"))
async def list_recharges(
    principal: Reader,
    session: Read,
    paging: Paging,
    account_id: UUID | None = None,
    status: RechargeStatus | None = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Recharges and repayments of your accounts."""
    query = queries.visible_recharges(principal)
    for name, value in (("account_id", account_id), ("status", status)):
        if value is not None:
            query = query.where(getattr(Recharge, name) == value)
    if created_from is not None:
        query = query.where(Recharge.created_at >= created_from)
    if created_to is not None:
        query = query.where(Recharge.created_at < created_to)
    sorts = {"created_at": Recharge.created_at}
    items, cursor, total = await page(session, query, paging, sorts=sorts, sort=sort, tie=Recharge.id)
    return {"items": items, "next_cursor": cursor, "total": total}


@recharges.get(
    "/{recharge_id}", response_model=RechargeOut, responses=problems(NotFoundHere), openapi_extra=capability("Y2")
)
async def get_recharge(recharge_id: UUID, principal: Reader, session: Read, response: Response) -> Recharge:
    """One recharge or repayment."""
    return _shown_recharge(await queries.get_recharge(session, principal, recharge_id), response)


@recharges.post(
    "/{recharge_id}/approve",
    response_model=RechargeOut,
    responses=problems(NotFoundHere, StateConflict, *KEYED),
    openapi_extra=capability("Y2", "Y11"),
)
async def approve_recharge(
    recharge_id: UUID,
    principal: Approver,
    _: KeyRequired,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Recharge:
    """The money has arrived: it is on the account at once."""
    return _shown_recharge(await service.approve_recharge(session, principal, recharge_id, if_match), response)


@recharges.post(
    "/{recharge_id}/reject",
    response_model=RechargeOut,
    responses=problems(NotFoundHere, StateConflict),
    openapi_extra=capability("Y2"),
)
async def reject_recharge(
    recharge_id: UUID,
    command: RejectRecharge,
    principal: Approver,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Recharge:
    """The money has not arrived: say why."""
    rejected = await service.reject_recharge(session, principal, recharge_id, command.reason, if_match)
    return _shown_recharge(rejected, response)


def _shown(account: Account, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag(account.version, account.entry_count)
    return queries.account_out(account)


def _shown_recharge(recharge: Recharge, response: Response) -> Recharge:
    response.headers["ETag"] = etag(recharge.version)
    return recharge
