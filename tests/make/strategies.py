"""Strategies through the API, relations and holidays through the models."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import delete, update

from distro_api.identity.service.audit import Actor
from distro_api.products.service import bump_catalogue
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation
from distro_api.relations.service import name_tiers
from distro_api.strategies.models import DayKind, Holiday
from make.identity import Signed

STRATEGIES = "/api/v1/strategies"


def strategy(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A wholesale strategy for individual customers, open to all partners."""
    return {
        "name": "散客策略",
        "channel": "individual",
        "business_mode": "wholesale",
        "audience": {"kind": "all"},
        "valid_from": "2026-01-01",
        "pay_by": ["prepaid"],
        "order_approval": False,
        "refund_rules": [
            {"until_hours_before": 24, "fee_percent": "0"},
            {"until_hours_before": 0, "fee_percent": "20"},
        ],
        "items": list(items),
    } | changes


async def draft(client: httpx.AsyncClient, supplier: Signed, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await client.post(STRATEGIES, json=strategy(*items, **changes), headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def active(client: httpx.AsyncClient, supplier: Signed, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = await draft(client, supplier, *items, **changes)
    answer = await client.post(f"{STRATEGIES}/{made['id']}/activate", headers=supplier.headers)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def partner(
    app: FastAPI, supplier: Signed, distributor: Signed, *, tier: str | None = None, sells: Sells = Sells.ALL
) -> SupplyRelation:
    """An active relation."""
    async with app.state.database.sessions.begin() as session:
        await name_tiers(session, Actor(), supplier.organization_id, [] if tier is None else [tier])
        relation = SupplyRelation(
            supplier_id=supplier.organization_id,
            distributor_id=distributor.organization_id,
            tier=tier,
            sells=sells,
            status=RelationStatus.ACTIVE,
        )
        session.add(relation)
        await bump_catalogue(session, supplier.organization_id)
        return relation


async def change_relation(app: FastAPI, relation: SupplyRelation, **values: Any) -> None:
    async with app.state.database.sessions.begin() as session:
        await name_tiers(session, Actor(), relation.supplier_id, [values["tier"]] if "tier" in values else [])
        await session.execute(update(SupplyRelation).where(SupplyRelation.id == relation.id).values(**values))
        await bump_catalogue(session, relation.supplier_id)


async def authorise(app: FastAPI, relation: SupplyRelation, sku_id: str, settlement_price: int) -> None:
    async with app.state.database.sessions.begin() as session:
        session.add(
            ProductAuthorization(
                relation_id=relation.id,
                sku_id=UUID(sku_id),
                supplier_id=relation.supplier_id,
                distributor_id=relation.distributor_id,
                settlement_price=settlement_price,
            )
        )
        await bump_catalogue(session, relation.supplier_id)


async def withdraw(app: FastAPI, relation: SupplyRelation, sku_id: str) -> None:
    async with app.state.database.sessions.begin() as session:
        await session.execute(
            delete(ProductAuthorization).where(
                ProductAuthorization.relation_id == relation.id, ProductAuthorization.sku_id == UUID(sku_id)
            )
        )
        await bump_catalogue(session, relation.supplier_id)


async def published(app: FastAPI, days: Iterable[tuple[date, DayKind]]) -> None:
    """Official holidays."""
    async with app.state.database.sessions.begin() as session:
        session.add_all(Holiday(day=day, name="节假日", kind=kind) for day, kind in days)
