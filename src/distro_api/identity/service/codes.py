"""Confirmation codes: six digits, sent to a phone or a mail box, good once, for one purpose and one target.

What is stored are keyed hashes. Of many attempts in parallel no more than are allowed learn anything, because each is
counted before it is judged, in a transaction that stays.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.identity.errors import CodesAskedTooOften
from distro_api.identity.models import CodePurpose, CodeQuota, ConfirmationCode
from distro_api.identity.service.lockout import network_of
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.parameters import Parameters, catalogue

DIGITS = 6
PER_TARGET = timedelta(hours=24)
PER_ADDRESS = timedelta(hours=1)
TEMPLATES: Mapping[CodePurpose, str] = {
    CodePurpose.PASSWORD_RESET: "code_password_reset",
    CodePurpose.REGISTRATION: "code_registration",
    CodePurpose.NEW_CONTACT: "code_new_contact",
    CodePurpose.PAYMENT_PASSWORD: "code_payment_password",
}
"""Each takes `code` and `minutes`."""


@dataclass(frozen=True, slots=True)
class CodeDesk:
    """What asking and checking need of this process."""

    root_key: bytes
    parameters: Parameters
    messages: Messages

    @property
    def life(self) -> timedelta:
        return timedelta(seconds=self.parameters.get(catalogue.CODE_LIFE_S))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a code is bound to: the purpose, the target (a number or address in its normal form, or the name that was
    typed to sign in), and the person who asks, if it is known."""

    purpose: CodePurpose
    target: str
    person: str = ""

    def hash(self, root_key: bytes) -> bytes:
        return keyed_hash(root_key, "code-subject", f"{self.purpose}\n{self.person}\n{self.target}")


@dataclass(frozen=True, slots=True)
class Proof:
    """A code that was right a moment ago; `use` makes sure that it serves once."""

    subject_hash: bytes
    code_hash: bytes


async def ask(
    session: AsyncSession, desk: CodeDesk, subject: Subject, *, address: str, language: str = "zh"
) -> CodesAskedTooOften | None:
    """Send a code to the target itself; the refusal if too many were asked for."""
    if refusal := await _count(session, desk, subject.target, address):
        return refusal
    params = await _renew(session, desk, subject)
    template = TEMPLATES[subject.purpose]
    await desk.messages.send(
        session, to=subject.target, template=template, params=params, language=language, lasts=desk.life
    )
    return None


async def ask_for_account(
    session: AsyncSession, desk: CodeDesk, subject: Subject, *, address: str
) -> CodesAskedTooOften | None:
    """Send a code to whoever signs in under the target, if anybody does: everything here is the same if nobody does."""
    if refusal := await _count(session, desk, subject.target, address):
        return refusal
    params = await _renew(session, desk, subject)
    template = TEMPLATES[subject.purpose]
    await desk.messages.send_to_account(
        session, account=subject.target, template=template, params=params, lasts=desk.life
    )
    return None


async def check(session: AsyncSession, desk: CodeDesk, subject: Subject, code: str) -> Proof | None:
    """Whether `code` is right, as one more attempt: commit, whatever the answer."""
    subject_hash = subject.hash(desk.root_key)
    stored = await session.scalar(
        update(ConfirmationCode)
        .where(
            ConfirmationCode.subject_hash == subject_hash,
            ConfirmationCode.used_at.is_(None),
            ConfirmationCode.expires_at > clock.now(),
            ConfirmationCode.attempts < desk.parameters.get(catalogue.CODE_ATTEMPTS),
        )
        .values(attempts=ConfirmationCode.attempts + 1)
        .returning(ConfirmationCode.code_hash)
    )
    given = _code_hash(desk, subject_hash, code)
    return Proof(subject_hash, given) if hmac.compare_digest(stored or bytes(32), given) else None


async def use(session: AsyncSession, proof: Proof) -> bool:
    """Use the code up in the transaction of what it allows; False when it was used, or replaced, since the check."""
    used = await session.scalar(
        update(ConfirmationCode)
        .where(
            ConfirmationCode.subject_hash == proof.subject_hash,
            ConfirmationCode.code_hash == proof.code_hash,
            ConfirmationCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(ConfirmationCode.purpose)
    )
    return used is not None


async def purge(session: AsyncSession) -> None:
    """Delete what counts no more; a daily job."""
    now = clock.now()
    await session.execute(delete(ConfirmationCode).where(ConfirmationCode.expires_at < now))
    await session.execute(delete(CodeQuota).where(CodeQuota.since < now - PER_TARGET))


async def _renew(session: AsyncSession, desk: CodeDesk, subject: Subject) -> dict[str, str]:
    """A new code in the place of the one before; what the message says of it."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    now, subject_hash = clock.now(), subject.hash(desk.root_key)
    fresh = {
        "code_hash": _code_hash(desk, subject_hash, code),
        "created_at": now,
        "expires_at": now + desk.life,
        "attempts": 0,
        "used_at": None,
    }
    made = insert(ConfirmationCode).values(subject_hash=subject_hash, purpose=subject.purpose, **fresh)
    await session.execute(made.on_conflict_do_update(index_elements=[ConfirmationCode.subject_hash], set_=fresh))
    return {"code": code, "minutes": str(max(1, int(desk.life.total_seconds()) // 60))}


async def _count(session: AsyncSession, desk: CodeDesk, target: str, address: str) -> CodesAskedTooOften | None:
    """Count a code for the target and for the address it is asked from; the refusal, uncounted, if that is too many.

    Both rows are locked, in the order of their hashes: of two at once the second sees the first.
    """
    get = desk.parameters.get
    resend = timedelta(seconds=get(catalogue.CODE_RESEND_S))
    by_target = keyed_hash(desk.root_key, "code-target", target)
    limits = {by_target: (get(catalogue.CODES_PER_DAY), PER_TARGET, resend)}
    if (network := network_of(address)) is not None:
        by_network = keyed_hash(desk.root_key, "code-address", network)
        limits[by_network] = (get(catalogue.CODES_PER_ADDRESS), PER_ADDRESS, timedelta(0))
    now = clock.now()
    rows = [{"asker_hash": asker, "since": now, "asked": 0, "last_at": now - PER_TARGET} for asker in sorted(limits)]
    await session.execute(insert(CodeQuota).values(rows).on_conflict_do_nothing())
    locked = select(CodeQuota).where(CodeQuota.asker_hash.in_(limits)).order_by(CodeQuota.asker_hash).with_for_update()
    quotas = (await session.scalars(locked.execution_options(populate_existing=True))).all()
    waits = [timedelta(0)]
    for quota in quotas:
        limit, window, pause = limits[quota.asker_hash]
        if quota.since <= now - window:
            quota.since, quota.asked = now, 0
        waits.append(quota.last_at + pause - now)
        if quota.asked >= limit:
            waits.append(quota.since + window - now)
    if (wait := max(waits)) > timedelta(0):
        return CodesAskedTooOften().retry_after(int(wait.total_seconds()) + 1)
    for quota in quotas:
        quota.asked, quota.last_at = quota.asked + 1, now
    return None


def _code_hash(desk: CodeDesk, subject_hash: bytes, code: str) -> bytes:
    """Of code and subject together: the same six digits elsewhere have another hash."""
    return keyed_hash(desk.root_key, "code", f"{subject_hash.hex()}\n{code}")
