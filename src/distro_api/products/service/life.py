"""Submission, review, sale, deletion."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products import queries
from distro_api.products.errors import ProductInUse
from distro_api.products.events import (
    ProductApproved,
    ProductPublished,
    ProductRejected,
    ProductSubmitted,
    ProductUnpublished,
)
from distro_api.products.models import Decision, Product, ProductReview, ProductStatus, Sku
from distro_api.products.service.catalogue import bump_catalogue
from distro_api.products.states import Action, after

REVIEW_DAYS = 2
"""Working days within which the platform promises to decide."""


async def submit_product(
    session: AsyncSession, principal: Principal, product_id: UUID, *, if_match: str | None, time_zone: str
) -> Product:
    """Ask for review.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    product = await _locked(session, principal, product_id, if_match)
    _move(product, Action.SUBMIT)
    product.publish_on_approval = True
    _queue(product, time_zone)
    outbox.publish(session, ProductSubmitted(**_facts(product)))
    return await _done(session, principal, product, Action.SUBMIT)


async def approve_product(
    session: AsyncSession, principal: Principal, product_id: UUID, if_match: str | None
) -> Product:
    """Put it on sale; a product that was off sale when it was edited stays off.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    product = await _locked(session, principal, product_id, if_match)
    _move(product, Action.APPROVE if product.publish_on_approval else Action.APPROVE_OFF_SALE)
    product.publish_on_approval = True
    _decide(session, principal, product, Decision.APPROVED, None)
    outbox.publish(session, ProductApproved(**_facts(product)))
    return await _done(session, principal, product, Action.APPROVE)


async def reject_product(
    session: AsyncSession, principal: Principal, product_id: UUID, *, reason: str, if_match: str | None
) -> Product:
    """Send it back with a reason.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    product = await _locked(session, principal, product_id, if_match)
    _move(product, Action.REJECT)
    product.reject_reason = reason
    _decide(session, principal, product, Decision.REJECTED, reason)
    outbox.publish(session, ProductRejected(**_facts(product), reason=reason))
    return await _done(session, principal, product, Action.REJECT)


async def publish_product(
    session: AsyncSession, principal: Principal, product_id: UUID, if_match: str | None
) -> Product:
    """Put an approved product back on sale.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    product = await _locked(session, principal, product_id, if_match)
    _move(product, Action.PUBLISH)
    outbox.publish(session, ProductPublished(**_facts(product)))
    return await _done(session, principal, product, Action.PUBLISH)


async def unpublish_product(
    session: AsyncSession, principal: Principal, product_id: UUID, if_match: str | None
) -> Product:
    """Take it off sale; what was sold stays sold.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    product = await _locked(session, principal, product_id, if_match)
    _move(product, Action.UNPUBLISH)
    outbox.publish(session, ProductUnpublished(**_facts(product)))
    return await _done(session, principal, product, Action.UNPUBLISH)


async def delete_product(session: AsyncSession, principal: Principal, product_id: UUID, if_match: str | None) -> None:
    """Delete it for good, with its SKUs; its inventory item stays, others may take from it.

    Raises:
        NotFoundHere, PreconditionFailed
        ProductInUse: a strategy, an authorisation or an order refers to it.
    """
    product = await _locked(session, principal, product_id, if_match)
    supplier_id, product_code = product.supplier_id, product.product_code
    try:
        async with session.begin_nested():
            await session.execute(delete(Sku).where(Sku.product_id == product_id))
            await session.execute(delete(Product).where(Product.id == product_id))
    except IntegrityError as error:
        raise ProductInUse from error
    audit.record(session, principal.actor, "products.delete", "product", product_id, product_code=product_code)
    await bump_catalogue(session, supplier_id)


def revise(product: Product, time_zone: str) -> None:
    """Note that what is sold has been edited: a live product goes to review, one under review to the end of the queue."""
    was = product.status
    _move(product, Action.REVISE)
    if was in (ProductStatus.ON_SALE, ProductStatus.OFF_SALE):
        product.publish_on_approval = was is ProductStatus.ON_SALE
    if product.status is ProductStatus.PENDING_REVIEW:
        _queue(product, time_zone)


def review_due(submitted_at: datetime, time_zone: str) -> datetime:
    """Two working days (Monday to Friday, where the platform is) later, at the same time of day."""
    local = submitted_at.astimezone(clock.zone(time_zone))
    left = REVIEW_DAYS
    while left:
        local += timedelta(days=1)
        left -= local.isoweekday() <= 5
    return local


def _queue(product: Product, time_zone: str) -> None:
    product.submitted_at = clock.now()
    product.review_due_at = review_due(product.submitted_at, time_zone)


async def _locked(session: AsyncSession, principal: Principal, product_id: UUID, if_match: str | None) -> Product:
    product = await queries.product(session, principal, product_id, lock=True)
    check_if_match(if_match, product.version)
    return product


def _move(product: Product, action: Action) -> None:
    product.status = after(product.status, action)
    if product.status is not ProductStatus.REJECTED:
        product.reject_reason = None


def _facts(product: Product) -> dict[str, UUID | str | None]:
    return {
        "supplier_id": product.supplier_id,
        "distributor_id": None,
        "product_id": product.id,
        "product_code": product.product_code,
    }


def _decide(
    session: AsyncSession, principal: Principal, product: Product, decision: Decision, reason: str | None
) -> None:
    assert product.submitted_at is not None
    session.add(
        ProductReview(
            product_id=product.id,
            supplier_id=product.supplier_id,
            product_version=product.version,
            decision=decision,
            reason=reason,
            submitted_at=product.submitted_at,
            reviewed_by=principal.user_id,
        )
    )


async def _done(session: AsyncSession, principal: Principal, product: Product, action: Action) -> Product:
    audit.record(session, principal.actor, f"products.{action.value}", "product", product.id)
    await session.flush()
    await bump_catalogue(session, product.supplier_id)
    return product
