"""What an authenticator app computes (TOTP, RFC 6238), recovery codes, and the one place where either is judged."""

import base64
import hmac
import io
import secrets
from collections.abc import Sequence
from uuid import UUID

import pyotp
import segno
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import box, keyed_hash
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.models import RecoveryCode
from distro_api.identity.service import audit, lockout
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.sessions import Issuer

ISSUER = "distro-api"
"""How apps name the account's place."""
RECOVERY_CODES = 10
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that look like another one: people copy the codes from paper. Ten of them are 49 bits."""


def new_secret() -> str:
    """160 bits, base32."""
    return pyotp.random_base32()


def seal(issuer: Issuer, secret: str) -> bytes:
    return box(issuer.root_key, "second-factor").encrypt(secret.encode())


def opened(issuer: Issuer, sealed: bytes) -> str:
    return box(issuer.root_key, "second-factor").decrypt(sealed).decode()


def uri_of(secret: str, username: str) -> str:
    """The `otpauth:` address that apps take."""
    return pyotp.TOTP(secret, name=username, issuer=ISSUER).provisioning_uri()


def qr_of(uri: str) -> str:
    """The address as a QR picture, a `data:` URL."""
    image = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(image, kind="png", scale=6, border=4)
    return f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}"


def step_of(secret: str, otp: str, *, after: int) -> int | None:
    """The time step that `otp` belongs to: the present one or a neighbour, for clocks differ; newer than `after`."""
    totp = pyotp.TOTP(secret)
    now = totp.timecode(clock.now())
    for step in (now, now - 1, now + 1):
        if step > after and hmac.compare_digest(totp.generate_otp(step).encode(), otp.encode()):
            return step
    return None


async def judge(
    session: AsyncSession, issuer: Issuer, actor: Actor, user_id: UUID, otp: str, *, wrong: type[DomainError]
) -> DomainError | None:
    """The refusal of a code of the user's app, or of a recovery code: `wrong`, in the end AccountLocked. Commit also then.

    Each code serves once; attempts in parallel are judged one after the other.
    """
    counter = lockout.of_second_factor(issuer.root_key, issuer.parameters, user_id)
    if lock := await lockout.lock_of(session, counter, for_update=True):
        return lock
    if await _use(session, issuer, actor, user_id, otp.strip().lower()):
        await lockout.forget(session, counter)
        return None
    await lockout.count_failure(session, counter)
    return wrong()


async def renew_recovery_codes(session: AsyncSession, issuer: Issuer, user_id: UUID) -> Sequence[str]:
    """New codes in the place of all older ones; they are shown once and kept as keyed hashes."""
    codes = ["".join(secrets.choice(_READABLE) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(code_hash=_hash(issuer, user_id, code), user_id=user_id) for code in codes)
    await session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in codes]


async def _use(session: AsyncSession, issuer: Issuer, actor: Actor, user_id: UUID, otp: str) -> bool:
    factor = await queries.second_factor_of(session, user_id, for_update=True)
    if factor is None or factor.secret is None:
        return False
    if otp.isdigit():
        if (step := step_of(opened(issuer, factor.secret), otp, after=factor.last_step)) is None:
            return False
        factor.last_step = step
        return True
    unused = (RecoveryCode.code_hash == _hash(issuer, user_id, otp.replace("-", "")), RecoveryCode.used_at.is_(None))
    spent = await session.scalar(
        update(RecoveryCode).where(*unused).values(used_at=clock.now()).returning(RecoveryCode.user_id)
    )
    if spent is None:
        return False
    audit.record(session, actor, "identity.use_recovery_code", "user", user_id)
    return True


def _hash(issuer: Issuer, user_id: UUID, code: str) -> bytes:
    return keyed_hash(issuer.root_key, "recovery-code", f"{user_id}:{code}")
