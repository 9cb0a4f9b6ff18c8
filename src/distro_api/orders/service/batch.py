"""A lane's batch: look up keys, lock in the one order, decide, write, remember the answers. Plain SQL, one transaction.

Lock order, for every writer: orders (id) → tickets (id) → buckets (item, date, slot) → limit counters → accounts (id).
Idempotency keys are looked up first and inserted last, when nothing else will be locked: a batch then writes a key
once, and one that another process has inserted meanwhile makes it run again and find the answer.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg

from distro_api.accounts.service import ledger as accounts
from distro_api.core import clock, idempotency, outbox
from distro_api.core.db import Connection
from distro_api.core.errors import Conflict, DomainError, IdempotencyKeyReused
from distro_api.core.idempotency import Key, Name, StoredAnswer
from distro_api.core.lanes import Answer, Execute, InUse, Rerun
from distro_api.core.writes import Writes
from distro_api.identity.service import audit
from distro_api.inventory.service import lane as inventory
from distro_api.orders.models import Order
from distro_api.orders.queries.load import catalogue_versions, database_now, load_orders
from distro_api.orders.queries.working import WorkingOrder, takes_of
from distro_api.orders.service.commands import Command, Pay, Place, Refuse
from distro_api.orders.service.decide import decide
from distro_api.orders.service.store import add_new_rows, update_orders
from distro_api.orders.service.world import Outcome, Source, World
from distro_api.strategies.models import BUILT_IN
from distro_api.strategies.service import lane as limits
from distro_api.strategies.service.lane import CounterKey
from distro_api.tickets.service import lane as tickets
from distro_api.tickets.service.lane import Redeem, Reverse

Stored = Mapping[Name, StoredAnswer]


def executor(source: Source, time_zone: str) -> Execute[Command, Outcome]:
    """How lanes run order and ticket commands."""
    return partial(execute, source, time_zone)


async def execute(
    source: Source, time_zone: str, connection: asyncpg.Connection, commands: Sequence[Command]
) -> list[Outcome]:
    """An outcome per command, inside the open transaction.

    Raises:
        Rerun: another process has just answered one of the keys, or used one of the serials or outside numbers.
    """
    keys = [command.key for command in commands if command.key is not None]
    stored, in_use = await idempotency.read_keys(connection, keys)
    fresh, first_of = _first_of_each_key(commands, stored.keys() | in_use)
    world = await _lock(connection, [commands[i] for i in fresh], source, time_zone)
    decided = dict(zip(fresh, decide([commands[i] for i in fresh], world), strict=True))
    await _write(connection, world, _to_remember(commands, decided))
    return [
        decided[i] if i in decided else _known(command, stored, in_use, commands, decided, first_of)
        for i, command in enumerate(commands)
    ]


def _first_of_each_key(commands: Sequence[Command], known: Collection[Name]) -> tuple[list[int], dict[Name, int]]:
    """Positions of the commands to run: of equal keys the first by position, and no key that is known already."""
    fresh: list[int] = []
    first_of: dict[Name, int] = {}
    for i, command in enumerate(commands):
        if command.key is not None:
            name = (command.key.organization_id, command.key.key)
            if name in known or name in first_of:
                continue
            first_of[name] = i
        fresh.append(i)
    return fresh, first_of


def _known(
    command: Command,
    stored: Stored,
    in_use: Collection[Name],
    commands: Sequence[Command],
    decided: Mapping[int, Outcome],
    first_of: Mapping[Name, int],
) -> Outcome:
    """The answer of a key that was there before, is in use elsewhere, or was used by an earlier command of this batch."""
    key = command.key
    assert key is not None
    name = (key.organization_id, key.key)
    if name in stored:
        return remembered(key, stored[name])
    if name in in_use:
        return InUse()
    first_key = commands[first_of[name]].key
    assert first_key is not None
    if first_key.fingerprint != key.fingerprint:
        return IdempotencyKeyReused()
    first = decided[first_of[name]]
    return replace(first, replayed=True) if isinstance(first, Answer) else first


def remembered(key: Key, stored: StoredAnswer) -> Outcome:
    """What a key remembers, as an outcome."""
    if stored.fingerprint != key.fingerprint:
        return IdempotencyKeyReused()
    if stored.status < 400:
        version = json.loads(stored.body).get("version") if stored.body else None
        return Answer(stored.status, stored.body, stored.location, replayed=True, version=version)
    refusal = DomainError.restored(stored.body)
    refusal.replayed = True
    return refusal


def _to_remember(
    commands: Sequence[Command], decided: Mapping[int, Outcome]
) -> Iterator[tuple[Key, int, bytes, str | None, datetime]]:
    """Successes and conflicts; another refusal may turn out otherwise next time."""
    for i, outcome in decided.items():
        command = commands[i]
        if command.key is None:
            continue
        if isinstance(outcome, Answer):
            yield command.key, outcome.status, outcome.body, outcome.location, command.at
        elif isinstance(outcome, Conflict):
            yield command.key, outcome.status, outcome.stored(), None, command.at


@dataclass(slots=True)
class _Wanted:
    """What a batch has to lock before it can decide."""

    places: list[Place]
    order_ids: list[UUID]
    redeems: list[Redeem]
    reverses: list[Reverse]


def _sorted_out(commands: Iterable[Command]) -> _Wanted:
    wanted = _Wanted([], [], [], [])
    for command in commands:
        match command:
            case Place():
                wanted.places.append(command)
            case Redeem():
                wanted.redeems.append(command)
            case Reverse():
                wanted.reverses.append(command)
            case Refuse():
                pass
            case _:
                wanted.order_ids.append(command.order_id)
    return wanted


async def _lock(connection: Connection, commands: Sequence[Command], source: Source, time_zone: str) -> World:
    wanted = _sorted_out(commands)
    suppliers = {place.quote.supplier_id for place in wanted.places}
    versions = await catalogue_versions(connection, suppliers) if suppliers else {}
    orders = await load_orders(connection, wanted.order_ids, lock=True) if wanted.order_ids else {}
    codes = await tickets.lock_many(connection, wanted.redeems, wanted.reverses, orders)
    stock = await inventory.lock_many(connection, _buckets(wanted.places, orders.values()))
    counters = await limits.lock_many(connection, _counters(wanted.places, orders.values(), time_zone))
    books = await accounts.lock_many(
        connection,
        [order.account_id for order in orders.values() if order.account_id is not None],
        _accounts(commands, orders),
    )
    return World(
        source=source,
        time_zone=time_zone,
        database_now=await database_now(connection) if orders else clock.now(),
        catalogue_versions=versions,
        orders=orders,
        outside_nos=await _outside_nos(connection, wanted.places),
        stock=stock,
        counters=counters,
        ledger=books,
        tickets=codes,
    )


def _buckets(places: Iterable[Place], orders: Iterable[WorkingOrder]) -> set[UUID]:
    named = {
        take.bucket_id
        for place in places
        for line in place.quote.lines
        for take in takes_of(line.stock, line.service_date, line.slot, 1)
    }
    named.update(take.bucket_id for order in orders for line in order.lines for take in line.takes(1))
    return named


def _counters(places: Iterable[Place], orders: Iterable[WorkingOrder], time_zone: str) -> Iterator[CounterKey]:
    for place in places:
        for quoted in place.quote.lines:
            if quoted.per_day_limit is not None:
                quote, strategy = place.quote, quoted.strategy_id or BUILT_IN
                yield CounterKey(quote.distributor_id, quoted.sku_id, strategy, place.today, quote.supplier_id)
    oldest = limits.oldest_counted(clock.local_date(clock.now(), time_zone))
    for order in orders:
        if (day := clock.local_date(order.created_at, time_zone)) >= oldest:
            yield from (key for line in order.lines if (key := line.counter(day)) is not None)


def _accounts(commands: Iterable[Command], orders: Mapping[UUID, WorkingOrder]) -> Iterator[accounts.Named]:
    for command in commands:
        if isinstance(command, Place) and command.pay is not None:
            yield command.quote.supplier_id, command.quote.distributor_id, command.pay
        elif isinstance(command, Pay) and (order := orders.get(command.order_id)) is not None:
            yield order.supplier_id, order.distributor_id, command.method


async def _outside_nos(connection: Connection, places: Iterable[Place]) -> dict[tuple[UUID, str, str], UUID]:
    """Orders that were placed under the same outside numbers before."""
    named = [(p.quote.distributor_id, p.source, p.outside_no) for p in places if p.outside_no is not None]
    if not named:
        return {}
    rows = await connection.fetch(
        "SELECT o.distributor_id, o.source, o.outside_no, o.id FROM orders o "
        "JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS w(distributor_id, source, outside_no) "
        "USING (distributor_id, source, outside_no)",
        *(list(part) for part in zip(*named, strict=True)),
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


async def _write(
    connection: Connection, world: World, answers: Iterable[tuple[Key, int, bytes, str | None, datetime]]
) -> None:
    writes = Writes()
    new = {order.id for order in world.placed}
    update_orders(writes, [order for order in world.changed.values() if order.id not in new])
    tickets.apply_many(writes, world.tickets)
    inventory.apply_many(writes, world.stock)
    limits.apply_many(writes, world.counters)
    accounts.apply_many(writes, world.ledger)
    add_new_rows(writes, world)
    audit.record_many(writes, world.acts)
    outbox.publish_many(writes, world.events)
    idempotency.store_keys(writes, answers)
    try:
        complete = await writes.run(connection)
    except asyncpg.UniqueViolationError as taken:
        if taken.table_name != Order.__tablename__:
            raise
        raise Rerun from taken  # an outside number that another process has just used
    if not complete:
        raise Rerun
