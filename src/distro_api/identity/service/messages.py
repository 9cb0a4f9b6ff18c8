"""How this room says something to somebody."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession


class Messages(Protocol):
    """Says something to somebody: `notifications`, a floor above, which the wiring brings."""

    async def send(
        self,
        session: AsyncSession,
        *,
        to: str,
        template: str,
        params: Mapping[str, str],
        language: str = "zh",
        lasts: timedelta | None = None,
    ) -> None: ...

    async def send_to_account(
        self,
        session: AsyncSession,
        *,
        account: str,
        template: str,
        params: Mapping[str, str],
        lasts: timedelta | None = None,
    ) -> None: ...
