"""What is measured, in which order: rounds in which everything is measured once, so that noise falls on all alike."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import async_sessionmaker

from benchmarks import load, market
from benchmarks.databases import Databases, Tell
from benchmarks.load import Buyer, Load, Seller
from benchmarks.processes import CpuTime
from benchmarks.stage import SECRET, Product, Stage
from distro_api.core.consume import lag
from distro_api.core.db import sqlalchemy_engine
from distro_api.core.pagination import encode_cursor
from distro_api.identity.models import Kind
from distro_api.identity.service.tokens import Tokens

CLIENTS = (1, 16, 64)
WRITES = (*(f"{what}{n}" for n in CLIENTS for what in ("hot", "spread")), "mix64")
READS = ("offers", "quote", "orders_first", "orders_deep", "orders_deep_admin")
PIECES = (*WRITES, "lone", "growth", *READS)
READ_CLIENTS = 16
GROWTH_CLIENTS = 64
DRAINED_WITHIN_S = 10.0
GIVE_UP_S = 60.0
MOST_REQUESTS = 1000
Request = tuple[str, str, str, str]
"""Method, path, token, body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One piece in one round. `beside`: the rate (or time) of what it is compared with, in the same round."""

    piece: str
    round: int
    load: Load
    cpu: CpuTime
    drained_s: float
    beside: float | None = None

    @property
    def cpu_ms(self) -> dict[str, float]:
        """Per successful answer, in milliseconds."""
        answers = max(self.load.requests - self.load.refused, 1)
        used = {"api": self.cpu.api, "database": self.cpu.database, "worker": self.cpu.worker}
        return {name: 1000 * s / answers for name, s in {**used, "client": self.load.client_cpu_s}.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of it."""

    pieces: frozenset[str]
    rounds: int
    seconds: float
    warm_up_s: float
    workers: int
    profile: Path | None


class Programme:
    """Runs a plan on a stage and collects figures."""

    def __init__(self, stage: Stage, plan: Plan, tell: Tell, after: Callable[[str, int], None]) -> None:
        self._stage, self._plan, self._tell, self._after = stage, plan, tell, after
        self._databases = Databases(stage, tell)
        self._signer = market.Signer(Tokens(SECRET.encode(), 900))
        self._data = stage.home / "data.lua"
        self.figures: list[Figure] = []
        self.memory_mb = 0.0

    def run(self) -> None:
        """Everything in the plan."""
        if self._plan.pieces & {*WRITES, "lone"}:
            self._writes()
        if "growth" in self._plan.pieces:
            self._growth()
        if reads := [piece for piece in READS if piece in self._plan.pieces]:
            self._reads(reads)

    @contextmanager
    def _product(self, database: str) -> Iterator[Product]:
        with self._stage.serve(database, workers=self._plan.workers, profile=self._plan.profile) as product:
            yield product
            self.memory_mb = max(self.memory_mb, product.memory_mb())
            for complaint in product.complaints():
                self._tell(f"! {complaint}")

    def _writes(self) -> None:
        tpcb = self._databases.tpcb()
        wanted = [piece for piece in WRITES if piece in self._plan.pieces]
        counts = sorted({_clients(piece) for piece in wanted})
        with self._product(self._databases.small()) as product:
            self._tell("warm-up")
            for what in sorted({_what(piece) for piece in wanted}):
                self._place(product, what, GROWTH_CLIENTS, self._plan.warm_up_s)
            if counts:
                load.pgbench(self._stage, tpcb, clients=counts[-1], seconds=self._plan.warm_up_s)
            self._after(product.database, 0)
            for number in range(1, self._plan.rounds + 1):
                for clients in counts:
                    rate = load.pgbench(self._stage, tpcb, clients=clients, seconds=self._plan.seconds)
                    self._tell(f"round {number}  tpcb-like {clients:>2} clients  {rate:8,.0f}/s")
                    for piece in wanted:
                        if _clients(piece) == clients:
                            self._measure(product, piece, number, _what(piece), clients, beside=rate)
                if "lone" in self._plan.pieces:
                    row = load.insert_p50_ms(self._stage.url(product.database), self._plan.seconds)
                    self._measure(product, "lone", number, "hot", 1, beside=row)

    def _growth(self) -> None:
        databases = {"few": self._databases.small(), "many": self._databases.large()}
        for number in range(1, self._plan.rounds + 1):
            for size, database in databases.items():
                with self._product(database) as product:
                    self._place(product, "spread", GROWTH_CLIENTS, self._plan.warm_up_s)
                    self._after(database, 0)
                    self._measure(product, f"growth_{size}", number, "spread", GROWTH_CLIENTS)

    def _reads(self, pieces: list[str]) -> None:
        database = self._databases.large()
        asyncio.run(_analyze(self._stage.url(database)))
        with self._product(database) as product:
            requests = asyncio.run(self.requests(database))
            for number in range(self._plan.rounds + 1):
                for piece in pieces:
                    load.write_requests(self._data, requests[piece])
                    seconds = self._plan.seconds if number else self._plan.warm_up_s
                    begun = product.cpu_time()
                    told = load.wrk("replay", product.address, self._data, clients=READ_CLIENTS, seconds=seconds)
                    if number:
                        self._add(piece, number, told, product.cpu_time().since(begun), 0.0, None)
                    self._after(database, told.requests if number else 0)

    def _measure(
        self, product: Product, piece: str, number: int, what: str, clients: int, beside: float | None = None
    ) -> None:
        """Load, then wait until every event of it has been handled: the CPU time of both."""
        begun = product.cpu_time()
        told = self._place(product, what, clients, self._plan.seconds)
        drained_s = asyncio.run(_drained(self._stage.url(product.database)))
        self._add(piece, number, told, product.cpu_time().since(begun), drained_s, beside)
        self._after(product.database, told.requests)

    def _place(self, product: Product, what: str, clients: int, seconds: float) -> Load:
        buyers, sellers = self._market(what)
        load.write_market(self._data, secrets.token_hex(6), secrets.randbelow(2**20), buyers, sellers)
        script = "mix" if what == "mix" else "place"
        return load.wrk(script, product.address, self._data, clients=clients, seconds=seconds)

    def _market(self, what: str) -> tuple[list[Buyer], list[Seller]]:
        hot = what == "hot"
        suppliers = [market.HOT] if hot else list(range(1, market.SUPPLIERS + 1))
        distributors = [market.HOT] if hot else range(1, market.DISTRIBUTORS + 1)
        sellers = []
        for n in suppliers:
            organization_id = market.name("supplier", n)
            offers = [
                (market.name("sku", p), str(market.today() if what == "mix" else market.service_date(p)))
                for p in market.products_of(n)
            ]
            sellers.append(Seller(organization_id, self._signer.token(organization_id, Kind.SUPPLIER), offers))
        buyers = []
        for n in distributors:
            organization_id = market.name("distributor", n)
            token = self._signer.token(organization_id, Kind.DISTRIBUTOR)
            buyers.append(Buyer(organization_id, token, suppliers.index(market.supplier_of(n))))
        return buyers, sellers

    async def requests(self, database: str) -> dict[str, list[Request]]:
        """For each kind of read: (method, path, token, body)."""
        made: dict[str, list[Request]] = {piece: [] for piece in READS}
        for n in range(1, market.DISTRIBUTORS + 1):
            token = self._signer.token(market.name("distributor", n), Kind.DISTRIBUTOR)
            product = market.products_of(market.supplier_of(n))[n % 50]
            day = market.service_date(product)
            body = f'{{"channel":"individual","lines":[{{"sku_id":"{market.name("sku", product)}","quantity":2,"date":"{day}"}}]}}'
            made["quote"].append(("POST", "/api/v1/quotes", token, body))
            made["offers"].append(("GET", f"/api/v1/offers?limit=50&date={day}", token, ""))
        connection = await asyncpg.connect(self._stage.url(database))
        try:
            for n in range(1, market.SUPPLIERS + 1):
                supplier_id = market.name("supplier", n)
                token = self._signer.token(supplier_id, Kind.SUPPLIER)
                made["orders_first"].append(("GET", "/api/v1/orders?limit=50", token, ""))
                where = "WHERE supplier_id = $1"
                for cursor in await _cursors(connection, where, (0.5, 0.9, 0.99), supplier_id):
                    made["orders_deep"].append(("GET", f"/api/v1/orders?limit=50&cursor={cursor}", token, ""))
            admin = self._signer.token(market.name("admin"), Kind.ADMIN)
            for cursor in await _cursors(connection, "", (0.1, 0.5, 0.9)):
                made["orders_deep_admin"].append(("GET", f"/api/v1/orders?limit=50&cursor={cursor}", admin, ""))
        finally:
            await connection.close()
        return made

    async def one_row_requests(self, database: str) -> dict[str, list[Request]]:
        """Reads of one order (with its lines) and one account, each by its distributor."""
        made: dict[str, list[Request]] = {"one_order": [], "one_account": []}
        asked = {
            "one_order": "SELECT id, distributor_id, '/api/v1/orders/' FROM orders ORDER BY id DESC LIMIT $1",
            "one_account": "SELECT id, owner_id, '/api/v1/accounts/' FROM accounts WHERE kind = 'prepaid' LIMIT $1",
        }
        connection = await asyncpg.connect(self._stage.url(database))
        try:
            for piece, query in asked.items():
                for found, owner_id, path in await connection.fetch(query, MOST_REQUESTS):
                    token = self._signer.token(owner_id, Kind.DISTRIBUTOR)
                    made[piece].append(("GET", f"{path}{found}", token, ""))
        finally:
            await connection.close()
        return made

    def _add(self, piece: str, number: int, told: Load, cpu: CpuTime, drained_s: float, beside: float | None) -> None:
        figure = Figure(piece=piece, round=number, load=told, cpu=cpu, drained_s=drained_s, beside=beside)
        self.figures.append(figure)
        ms = "  ".join(f"{name} {value:.2f}" for name, value in figure.cpu_ms.items())
        self._tell(
            f"round {number}  {piece:<18}{told.per_s:8,.0f}/s  p50 {told.p50_ms:.1f}  p95 {told.p95_ms:.1f}  p99 {told.p99_ms:.1f} ms"
            f"  CPU ms: {ms}  busiest {100 * cpu.busiest:.0f} %"
            + (f"  drained in {drained_s:.1f} s" if drained_s else "")
        )


def _what(piece: str) -> str:
    return piece.rstrip("0123456789")


def _clients(piece: str) -> int:
    return int(piece.removeprefix(_what(piece)))


async def _cursors(connection: asyncpg.Connection, where: str, depths: tuple[float, ...], *args: Any) -> list[str]:
    """Cursors of the newest-first list, so deep in it."""
    count = await connection.fetchval(f"SELECT count(*) FROM orders {where}", *args)
    found: list[UUID] = [
        await connection.fetchval(
            f"SELECT id FROM orders {where} ORDER BY id DESC OFFSET {int(count * depth)} LIMIT 1", *args
        )
        for depth in depths
    ]
    return [encode_cursor("-id", str(order_id), order_id) for order_id in found]


async def _analyze(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM (ANALYZE) orders, order_lines, order_transitions")
    finally:
        await connection.close()


async def _drained(dsn: str) -> float:
    """How long it takes until every subscriber has seen every event; no longer than `GIVE_UP_S` is waited."""
    engine = sqlalchemy_engine(dsn, 1)
    begun = time.monotonic()
    try:
        async with async_sessionmaker(engine)() as session:
            while await lag(session) and time.monotonic() - begun < GIVE_UP_S:
                await session.rollback()
                await asyncio.sleep(0.05)
            return time.monotonic() - begun
    finally:
        await engine.dispose()
