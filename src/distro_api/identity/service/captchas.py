"""Captchas: a picture of letters that one attempt may answer, whichever process it comes to."""

import asyncio
import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from captcha.image import ImageCaptcha
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.identity.models import Captcha
from distro_api.identity.service import lockout
from distro_api.identity.service.parameters import Parameters, catalogue

LETTERS = "ACDEFHJKLMNPRTUVWXY3479"
"""Without those that look like another one once they are bent."""
LENGTH = 5
LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class CaptchaAnswer:
    """What a client says stands in a picture."""

    captcha_id: str
    code: str


async def issue(
    transactions: async_sessionmaker[AsyncSession], root_key: bytes, parameters: Parameters, address: str
) -> tuple[UUID, str]:
    """A new captcha: its id and its picture as a `data:` URL. The letters stand nowhere but in the picture.

    Raises:
        TooManyRequests: the address has had as many as it may in this minute.
    """
    made = Captcha(id=clock.new_id(), code_hash=b"", expires_at=clock.now() + LIFETIME)
    code = random_code()
    made.code_hash = _hash(root_key, made.id, code)
    async with transactions.begin() as session:
        allowed = parameters.get(catalogue.CAPTCHAS_PER_MINUTE)
        await lockout.take(session, root_key, "captcha", address, allowed=allowed, per=timedelta(minutes=1))
        session.add(made)
    return made.id, await asyncio.to_thread(_picture, code)


async def spend(session: AsyncSession, root_key: bytes, answer: CaptchaAnswer) -> bool:
    """Whether the answer is right. Right or wrong, the captcha is gone: of two at once only one finds it."""
    try:
        captcha_id = UUID(answer.captcha_id)
    except ValueError:
        return False
    found = delete(Captcha).where(Captcha.id == captcha_id).returning(Captcha.code_hash, Captcha.expires_at)
    row = (await session.execute(found)).one_or_none()
    if row is None or row.expires_at <= clock.now():
        return False
    return hmac.compare_digest(row.code_hash, _hash(root_key, captcha_id, answer.code.strip().upper()))


def random_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def _hash(root_key: bytes, captcha_id: UUID, code: str) -> bytes:
    return keyed_hash(root_key, "captcha", f"{captcha_id}:{code}")


def _picture(code: str) -> str:
    """A PNG of about 10 kB; not for the event loop."""
    image = ImageCaptcha(width=160, height=60).generate(code, "png")
    return f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}"
