"""Reads of payment passwords."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import PaymentPassword
from distro_api.identity.queries.viewer import Viewer


async def own_payment_password(
    session: AsyncSession, viewer: Viewer, *, for_update: bool = False
) -> PaymentPassword | None:
    found = select(PaymentPassword).where(PaymentPassword.user_id == viewer.user_id)
    if for_update:
        found = found.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(found)
