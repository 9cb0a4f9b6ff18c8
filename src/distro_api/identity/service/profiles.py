"""Registration data of organizations: told when registering, later changed by a request that the platform approves.

Values are handled as stored: contacts in their normal form, a bank account sealed. `shown` makes of them what people see.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import box
from distro_api.core.errors import NotFoundHere, StateConflict
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity import queries
from distro_api.identity.errors import (
    ChangePending,
    CreditCodeTaken,
    InvalidCreditCode,
    NothingToChange,
    UnknownRegion,
)
from distro_api.identity.models import (
    ChangeStatus,
    Organization,
    OrganizationChange,
    OrganizationProfile,
    OrganizationStatus,
    User,
)
from distro_api.identity.service import audit, credit_codes, divisions
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.organizations import HOUSE_SUFFIX
from distro_api.identity.states import CHANGE_TRANSITIONS, ChangeAction

OF_ORGANIZATION = ("name", "credit_code")
OF_PROFILE = ("region_code", "address", "contacts", "bank_account")


def bank_box(root_key: bytes) -> Fernet:
    """What bank accounts are sealed in."""
    return box(root_key, "bank-account")


def stored(seal: Fernet, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent (plain JSON), as it is kept.

    Raises:
        InvalidCreditCode, UnknownRegion, InvalidPhone
    """
    kept = dict(given)
    if (code := kept.get("credit_code")) is not None and not credit_codes.checks(code):
        raise InvalidCreditCode
    if (region := kept.get("region_code")) is not None and not divisions.is_place(region):
        raise UnknownRegion(region_code=region)
    if (contacts := kept.get("contacts")) is not None:
        kept["contacts"] = [contact | {"phone": normal_phone(contact["phone"])} for contact in contacts]
    if (account := kept.get("bank_account")) is not None:
        kept["bank_account"] = seal.encrypt(json.dumps(account, sort_keys=True).encode()).decode()
    return kept


def shown(seal: Fernet, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, as people see it: the division by name, the bank account masked."""
    told = dict(kept)
    if "region_code" in told:
        found = divisions.division(told["region_code"]) if told["region_code"] else None
        code = told.pop("region_code")
        told["region"] = None if found is None else {"code": code, "name": found.full_name}
    if told.get("bank_account") is not None:
        account = _opened(seal, told["bank_account"])
        told["bank_account"] = account | {"account_number": "****" + account["account_number"][-4:]}
    return told


async def values_of(session: AsyncSession, organization: Organization) -> dict[str, Any]:
    """Everything that is kept of an organization."""
    profile = await queries.profile_of(session, organization.id)
    empty: dict[str, Any] = {"contacts": []}
    kept = {name: getattr(profile, name) if profile else empty.get(name) for name in OF_PROFILE}
    return {name: getattr(organization, name) for name in OF_ORGANIZATION} | kept


async def write(session: AsyncSession, organization: Organization, values: Mapping[str, Any]) -> None:
    """Make `values` (as kept) the organization's; its house distributor is called after it.

    Raises:
        CreditCodeTaken
    """
    profile = await queries.profile_of(session, organization.id)
    if profile is None and values.keys() & set(OF_PROFILE):
        profile = OrganizationProfile(id=organization.id, contacts=[])
        session.add(profile)
    for name, value in values.items():
        setattr(organization if name in OF_ORGANIZATION else profile, name, value)
    if "name" in values and (house := await queries.house_of(session, organization.id)) is not None:
        house.name = organization.name + HOUSE_SUFFIX
    try:
        async with session.begin_nested():
            await session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_organizations_credit_code":
            raise
        raise CreditCodeTaken from error


async def request_change(
    session: AsyncSession,
    root_key: bytes,
    caller: Caller,
    organization_id: UUID,
    *,
    given: Mapping[str, Any],
    note: str | None,
) -> OrganizationChange:
    """Ask the platform to change what was told; what is in force stays until it approves.

    Raises:
        NotFoundHere: not the caller's organization.
        InvalidCreditCode, UnknownRegion, InvalidPhone, NothingToChange, CreditCodeTaken, ChangePending
    """
    if organization_id != caller.organization_id:
        raise NotFoundHere
    organization = await queries.organization(session, caller, organization_id, for_update=True)
    seal = bank_box(root_key)
    now, wanted = await values_of(session, organization), stored(seal, given)
    after = {name: value for name, value in wanted.items() if not _same(seal, name, value, now[name])}
    if not after:
        raise NothingToChange
    if code := after.get("credit_code"):
        await _refuse_taken(session, code, organization_id)
    if (pending := await queries.pending_change(session, organization_id)) is not None:
        raise ChangePending(change_id=pending.id)
    asked = OrganizationChange(
        id=clock.new_id(),
        organization_id=organization_id,
        status=ChangeStatus.PENDING,
        before={name: now[name] for name in after},
        after=after,
        note=note,
        requested_by=caller.user_id,
    )
    session.add(asked)
    audit.record(
        session, caller.actor, "identity.request_change", "organization_change", asked.id, fields=sorted(after)
    )
    await session.flush()
    return asked


async def approve(
    session: AsyncSession, messages: Messages, caller: Caller, change_id: UUID, *, if_match: str | None
) -> OrganizationChange:
    """Put a change into force; who asked for it is told.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not pending.
        CreditCodeTaken: by another organization since it was asked for.
    """
    asked, organization = await _end(session, caller, change_id, ChangeAction.APPROVE, if_match)
    await write(session, organization, asked.after)
    await _tell(session, messages, asked, "change_approved", {"name": organization.name})
    return asked


async def reject(
    session: AsyncSession, messages: Messages, caller: Caller, change_id: UUID, *, reason: str, if_match: str | None
) -> OrganizationChange:
    """Turn a change down; who asked for it is told why.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not pending.
    """
    asked, organization = await _end(session, caller, change_id, ChangeAction.REJECT, if_match, reason)
    await _tell(session, messages, asked, "change_rejected", {"name": organization.name, "reason": reason})
    return asked


async def withdraw(
    session: AsyncSession, caller: Caller, change_id: UUID, *, if_match: str | None
) -> OrganizationChange:
    """Take one's own request back.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not pending.
    """
    asked, _ = await _end(session, caller, change_id, ChangeAction.WITHDRAW, if_match)
    return asked


async def _end(
    session: AsyncSession,
    caller: Caller,
    change_id: UUID,
    action: ChangeAction,
    if_match: str | None,
    reason: str | None = None,
) -> tuple[OrganizationChange, Organization]:
    """The only writer of a request's status. The organization is locked first, as everywhere."""
    seen = await queries.organization_change(session, caller, change_id)
    organization = await queries.organization(session, caller, seen.organization_id, for_update=True)
    await session.refresh(seen, with_for_update=True)
    check_if_match(if_match, seen.version)
    if (target := CHANGE_TRANSITIONS.get((seen.status, action))) is None:
        raise StateConflict(state=seen.status, action=action)
    seen.status, seen.reason, seen.ended_at = target, reason, clock.now()
    seen.reviewed_by = None if action is ChangeAction.WITHDRAW else caller.user_id
    audit.record(session, caller.actor, f"identity.{action}_change", "organization_change", seen.id)
    await session.flush()
    return seen, organization


async def _refuse_taken(session: AsyncSession, code: str, organization_id: UUID) -> None:
    others = select(Organization.id).where(
        Organization.credit_code == code,
        Organization.id != organization_id,
        Organization.status != OrganizationStatus.REJECTED,
    )
    if await session.scalar(others.limit(1)) is not None:
        raise CreditCodeTaken


async def _tell(
    session: AsyncSession, messages: Messages, asked: OrganizationChange, template: str, params: Mapping[str, str]
) -> None:
    user = await session.get(User, asked.requested_by)
    if user is not None and (to := user.reach) is not None:
        await messages.send(session, to=to, template=template, params=params, language=user.language)
    await session.flush()


def _same(seal: Fernet, name: str, one: Any, other: Any) -> bool:
    """Whether two kept values say the same: a sealed one is another text each time."""
    if name == "bank_account" and one is not None and other is not None:
        return _opened(seal, one) == _opened(seal, other)
    return bool(one == other)


def _opened(seal: Fernet, sealed: str) -> dict[str, str]:
    account: dict[str, str] = json.loads(seal.decrypt(sealed.encode()))
    return account
