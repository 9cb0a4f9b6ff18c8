"""Say something to somebody: sealed and queued with the caller's transaction, delivered by the worker.

The whole message is encrypted while it waits, because it holds a person's number and sometimes a password; neither is
ever logged.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from cryptography.fernet import Fernet
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import box
from distro_api.jobs import service as jobs
from distro_api.notifications.service.templates import WORDINGS, Template, fields_of

DELIVER = "notifications.deliver"
"""The job's name."""


def message_box(root_key: bytes) -> Fernet:
    """What messages are sealed in while they wait."""
    return box(root_key, "notifications")


class Notifier:
    """Seals messages under the platform's key and queues them."""

    def __init__(self, root_key: bytes) -> None:
        self._box = message_box(root_key)

    async def send(
        self,
        session: AsyncSession,
        *,
        to: str,
        template: str,
        params: Mapping[str, str],
        language: str = "zh",
        lasts: timedelta | None = None,
    ) -> None:
        """Queue a message in the session's transaction.

        Args:
            to: an E.164 number, or an e-mail address.
            lasts: later than this it is of no use, and is not delivered any more.
        """
        await self._queue(session, {"to": to, "language": language}, template, params, lasts)

    async def send_to_account(
        self,
        session: AsyncSession,
        *,
        account: str,
        template: str,
        params: Mapping[str, str],
        lasts: timedelta | None = None,
    ) -> None:
        """Queue a message to whoever signs in under `account` (in its normal form), if anybody does.

        The worker finds out who that is and how to reach him: the caller's time tells nothing about it.
        """
        await self._queue(session, {"account": account}, template, params, lasts)

    async def _queue(
        self,
        session: AsyncSession,
        whom: Mapping[str, str],
        template: str,
        params: Mapping[str, str],
        lasts: timedelta | None,
    ) -> None:
        said = Template(template)
        assert params.keys() == set(fields_of(WORDINGS[said].text.zh)), template
        now = clock.now()
        message: dict[str, Any] = {
            **whom,
            "template": said,
            "params": dict(params),
            "created_at": now.isoformat().replace("+00:00", "Z"),
            "not_after": (now + lasts).isoformat() if lasts else None,
        }
        sealed = self._box.encrypt(json.dumps(message).encode()).decode()
        await jobs.enqueue(session, DELIVER, {"sealed": sealed})


async def _notifier(request: Request) -> Notifier:
    notifier: Notifier = request.app.state.notifier
    return notifier


FromNotifier = Annotated[Notifier, Depends(_notifier)]
"""The notifier of this process, for endpoints."""
