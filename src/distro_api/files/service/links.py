"""Signed links: whoever has one may download until it expires, without signing in."""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode
from uuid import UUID

from distro_api.core import clock
from distro_api.core.crypto import derive
from distro_api.core.http import API
from distro_api.files.errors import BadLink, LinkExpired

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    expires_at: datetime


class Links:
    """Makes and checks them under a key of their own."""

    def __init__(self, root_key: bytes) -> None:
        self._key = derive(root_key, "files/links")

    def make(self, organization_id: UUID, file_id: UUID) -> Link:
        expires_at = (clock.now() + LIFE).replace(microsecond=0)
        seconds = int(expires_at.timestamp())
        query = urlencode(
            {
                "organization_id": organization_id,
                "expires": seconds,
                "signature": self._sign(organization_id, file_id, seconds),
            }
        )
        return Link(f"{API}/files/{file_id}/content?{query}", expires_at)

    def check(self, organization_id: UUID, file_id: UUID, expires: int, signature: str) -> None:
        """Raises:
        BadLink: we did not make it, or something in it was changed. LinkExpired.
        """
        if not hmac.compare_digest(self._sign(organization_id, file_id, expires).encode(), signature.encode()):
            raise BadLink
        if datetime.fromtimestamp(expires, UTC) <= clock.now():
            raise LinkExpired

    def _sign(self, organization_id: UUID, file_id: UUID, expires: int) -> str:
        told = f"{organization_id}\n{file_id}\n{expires}".encode()
        return base64.urlsafe_b64encode(hmac.new(self._key, told, sha256).digest()).decode().rstrip("=")
