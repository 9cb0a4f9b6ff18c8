"""Changing one's own password.

As at sign-in, hashing is done between two short transactions and refusals are returned, not raised.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import outbox
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import WeakPassword, WrongOldPassword
from distro_api.identity.events import PasswordChanged
from distro_api.identity.models import EndedBy
from distro_api.identity.service import audit, lockout, passwords, sessions
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.sessions import Issuer, Origin, TokenPair


async def change_password(
    transactions: async_sessionmaker[AsyncSession],
    issuer: Issuer,
    origin: Origin,
    caller: Caller,
    *,
    old_password: str,
    new_password: str,
) -> TokenPair | DomainError:
    """Set a new password: every session ends, and a new one starts for the caller on the same device.

    Refusals: WrongOldPassword (counted, AccountLocked in the end), WeakPassword.
    """
    counter = lockout.of_password(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions() as session:
        if locked := await lockout.lock_of(session, counter):
            return locked
        user, _ = await queries.me(session, caller)
    right = await passwords.verify(old_password, user.password_hash)
    new_hash = ""
    if right:
        try:
            passwords.refuse_weak(new_password, user.username, user.phone, user.email, old=old_password)
        except WeakPassword as weak:
            return weak
        new_hash = await passwords.hash_password(new_password)
    async with transactions.begin() as session:
        if locked := await lockout.lock_of(session, counter, for_update=True):
            return locked
        mine = await sessions.lock_user(session, user) if right else None
        if mine is None:
            await lockout.count_failure(session, counter)
            return WrongOldPassword()
        await lockout.forget(session, counter)
        user, organization = mine
        user.password_hash, user.password_change_required = new_hash, False
        audit.record(session, caller.actor, "identity.change_password", "user", user.id)
        outbox.publish(session, PasswordChanged(supplier_id=None, distributor_id=None, user_id=user.id))
        before = await queries.session_of(session, caller)
        await sessions.end_of_user(session, issuer.revocations, user.id, EndedBy.PASSWORD_CHANGE, caller.actor)
        here = replace(origin, device_name=before.device_name)
        return await sessions.start(
            session, issuer, user, organization, here, before.scope, second_factor=before.second_factor
        )
