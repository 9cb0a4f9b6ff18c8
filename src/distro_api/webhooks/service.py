"""What people do about events that got stuck."""

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.outbox import ParkedRow
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.webhooks import queries


async def retry_parked(session: AsyncSession, principal: Principal, subscriber: str, position: int) -> ParkedRow:
    """Let the worker try the event's aggregate again now, from its first parked event on; the event asked for.

    Raises:
        NotFoundHere
    """
    asked, first = await queries.lock_parked(session, subscriber, position)
    first.next_try_at = clock.now()
    detail = {"subscriber": subscriber, "position": position, "event": asked.name}
    audit.record(session, principal.actor, "events.retry", "event", asked.aggregate_id, **detail)
    await session.flush()
    return asked
