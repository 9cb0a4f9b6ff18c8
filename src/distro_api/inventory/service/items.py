"""Items: made with a product, or apart to be shared."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotSupportedYet
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
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


async def create_own_item(session: AsyncSession, principal: Principal, *, name: str, mode: Mode) -> Item:
    """An item that the caller will share among SKUs.

    Raises:
        NotSupportedYet
    """
    item = await create_item(session, supplier_id=principal.organization_id, name=name, mode=mode)
    audit.record(session, principal.actor, "inventory.create_item", "inventory_item", item.id, mode=mode.value)
    return item
