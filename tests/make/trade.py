"""Partners who are signed in, with stock and money, whose orders go through the application's own lanes."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.orders.service.commands import Place
from make import identity
from make.engine import told
from make.identity import Signed
from make.market import DAY, Market, open_account, open_book, open_bucket, open_skus
from make.relations import relation
from make.worker import settle


@dataclass
class Trade:
    """A supplier and its distributors."""

    app: FastAPI
    market: Market
    supplier: Signed
    distributors: list[Signed]
    catalogue_version: int
    """As it was after the trade was opened; later changes of relations or products make orders stale."""

    @property
    def distributor(self) -> Signed:
        return self.distributors[0]

    async def do(self, command: Any) -> dict[str, Any]:
        """What the command answered."""
        if isinstance(command, Place):
            command = replace(command, quote=replace(command.quote, catalogue_version=self.catalogue_version))
        return told(await self.app.state.desk.lanes.submit(self.market.supplier_id, command))

    async def paid(self, *lines: Any, distributor: int = 0) -> dict[str, Any]:
        """A paid order, and what follows from it."""
        order = await self.do(self.market.place(*lines, distributor=distributor))
        await settle(self.app)
        return order

    async def use(self, order: dict[str, Any], *, line: int = 0, quantity: int | None = None) -> dict[str, Any]:
        """Redeem a line's code, and what follows from it; the ticket."""
        ticket = await self.do(self.market.redeem(order["lines"][line]["tickets"][0]["code"], quantity=quantity))
        await settle(self.app)
        return ticket

    async def refund(self, order: dict[str, Any], quantities: dict[int, int] | None = None) -> None:
        """Give back units of the lines, by their place in the order, and what follows from it."""
        wanted = None if quantities is None else {UUID(order["lines"][i]["id"]): n for i, n in quantities.items()}
        await self.do(self.market.refund(UUID(order["id"]), wanted))
        await settle(self.app)


async def trade(
    app: FastAPI,
    client: httpx.AsyncClient,
    connection: asyncpg.Connection,
    *,
    tiers: tuple[str | None, ...] = (None,),
    items: int = 1,
    money: int = 1_000_000,
) -> Trade:
    """A supplier with `items` of 1,000 places each, a distributor per tier with `money` prepaid."""
    supplier = await identity.supplier(app)
    distributors = [await identity.distributor(app) for _ in tiers]
    ids = [distributor.organization_id for distributor in distributors]
    made = Market(supplier.organization_id, ids, [clock.new_id() for _ in range(items)])
    for item in made.item_ids:
        await connection.execute(
            "INSERT INTO inventory_items (id, supplier_id, name, mode, version, created_at, updated_at) "
            "VALUES ($1, $2, '门票', 'daily', 1, $3, $3)",
            item,
            made.supplier_id,
            clock.now(),
        )
        await open_bucket(connection, made.supplier_id, item, DAY, 1000)
    await open_skus(connection, made)
    await open_book(connection, made.supplier_id)
    for distributor, tier in zip(distributors, tiers, strict=True):
        await relation(client, supplier, distributor, **({} if tier is None else {"tier": tier}))
        made.account_ids[distributor.organization_id] = await open_account(
            connection, made.supplier_id, distributor.organization_id, money=money
        )
    version = await connection.fetchval(
        "SELECT version FROM catalogue_versions WHERE supplier_id = $1", made.supplier_id
    )
    return Trade(app, made, supplier, distributors, version)
