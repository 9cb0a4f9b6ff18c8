"""Proving once more who one is, before what a thief of an access token would do first."""

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import SecondFactorRefused, WrongPassword
from distro_api.identity.service import authenticator, lockout, passwords, sessions
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.sessions import Issuer


async def demand(
    transactions: async_sessionmaker[AsyncSession], issuer: Issuer, caller: Caller, *, password: str, otp: str | None
) -> None:
    """Ask for the login password, and for a code of the authenticator if the caller has one.

    What failed is counted and stays counted: nothing of the caller's own transaction is involved.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked
    """
    counter = lockout.of_password(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions() as session:
        refusal: DomainError | None = await lockout.lock_of(session, counter)
        user, _ = await queries.me(session, caller)
    if refusal is not None:
        raise refusal
    right = await passwords.verify(password, user.password_hash)
    async with transactions.begin() as session:
        refusal = await lockout.lock_of(session, counter, for_update=True)
        if refusal is None and (not right or await sessions.lock_user(session, user) is None):
            await lockout.count_failure(session, counter)
            refusal = WrongPassword()
        if refusal is None:
            await lockout.forget(session, counter)
            if await queries.has_second_factor(session, caller.user_id):
                refusal = await authenticator.judge(
                    session, issuer, caller.actor, caller.user_id, otp or "", wrong=SecondFactorRefused
                )
    if refusal is not None:
        raise refusal
