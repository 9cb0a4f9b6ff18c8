"""A forgotten password: a code to the account's phone or mail box, and a new password for it.

Neither step tells whether the account exists, by its answer or by its time: both do the same work for a name that
nobody has.
"""

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import outbox
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import InvalidCode, WeakPassword
from distro_api.identity.events import PasswordChanged
from distro_api.identity.models import CodePurpose, EndedBy, UserStatus
from distro_api.identity.service import audit, codes, lockout, passwords, sessions
from distro_api.identity.service.accounts import normal_account
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.codes import CodeDesk, Subject
from distro_api.identity.service.sessions import Issuer, Origin


async def forgot(session: AsyncSession, desk: CodeDesk, origin: Origin, account: str) -> None:
    """Send a code to whoever signs in as `account`; nothing is sent, and nothing is said, when that was asked too often."""
    subject = Subject(CodePurpose.PASSWORD_RESET, normal_account(account))
    await codes.ask_for_account(session, desk, subject, address=origin.address)


async def reset(
    transactions: async_sessionmaker[AsyncSession],
    issuer: Issuer,
    desk: CodeDesk,
    origin: Origin,
    *,
    account: str,
    code: str,
    new_password: str,
) -> DomainError | None:
    """Set a new password by a code: every session ends, every lock is lifted, and the person is told.

    Refusals: WeakPassword, InvalidCode.
    """
    name = normal_account(account)
    try:
        passwords.refuse_weak(new_password, name)
    except WeakPassword as weak:
        return weak
    async with transactions.begin() as session:
        proof = await codes.check(session, desk, Subject(CodePurpose.PASSWORD_RESET, name), code)
        seen = await queries.user_of_account(session, name)
    if proof is None or seen is None:
        return InvalidCode()
    try:
        passwords.refuse_weak(new_password, seen.username, seen.phone, seen.email)
    except WeakPassword as weak:
        return weak
    new_hash = await passwords.hash_password(new_password)
    async with transactions.begin() as session:
        locked = await sessions.lock_user(session, seen)
        if locked is None or locked[0].status is not UserStatus.ACTIVE or not await codes.use(session, proof):
            return InvalidCode()
        user, organization = locked
        user.password_hash, user.password_change_required = new_hash, False
        actor = Actor(organization.id, user.id, origin.request_id, origin.address)
        audit.record(session, actor, "identity.reset_password", "user", user.id)
        outbox.publish(session, PasswordChanged(supplier_id=None, distributor_id=None, user_id=user.id))
        await sessions.end_of_user(session, issuer.revocations, user.id, EndedBy.PASSWORD_CHANGE, actor)
        for known_as in filter(None, (user.username, user.phone, user.email)):
            await lockout.forget(session, lockout.of_account(issuer.root_key, issuer.parameters, known_as))
    return None
