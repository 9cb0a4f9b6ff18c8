"""Menus that a person keeps at hand."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base

MOST_QUICK_LINKS, MOST_RECENT_MENUS = 30, 20


class UserMenus(Base):
    """A person's quick links in their order and the menus visited last, newest first: one row that cannot grow.

    The lists are read and written as a whole, so they stand in two columns and need no positions.
    """

    __tablename__ = "user_menus"
    __table_args__ = (
        CheckConstraint(
            f"jsonb_array_length(quick_links) <= {MOST_QUICK_LINKS} AND "
            f"jsonb_array_length(recent) <= {MOST_RECENT_MENUS}",
            name="lists_are_short",
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[UUID]
    quick_links: Mapped[list[dict[str, Any]]]
    """`{menu_key, title}` each."""
    recent: Mapped[list[dict[str, Any]]]
    """`{menu_key, title, visited_at}` each."""
