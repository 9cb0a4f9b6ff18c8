"""Send a message by template: queued sealed with the caller's transaction, rendered and delivered by the worker.

The catalogue of texts is here and nowhere else. The whole message is encrypted while it waits, because it holds a
person's number and sometimes a password; neither is ever logged.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Protocol

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import box
from distro_api.core.errors import Text
from distro_api.core.outbox import Stored
from distro_api.notifications import queries

DELIVER = "notifications.deliver"
"""The job's name."""
PURPOSE = "notifications"
FILE_NAME = "messages.jsonl"


class Channel(StrEnum):
    SMS = "sms"
    MAIL = "mail"


class Template(StrEnum):
    """What can be said."""

    ONE_TIME_PASSWORD = "one_time_password"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105


TEXTS: Mapping[Template, Text] = {
    Template.ONE_TIME_PASSWORD: Text(
        "【分销平台】{supplier}已为“{name}”开通分销商账号。登录账号：{username}（或本手机号），初始密码：{password}，"
        "首次登录须修改密码。",
        "[Distribution platform] {supplier} has opened a distributor account for {name}. Sign in as {username} (or with "
        "this number), one-time password: {password}. You will be asked to set a new one.",
    ),
    Template.PASSWORD_CHANGED: Text(
        "【分销平台】账号 {username} 的登录密码已修改。如非本人操作，请立即联系平台。",
        "[Distribution platform] The password of {username} was changed. If this was not you, contact us at once.",
    ),
}


class Enqueue(Protocol):
    """Queues a job in the session's transaction: `jobs.service.enqueue`, a sibling that the wiring brings."""

    def __call__(self, session: AsyncSession, name: str, payload: Mapping[str, Any], /) -> Awaitable[None]: ...


class Notifier:
    """Seals messages under the platform's key and queues them."""

    def __init__(self, root_key: bytes, enqueue: Enqueue) -> None:
        self._box, self._enqueue = box(root_key, PURPOSE), enqueue

    async def send(
        self,
        session: AsyncSession,
        *,
        channel: Channel,
        to: str,
        template: Template,
        params: Mapping[str, str],
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        """Queue a message in the session's transaction."""
        assert params.keys() == fields_of(TEXTS[template].of(language)), template
        message = {
            "channel": channel,
            "to": to,
            "template": template,
            "params": dict(params),
            "language": language,
            "created_at": clock.now().isoformat().replace("+00:00", "Z"),
        }
        sealed = self._box.encrypt(json.dumps(message).encode()).decode()
        await self._enqueue(session, DELIVER, {"sealed": sealed})


async def _notifier(request: Request) -> Notifier:
    notifier: Notifier = request.app.state.notifier
    return notifier


FromNotifier = Annotated[Notifier, Depends(_notifier)]
"""The notifier of this process, for endpoints."""


def entrypoints(root_key: bytes, var: Path) -> Mapping[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """The job that delivers: to `messages.jsonl` under `var`, one JSON line a message. For development only."""
    opener = box(root_key, PURPOSE)

    async def deliver(payload: dict[str, Any]) -> None:
        message = json.loads(opener.decrypt(payload["sealed"].encode()))
        text = TEXTS[Template(message["template"])].of(message["language"]).format_map(message["params"])
        line = {name: message[name] for name in ("channel", "to", "template")}
        await asyncio.to_thread(_append, var / FILE_NAME, line | {"text": text, "created_at": message["created_at"]})

    return {DELIVER: deliver}


def password_notices(notifier: Notifier) -> Callable[[AsyncSession, Sequence[Stored]], Awaitable[None]]:
    """The subscriber of `identity.password_changed`: tells the person, on the number or address it has."""

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        for user in await queries.users(session, [event.aggregate_id for event in events]):
            for channel, to in ((Channel.SMS, user.phone), (Channel.MAIL, user.email)):
                if to is not None:
                    await notifier.send(
                        session,
                        channel=channel,
                        to=to,
                        template=Template.PASSWORD_CHANGED,
                        params={"username": user.username},
                    )
                    break

    return handle


def fields_of(text: str) -> set[str]:
    """The parameters that a text takes."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _append(file: Path, line: Mapping[str, str]) -> None:
    """One write on an append-only descriptor: lines of several workers never mix."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(line, ensure_ascii=False).encode() + b"\n")
    finally:
        os.close(descriptor)
