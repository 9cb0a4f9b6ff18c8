"""What people are told of events."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.outbox import Stored
from distro_api.notifications import queries
from distro_api.notifications.service.notifier import Notifier
from distro_api.notifications.service.templates import Template


def password_notices(notifier: Notifier) -> Callable[[AsyncSession, Sequence[Stored]], Awaitable[None]]:
    """The subscriber of `identity.password_changed`: tells the person, on the number or address it has."""

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        for user in await queries.users(session, [event.aggregate_id for event in events]):
            if (to := user.reach) is not None:
                await notifier.send(
                    session,
                    to=to,
                    template=Template.PASSWORD_CHANGED,
                    params={"username": user.username},
                    language=user.language,
                )

    return handle
