"""What people are told of events."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.outbox import Stored
from distro_api.identity.events import PasswordChanged, PaymentPasswordChanged, SecondFactorChange, SecondFactorChanged
from distro_api.notifications import queries
from distro_api.notifications.service.notifier import Notifier
from distro_api.notifications.service.templates import Template

ACCOUNT_EVENTS = frozenset({PasswordChanged.name, PaymentPasswordChanged.name, SecondFactorChanged.name})
"""What a person is told of the own account. Each takes `username`."""
_SECOND_FACTOR: Mapping[str, Template] = {
    SecondFactorChange.ENABLED: Template.SECOND_FACTOR_ENABLED,
    SecondFactorChange.DISABLED: Template.SECOND_FACTOR_DISABLED,
    SecondFactorChange.RESET: Template.SECOND_FACTOR_RESET,
}


def account_notices(notifier: Notifier) -> Callable[[AsyncSession, Sequence[Stored]], Awaitable[None]]:
    """The subscriber of `ACCOUNT_EVENTS`: tells the person, on the number or address it has."""

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        users = {user.id: user for user in await queries.users(session, {event.aggregate_id for event in events})}
        for event in events:
            user = users.get(event.aggregate_id)
            if user is not None and (to := user.reach) is not None:
                await notifier.send(
                    session,
                    to=to,
                    template=_template(event),
                    params={"username": user.username},
                    language=user.language,
                )

    return handle


def _template(event: Stored) -> Template:
    if event.name == SecondFactorChanged.name:
        return _SECOND_FACTOR[event.payload["change"]]
    return Template.PAYMENT_PASSWORD_CHANGED if event.name == PaymentPasswordChanged.name else Template.PASSWORD_CHANGED
