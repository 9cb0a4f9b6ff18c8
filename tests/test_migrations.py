"""Migrations up, down and up again with data in the tables; and they make what the models say."""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from distro_api.core import migrate, outbox, provision
from distro_api.core.db import sqlalchemy_engine
from distro_api.core.embedded import LocalPostgres
from distro_api.core.lanes import Lanes
from distro_api.models import Base
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from make.engine import OrderLanes, told
from make.market import market

CATALOGUE = """
WITH leaves AS (SELECT oid FROM pg_class WHERE relispartition), n AS (SELECT 'public'::regnamespace AS ns)
SELECT 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
    FROM pg_constraint c, n WHERE c.connamespace = n.ns AND c.conrelid <> 0 AND c.conparentid = 0
    AND c.conrelid NOT IN (SELECT oid FROM leaves)
UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid, n
    WHERE k.relnamespace = n.ns AND NOT k.relispartition
UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || a.attnotnull || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text || a.attgenerated::text
    FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid
    AND d.adnum = a.attnum, n WHERE k.relnamespace = n.ns AND k.relkind IN ('r', 'p') AND a.attnum > 0
    AND NOT a.attisdropped AND NOT k.relispartition
UNION ALL SELECT 'storage ' || k.oid::regclass || ' ' || array_to_string(k.reloptions, ',') FROM pg_class k, n
    WHERE k.relnamespace = n.ns AND k.relkind = 'r' AND NOT k.relispartition AND k.reloptions IS NOT NULL
ORDER BY 1
"""
RIGHTS = """
SELECT relation, grantee, string_agg(privilege, ',' ORDER BY privilege) FROM (
    SELECT c.oid::regclass::text AS relation, x.grantee::regrole::text AS grantee, x.privilege_type AS privilege
    FROM pg_class c, aclexplode(c.relacl) x WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    UNION ALL SELECT p.oid::regprocedure::text, x.grantee::regrole::text, x.privilege_type
    FROM pg_proc p, aclexplode(p.proacl) x WHERE p.pronamespace = 'public'::regnamespace) r
GROUP BY 1, 2 ORDER BY 1, 2
"""


@pytest.fixture
async def dsn(postgres: LocalPostgres) -> AsyncIterator[str]:
    """An empty database with the roles."""
    name = f"migrations_{uuid4().hex[:8]}"
    await _run(postgres.url(), f"CREATE DATABASE {name}")
    connection = await asyncpg.connect(postgres.url(name))
    await provision.create_roles(connection, b"the roles are there already")
    await connection.close()
    yield postgres.url(name)
    await _run(postgres.url(), f"DROP DATABASE {name} WITH (FORCE)")


async def test_up_down_and_up_again_with_data(dsn: str, postgres: LocalPostgres) -> None:
    scripts = ScriptDirectory.from_config(migrate.config(dsn))
    revisions = [script.revision for script in scripts.walk_revisions()]
    await migrate.upgrade(dsn)
    await _run(dsn, "SELECT ensure_partitions(current_date - 31, current_date + 31)")
    before = await _catalogue(dsn)
    await _trade(dsn)
    assert {name for name, count in (await _counts(dsn)).items() if count} >= {"orders", "entries", "tickets", "events"}

    for below in revisions[1 : len(revisions) // 2]:
        kept = await _counts(dsn)
        await migrate.downgrade(dsn, below)
        left = await _counts(dsn)
        brought_back = dict.fromkeys(left.keys() - kept.keys(), 0)
        assert left.items() <= (kept | brought_back).items(), f"the way down to {below} changed other tables"
    await migrate.upgrade(dsn)
    filled = {name: count for name, count in left.items() if count}
    assert filled.items() <= (await _counts(dsn)).items(), "the way up lost rows"
    assert await _catalogue(dsn) == before

    await migrate.downgrade(dsn, "base")
    assert set(await _counts(dsn)) == {"alembic_version"}
    await migrate.upgrade(dsn)
    assert await _catalogue(dsn) == before


async def test_every_revision_says_what_it_brings_and_they_form_one_line() -> None:
    scripts = ScriptDirectory.from_config(_config())
    revisions = list(scripts.walk_revisions())
    assert len(scripts.get_heads()) == 1
    assert all(script.doc for script in revisions)
    assert [script.revision for script in revisions] == sorted((s.revision for s in revisions), reverse=True)


async def test_models_and_migrations_make_the_same(dsn: str, postgres: LocalPostgres) -> None:
    """Autogenerate does not see a changed CHECK or a new value of an enumeration; the catalogues do."""
    await migrate.upgrade(dsn)
    migrated = await _lines(dsn, CATALOGUE)
    name = f"models_{uuid4().hex[:8]}"
    await _run(postgres.url(), f"CREATE DATABASE {name}")
    engine = sqlalchemy_engine(postgres.url(name), 1)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    created = await _lines(postgres.url(name), CATALOGUE)
    await _run(postgres.url(), f"DROP DATABASE {name} WITH (FORCE)")
    assert _only(migrated) == _only(created)


def _config() -> Config:
    return migrate.config("postgresql:///nowhere")


def _only(lines: Iterable[str]) -> list[str]:
    """Without Alembic's own table."""
    return [line for line in lines if "alembic_version" not in line]


async def _run(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _lines(dsn: str, sql: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [" ".join(map(str, row)) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def _catalogue(dsn: str) -> list[str]:
    """Tables, columns, constraints, indexes, and who may do what."""
    return [*await _lines(dsn, CATALOGUE), *await _lines(dsn, RIGHTS)]


async def _counts(dsn: str) -> dict[str, int]:
    """Rows by table."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        )
        return {row[0]: await connection.fetchval(f"SELECT count(*) FROM {row[0]}") for row in tables}
    finally:
        await connection.close()


async def _trade(dsn: str) -> None:
    """Orders in several states, with their stock, books, tickets and events."""
    connection = await asyncpg.connect(dsn)
    try:
        m = await market(connection)
        lanes: OrderLanes = Lanes(dsn, executor(RandomSource("Asia/Shanghai"), "Asia/Shanghai"), count=1)
        async with lanes:
            paid = told(await lanes.submit(m.supplier_id, m.place(m.line(3, per_day=10), key="k")))
            code = paid["lines"][0]["tickets"][0]["code"]
            await lanes.submit(m.supplier_id, m.redeem(code, quantity=1, serial="1"))
            await lanes.submit(m.supplier_id, m.place(pay=None))
            await lanes.submit(m.supplier_id, m.place(approval=True))
            gone = told(await lanes.submit(m.supplier_id, m.place()))
            await lanes.submit(m.supplier_id, m.cancel(UUID(gone["id"])))
        async with connection.transaction():
            assert await outbox.relay(connection) > 0
    finally:
        await connection.close()
