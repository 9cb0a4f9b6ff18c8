"""The market is opened: organizations, products and their stock. Each step is one transaction."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.demo import people
from distro_api.demo.buyers import DISTRIBUTORS
from distro_api.demo.plans import INVENTED, ProductPlan, SupplierPlan
from distro_api.demo.stage import SUPPLIERS, Market, Stage, read_market
from distro_api.identity.models import Kind, OrganizationStatus, PartnerPolicy
from distro_api.identity.principal import Principal
from distro_api.identity.service import profiles
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.demo import DEMO_ACCOUNTS
from distro_api.identity.service.organizations import NewUser, create_admin, create_organization
from distro_api.inventory import service as inventory
from distro_api.inventory.models import Mode
from distro_api.inventory.schemas import SetCalendar
from distro_api.products import service as products
from distro_api.products.models import Brand, Category, Product, RealName
from distro_api.products.schemas import CreateProduct, CreateSku, StockIn
from distro_api.strategies.service import fill_holidays

OPENED_DAYS_BEFORE = 15
"""How long before its first order the market was opened."""


async def organizations(session: AsyncSession, stage: Stage) -> None:
    """The platform with its administrator, then every supplier and distributor with its owner."""
    minutes = stage.minutes(stage.first_day - timedelta(days=OPENED_DAYS_BEFORE), 9)
    with clock.at(next(minutes)):
        await create_admin(session, "admin", DEMO_ACCOUNTS["admin"])
    platform = (await read_market(session)).admin.actor
    wanted = [(Kind.SUPPLIER, plan.username, plan.name, plan.contact) for plan in SUPPLIERS]
    wanted += [(Kind.DISTRIBUTOR, plan.username, plan.name, plan.contact) for plan in DISTRIBUTORS]
    for number, (kind, username, name, contact) in enumerate(wanted, 1):
        owner = NewUser(
            username=username,
            password=DEMO_ACCOUNTS[kind.value],
            name=contact,
            phone=people.owners_phone(number),
            email=f"{username}@demo.example",
        )
        with clock.at(next(minutes)):
            await create_organization(
                session,
                platform,
                kind=kind,
                name=name,
                owner=owner,
                partner_policy=PartnerPolicy.OPEN if kind is Kind.DISTRIBUTOR else PartnerPolicy.INVITATION,
            )


async def applicant(session: AsyncSession, stage: Stage) -> None:
    """A distributor that has registered itself and waits for the platform's review."""
    with clock.at(next(stage.minutes(stage.last_day, 9))):
        made, _ = await create_organization(
            session,
            Actor(),
            kind=Kind.DISTRIBUTOR,
            name="青溪旅行社",
            owner=NewUser(
                username="qingxi",
                password=DEMO_ACCOUNTS["distributor"],
                name="程青溪",
                phone=people.owners_phone(99),
                email="qingxi@demo.example",
            ),
            status=OrganizationStatus.PENDING,
        )
        contact = {"name": "程青溪", "title": "经理", "phone": people.owners_phone(99), "email": None}
        place = {"region_code": "341003", "address": "玉屏路12号", "contacts": [contact]}
        await profiles.write(session, made, place)


async def catalogue(session: AsyncSession, stage: Stage) -> None:
    """Categories, brands, official holidays, and every product that is sold, reviewed by the platform."""
    minutes = stage.minutes(stage.first_day - timedelta(days=OPENED_DAYS_BEFORE - 1), 10)
    market = await read_market(session)
    with clock.at(next(minutes)):
        await fill_holidays(session, sorted({stage.first_day.year, stage.last_day.year}))
        labels = await _labels(session, market)
    for plan in SUPPLIERS:
        supplier = market.people[plan.username]
        items: dict[str, UUID] = {}
        for product in stage.products(plan):
            with clock.at(next(minutes)):
                made = await _create(session, supplier, plan, product, labels, items)
                if made.item_id is not None:
                    items[product.name] = made.item_id
                await _submit(session, supplier, stage, made)
                await products.approve_product(session, market.admin, made.id, None)


async def _labels(session: AsyncSession, market: Market) -> dict[str, UUID]:
    made: dict[str, UUID] = {}
    every = [
        product
        for plan in SUPPLIERS
        for product in (*plan.products, *plan.waiting, *plan.drafts, *plan.withdrawn, *(p for p, _ in plan.refused))
    ]
    for category in dict.fromkeys(product.category for product in every):
        made[category] = (await products.create_label(session, market.admin, Category, category)).id
    for plan in SUPPLIERS:
        made[plan.brand] = (await products.create_label(session, market.admin, Brand, plan.brand)).id
    return made


async def _create(
    session: AsyncSession,
    supplier: Principal,
    plan: SupplierPlan,
    product: ProductPlan,
    labels: dict[str, UUID],
    items: dict[str, UUID],
) -> Product:
    """A draft; `items` are the inventory items of the products whose places it may share."""
    own = None
    if product.shares is not None:
        own = (await inventory.create_own_item(session, supplier, name=product.name, mode=product.mode)).id
    skus = []
    for sku in product.skus:
        stock = None
        if own is not None and product.shares is not None:
            stock = [StockIn(item_id=own, units=sku.units), StockIn(item_id=items[product.shares], units=sku.units)]
        skus.append(
            CreateSku(
                name=sku.name,
                code=sku.code,
                list_price=sku.list_price,
                cost_price=sku.list_price * 6 // 10,
                units=sku.units,
                stock=stock,
                attributes=dict(sku.attributes),
            )
        )
    return await products.create_product(
        session,
        supplier,
        CreateProduct.model_validate(
            {
                "kind": product.kind,
                "name": product.name,
                "description": _description(product),
                "category_id": labels[product.category],
                "brand_id": labels[plan.brand],
                "attributes": dict(product.attributes),
                "stock_mode": product.mode,
                "fulfilment": product.fulfilment,
                "real_name": RealName.NONE,
                "skus": skus,
            }
        ),
    )


def _description(product: ProductPlan) -> str:
    place = ""
    if product.place is not None:
        assert product.place in people.scenic_areas(), product.place
        place = f"地点：{product.place}（国家5A级旅游景区）。"
    return f"{product.about}{place}{INVENTED}"


async def _submit(session: AsyncSession, supplier: Principal, stage: Stage, product: Product) -> None:
    await products.submit_product(session, supplier, product.id, if_match=None, time_zone=stage.time_zone)


async def stock(session: AsyncSession, stage: Stage) -> None:
    """180 days of calendar: working days, weekends, closing days; total stock where there is no date."""
    market = await read_market(session)
    with clock.at(stage.instant(stage.first_day - timedelta(days=OPENED_DAYS_BEFORE - 2), 10)):
        for plan in SUPPLIERS:
            supplier = market.people[plan.username]
            for product in stage.products(plan):
                if product.mode is Mode.UNLIMITED:
                    continue
                if product.mode is Mode.TOTAL:
                    await inventory.set_stock(session, supplier, market.items[product.name], product.capacity[0])
                    continue
                await _calendar(session, supplier, stage, market.items[product.name], product)


async def _calendar(
    session: AsyncSession, supplier: Principal, stage: Stage, item_id: UUID, product: ProductPlan
) -> None:
    parts = (((1, 2, 3, 4, 5), product.capacity[0]), ((6, 7), product.capacity[1]))
    for weekdays, capacity in parts:
        for closed in (False, True):
            if days := [day for day in weekdays if (day in product.closed_on) == closed]:
                command = SetCalendar(
                    date_from=stage.first_day,
                    date_to=stage.last_day,
                    weekdays=days,
                    capacity=capacity,
                    closed=True if closed else None,
                )
                await inventory.set_calendar(session, supplier, item_id, command)


async def unsold(session: AsyncSession, stage: Stage) -> None:
    """What suppliers have but do not sell: under review since yesterday, drafts, refused, taken off sale."""
    market = await read_market(session)
    labels = dict((await session.execute(select(Category.name, Category.id))).all())
    labels |= dict((await session.execute(select(Brand.name, Brand.id))).all())
    for plan in SUPPLIERS:
        supplier = market.people[plan.username]
        with clock.at(stage.anchor - timedelta(hours=20)):
            for product in plan.drafts:
                await _create(session, supplier, plan, product, labels, {})
            for product in plan.waiting:
                await _submit(session, supplier, stage, await _create(session, supplier, plan, product, labels, {}))
        with clock.at(stage.anchor - timedelta(days=9)):
            for product, reason in plan.refused:
                made = await _create(session, supplier, plan, product, labels, {})
                await _submit(session, supplier, stage, made)
                await products.reject_product(session, market.admin, made.id, reason=reason, if_match=None)
            for product in plan.withdrawn:
                made = await _create(session, supplier, plan, product, labels, {})
                await _submit(session, supplier, stage, made)
                await products.approve_product(session, market.admin, made.id, None)
                await products.unpublish_product(session, supplier, made.id, None)
