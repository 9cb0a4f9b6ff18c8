"""My own profile. Another phone number or e-mail address needs a code, which proves it, and the password, which proves me."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.errors import DomainError
from distro_api.core.http import check_if_match
from distro_api.identity import queries
from distro_api.identity.errors import InvalidCode, WrongOldPassword
from distro_api.identity.models import CodePurpose, User
from distro_api.identity.service import audit, codes, lockout, passwords, sessions
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.codes import CodeDesk, Subject
from distro_api.identity.service.organizations import flush_unique
from distro_api.identity.service.sessions import Issuer


async def update_me(session: AsyncSession, caller: Caller, sent: Mapping[str, Any], *, if_match: str | None) -> User:
    """Change what of the caller needs no proof: displayed name, language.

    Raises:
        PreconditionFailed
    """
    user = (await session.scalars(select(User).where(User.id == caller.user_id).with_for_update(key_share=True))).one()
    check_if_match(if_match, user.version)
    for name in sorted(sent):
        setattr(user, name, sent[name])
    if sent:
        audit.record(session, caller.actor, "identity.update_user", "user", user.id)
    await session.flush()
    return user


class Contact(StrEnum):
    PHONE = "phone"
    EMAIL = "email"


def subject_of(caller: Caller, target: str) -> Subject:
    """What a code for a new contact is bound to: nobody else can use it."""
    return Subject(CodePurpose.NEW_CONTACT, target, str(caller.user_id))


async def change(
    transactions: async_sessionmaker[AsyncSession],
    issuer: Issuer,
    desk: CodeDesk,
    caller: Caller,
    contact: Contact,
    *,
    target: str,
    code: str,
    password: str,
) -> DomainError | None:
    """Make `target` (in its normal form) the caller's number or address; the old one is told.

    Refusals: WrongOldPassword (counted, AccountLocked in the end), InvalidCode.

    Raises:
        PhoneTaken, EmailTaken: told only to whom has proved it.
    """
    counter = lockout.of_password(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions() as session:
        if locked := await lockout.lock_of(session, counter):
            return locked
        seen, _ = await queries.me(session, caller)
    right = await passwords.verify(password, seen.password_hash)
    async with transactions.begin() as session:
        if locked := await lockout.lock_of(session, counter, for_update=True):
            return locked
        if not right:
            await lockout.count_failure(session, counter)
            return WrongOldPassword()
        await lockout.forget(session, counter)
        proof = await codes.check(session, desk, subject_of(caller, target), code)
    if proof is None:
        return InvalidCode()
    async with transactions.begin() as session:
        if not await codes.use(session, proof):
            return InvalidCode()
        mine = await sessions.lock_user(session, seen)
        if mine is None:
            return WrongOldPassword()
        await _set(session, desk, caller, mine[0], contact, target)
    return None


async def _set(
    session: AsyncSession, desk: CodeDesk, caller: Caller, user: User, contact: Contact, target: str
) -> None:
    old = getattr(user, contact)
    if old == target:
        return
    tell = old or user.reach
    setattr(user, contact, target)
    await flush_unique(session, user)
    audit.record(session, caller.actor, "identity.change_contact", "user", user.id, contact=contact)
    if tell is not None:
        told = {"username": user.username, "contact": masked(target)}
        await desk.messages.send(session, to=tell, template="contact_changed", params=told, language=user.language)
    await session.flush()


def masked(contact: str) -> str:
    """Enough of a number or address to know it again."""
    name, at, domain = contact.partition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{contact[:-8]}****{contact[-4:]}" if len(contact) > 8 else "****"
