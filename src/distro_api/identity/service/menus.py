"""Quick links and menus visited last. Keys and titles are the front end's: only their form is looked at."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.identity import queries
from distro_api.identity.models import UserMenus
from distro_api.identity.models.menus import MOST_RECENT_MENUS
from distro_api.identity.schemas import QuickLink, TouchMenu
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Caller


async def set_quick_links(session: AsyncSession, caller: Caller, links: Sequence[QuickLink]) -> UserMenus:
    """These links in this order, in place of those there were."""
    mine = await _mine(session, caller)
    mine.quick_links = [link.model_dump() for link in links]
    audit.record(session, caller.actor, "identity.set_quick_links", "user", caller.user_id, count=len(links))
    await session.flush()
    return mine


async def touch(session: AsyncSession, caller: Caller, visited: TouchMenu) -> UserMenus:
    """A menu was opened: it stands first, and the one visited longest ago drops out of a full list.

    Not in the audit trail: looking at a menu changes nothing that anybody else could ask about.
    """
    mine = await _mine(session, caller)
    others = [menu for menu in mine.recent if menu["menu_key"] != visited.menu_key]
    newest = visited.model_dump() | {"visited_at": clock.now().isoformat()}
    mine.recent = [newest, *others][:MOST_RECENT_MENUS]
    await session.flush()
    return mine


async def forget_recent(session: AsyncSession, caller: Caller) -> None:
    """Nothing was visited, as far as the list is concerned."""
    (await _mine(session, caller)).recent = []
    await session.flush()


async def _mine(session: AsyncSession, caller: Caller) -> UserMenus:
    first = insert(UserMenus).values(
        user_id=caller.user_id, organization_id=caller.organization_id, quick_links=[], recent=[]
    )
    await session.execute(first.on_conflict_do_nothing())
    return await queries.menus_of(session, caller.user_id)
