"""How organizations find each other without a directory: a code to hand on, and whether it alone makes a partner."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.codes import check_character, checks, new_body
from distro_api.core.http import check_if_match
from distro_api.identity import queries
from distro_api.identity.models import Organization, PartnerPolicy
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Caller

LENGTH = 7


def normal_code(typed: str) -> str | None:
    """The code as stored (`K7QM-3XVA`), whatever case, dashes and spaces it was typed with; None: mistyped."""
    code = typed.upper().translate(_WITHOUT)
    return _shown(code) if len(code) == LENGTH + 1 and checks(code) else None


def new_code() -> str:
    """Seven random characters (35 bits less a little) and a check character."""
    body = new_body(LENGTH)
    return _shown(body + check_character(body))


async def unused_code(session: AsyncSession) -> str:
    """A code that nobody has."""
    while True:
        code = new_code()
        if not await session.scalar(select(exists().where(Organization.partner_code == code))):
            return code


async def renew_code(session: AsyncSession, caller: Caller, if_match: str | None) -> Organization:
    """Another code for the caller's organization; the old one finds nobody from now on, what it brought about stays.

    Raises:
        PreconditionFailed
    """
    mine = await _mine(session, caller, if_match)
    mine.partner_code = await unused_code(session)
    audit.record(session, caller.actor, "identity.renew_partner_code", "organization", mine.id)
    await session.flush()
    return mine


async def set_policy(
    session: AsyncSession, caller: Caller, policy: PartnerPolicy, if_match: str | None
) -> Organization:
    """Whether others become partners at once or after the caller's organization has accepted.

    Raises:
        PreconditionFailed
    """
    mine = await _mine(session, caller, if_match)
    if mine.partner_policy is not policy:
        mine.partner_policy = policy
        audit.record(
            session, caller.actor, "identity.set_partner_policy", "organization", mine.id, partner_policy=policy
        )
        await session.flush()
    return mine


_WITHOUT = str.maketrans("", "", "- ")


def _shown(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


async def _mine(session: AsyncSession, caller: Caller, if_match: str | None) -> Organization:
    mine = await queries.organization(session, caller, caller.organization_id, for_update=True)
    check_if_match(if_match, mine.version)
    return mine
