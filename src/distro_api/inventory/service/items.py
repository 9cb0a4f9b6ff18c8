"""Items: made with a product, or apart to be shared."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotSupportedYet
from distro_api.inventory.models import Item, Mode

SUPPORTED = (Mode.UNLIMITED, Mode.TOTAL, Mode.DAILY)


async def create_item(session: AsyncSession, *, supplier_id: UUID, name: str, mode: Mode) -> Item:
    """A new item with nothing in it.

    Raises:
        NotSupportedYet: `slot`, `serial` and `external` are not there yet.
    """
    if mode not in SUPPORTED:
        raise NotSupportedYet(feature=f"stock_mode {mode.value}")
    item = Item(supplier_id=supplier_id, name=name, mode=mode)
    session.add(item)
    await session.flush()
    return item
