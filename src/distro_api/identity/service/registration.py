"""Opening an organization oneself: phone and mail box proved by codes, then the platform's review.

Until it is approved its owner can sign in to nothing: with the right password he is told how the application stands.
After a rejection the same person applies again, as for the first time; the rejected application stays on record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import InvalidCode, WeakPassword
from distro_api.identity.models import CodePurpose, Kind, Language, Organization, OrganizationStatus, User, UserStatus
from distro_api.identity.service import audit, codes, organizations, passwords, profiles
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.codes import CodeDesk, Proof, Subject
from distro_api.identity.service.organizations import NewUser
from distro_api.identity.service.sessions import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What somebody applies with; phone and e-mail in their normal forms."""

    kind: Literal[Kind.SUPPLIER, Kind.DISTRIBUTOR]
    name: str
    username: str
    password: str
    person: str | None
    phone: str
    phone_code: str
    email: str
    email_code: str
    language: Language
    profile: Mapping[str, Any]
    """What the organization is registered with, as it was sent."""


def subject_of(target: str) -> Subject:
    """What a code for registering is bound to."""
    return Subject(CodePurpose.REGISTRATION, target)


async def register(
    transactions: async_sessionmaker[AsyncSession], desk: CodeDesk, origin: Origin, application: Application
) -> Organization | DomainError:
    """A pending organization with its owner, who has proved both phone and mail box.

    Refusals: WeakPassword, InvalidCode.

    Raises:
        InvalidCreditCode, UnknownRegion, InvalidPhone
        UsernameTaken, PhoneTaken, EmailTaken, CreditCodeTaken: told only to whom has proved phone and mail box; the codes
            stay good meanwhile.
    """
    profile = profiles.stored(profiles.bank_box(desk.root_key), application.profile)
    try:
        passwords.refuse_weak(application.password, application.username, application.phone, application.email)
    except WeakPassword as weak:
        return weak
    async with transactions.begin() as session:
        by_phone = await codes.check(session, desk, subject_of(application.phone), application.phone_code)
    async with transactions.begin() as session:  # another one: nobody holds two codes in this order
        by_email = await codes.check(session, desk, subject_of(application.email), application.email_code)
    if by_phone is None or by_email is None:
        proofs = {"phone_code": by_phone, "email_code": by_email}
        return InvalidCode(wrong=[name for name, proof in proofs.items() if proof is None])
    password_hash = await passwords.hash_password(application.password)
    try:
        async with transactions.begin() as session:
            return await _open(session, origin, application, profile, password_hash, (by_phone, by_email))
    except InvalidCode as used:
        return used


async def _open(
    session: AsyncSession,
    origin: Origin,
    application: Application,
    profile: Mapping[str, Any],
    password_hash: str,
    proofs: Iterable[Proof],
) -> Organization:
    for proof in sorted(proofs, key=lambda proof: proof.subject_hash):
        if not await codes.use(session, proof):
            raise InvalidCode
    for rejected in await queries.rejected_applicants(session, application.phone, application.email):
        await _make_way(session, rejected, origin)
    owner = NewUser(
        username=application.username,
        password=application.password,
        name=application.person,
        phone=application.phone,
        email=application.email,
        language=application.language,
    )
    made, user = await organizations.create_organization(
        session,
        Actor(None, None, origin.request_id, origin.address),
        kind=application.kind,
        name=application.name,
        owner=owner,
        status=OrganizationStatus.PENDING,
        password_hash=password_hash,
    )
    await profiles.write(session, made, profile)
    actor = Actor(made.id, user.id, origin.request_id, origin.address)
    audit.record(session, actor, "identity.apply", "organization", made.id, kind=application.kind)
    await session.flush()
    return made


async def _make_way(session: AsyncSession, user: User, origin: Origin) -> None:
    """The names of a rejected applicant are free for the new application."""
    user.username, user.phone, user.email = f"deleted-{user.id.hex}", None, None
    user.status = UserStatus.DELETED
    actor = Actor(user.organization_id, user.id, origin.request_id, origin.address)
    audit.record(session, actor, "identity.delete_user", "user", user.id, because="applied again")
    await session.flush()
