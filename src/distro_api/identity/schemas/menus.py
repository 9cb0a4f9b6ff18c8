"""Menus that a person keeps at hand."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from distro_api.core.schemas import Command, Name, Out
from distro_api.identity.models.menus import MOST_QUICK_LINKS, MOST_RECENT_MENUS

MenuKey = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9/][A-Za-z0-9/._:-]{0,99}$"),
    Field(description="The front end's own name of a menu", examples=["/orders/list"]),
]


class QuickLink(Command):
    menu_key: MenuKey
    title: Annotated[Name, Field(description="As the person wants to read it")]


class SetQuickLinks(Command):
    """The whole list: adding, removing and moving are the same call."""

    items: Annotated[list[QuickLink], Field(max_length=MOST_QUICK_LINKS, description="In their order")]

    @model_validator(mode="after")
    def _each_menu_once(self) -> Self:
        if len({link.menu_key for link in self.items}) != len(self.items):
            raise ValueError("同一菜单出现多次 / a menu is named twice")
        return self


class TouchMenu(Command):
    menu_key: MenuKey
    title: Name


class QuickLinkOut(Out):
    menu_key: str
    title: str


class QuickLinksOut(Out):
    items: Annotated[list[QuickLinkOut], Field(description=f"In the person's order; at most {MOST_QUICK_LINKS}")]


class RecentMenuOut(Out):
    menu_key: str
    title: str
    visited_at: datetime


class RecentMenusOut(Out):
    items: Annotated[list[RecentMenuOut], Field(description=f"Newest first, each once; at most {MOST_RECENT_MENUS}")]
