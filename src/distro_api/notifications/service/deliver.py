"""The worker's part: open what waits, find out whom it is for, hand it to its channel."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.settings import Settings
from distro_api.identity import queries as identity
from distro_api.identity.models import UserStatus
from distro_api.integrations.errors import Refused, Unavailable
from distro_api.jobs.service import Hopeless, Unreachable
from distro_api.notifications.service.channels import Message, outlets
from distro_api.notifications.service.notifier import DELIVER, message_box
from distro_api.notifications.service.templates import Template

log = structlog.get_logger()


def entrypoints(
    settings: Settings, sessions: async_sessionmaker[AsyncSession]
) -> Mapping[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """The job that delivers. A worker that dies between hand-over and commit makes it deliver twice."""
    opener, ways = message_box(settings.root_key), outlets(settings)

    async def deliver(payload: dict[str, Any]) -> None:
        """Deliver one message.

        Raises:
            Unreachable: tried again by the queue.
            Hopeless: it was refused; the job is held as failed.
        """
        waiting = json.loads(opener.decrypt(payload["sealed"].encode()))
        template = Template(waiting["template"])
        if waiting["not_after"] and datetime.fromisoformat(waiting["not_after"]) < clock.now():
            log.warning("message_too_late", template=template)
            return
        if (reached := await _reached(sessions, waiting)) is None:
            return
        to, language = reached
        message = Message(to, template, waiting["params"], language, waiting["created_at"])
        try:
            await ways[message.channel].deliver(message)
        except Refused as refused:
            log.warning("message_refused", template=template, channel=message.channel, error=str(refused))
            raise Hopeless(str(refused)) from refused
        except Unavailable as away:
            raise Unreachable(str(away)) from away

    return {DELIVER: deliver}


async def _reached(sessions: async_sessionmaker[AsyncSession], waiting: Mapping[str, Any]) -> tuple[str, str] | None:
    """Number or address, and language; None when nobody signs in under the account, or can be reached."""
    if "to" in waiting:
        return waiting["to"], waiting["language"]
    account: str = waiting["account"]
    async with sessions() as session:
        user = await identity.user_of_account(session, account)
    if user is None or user.status is not UserStatus.ACTIVE:
        return None
    to = user.email if account == user.email else user.reach
    return None if to is None else (to, user.language)
