"""Menus that the signed-in person keeps at hand: quick links, and those visited last."""

from typing import Annotated

from fastapi import APIRouter

from distro_api.core.db import Read, Tx
from distro_api.core.http import API, capability
from distro_api.core.idempotency import IdempotentRoute
from distro_api.identity import queries
from distro_api.identity.principal import Principal, Require
from distro_api.identity.schemas import QuickLinksOut, RecentMenusOut, SetQuickLinks, TouchMenu
from distro_api.identity.service import menus

router = APIRouter(prefix=f"{API}/me", tags=["me"], route_class=IdempotentRoute)
Me = Annotated[Principal, Require("me")]


@router.get("/quick-links", response_model=QuickLinksOut, openapi_extra=capability("I14"))
async def list_quick_links(principal: Me, session: Read) -> object:
    """My quick links, in my order."""
    mine = await session.scalar(queries.own_menus(principal))
    return {"items": mine.quick_links if mine else []}


@router.put("/quick-links", response_model=QuickLinksOut, openapi_extra=capability("I14"))
async def set_quick_links(command: SetQuickLinks, principal: Me, session: Tx) -> object:
    """Set my quick links: the whole list in its order."""
    mine = await menus.set_quick_links(session, principal, command.items)
    return {"items": mine.quick_links}


@router.get("/recent-menus", response_model=RecentMenusOut, openapi_extra=capability("I14"))
async def list_recent_menus(principal: Me, session: Read) -> object:
    """The menus I visited last, newest first."""
    mine = await session.scalar(queries.own_menus(principal))
    return {"items": mine.recent if mine else []}


@router.post("/recent-menus", response_model=RecentMenusOut, openapi_extra=capability("I14"))
async def touch_menu(command: TouchMenu, principal: Me, session: Tx) -> object:
    """I have opened a menu: it comes first in the list, which keeps its length."""
    return {"items": (await menus.touch(session, principal, command)).recent}


@router.delete("/recent-menus", status_code=204, openapi_extra=capability("I14"))
async def forget_recent_menus(principal: Me, session: Tx) -> None:
    """Empty the list of menus I visited."""
    await menus.forget_recent(session, principal)
