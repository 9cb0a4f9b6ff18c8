"""The audit trail: who did what, for whom, what changed; without secrets and people, for ever, and to be searched."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper

from distro_api.core import changes, clock
from distro_api.core.changes import HIDDEN
from distro_api.core.db import Base
from distro_api.core.settings import Settings
from distro_api.identity.models import AuditRow, Kind, Organization, OrganizationStatus, User
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor
from distro_api.orders import models as orders
from make import identity as make
from make import products, relations, strategies
from strangers import world

pytestmark = pytest.mark.capability("X3")
AUDIT = "/api/v1/audit"


async def rows(client: httpx.AsyncClient, who: make.Signed, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(AUDIT, params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def changed(row: dict[str, Any], table: str) -> dict[str, Any]:
    """The one row of `table` that changed, by field: (before, after)."""
    [change] = [change for change in row["changes"] if change["table"] == table]
    names = change["before"].keys() | change["after"].keys()
    return {name: (change["before"].get(name), change["after"].get(name)) for name in names}


async def test_an_edit_tells_the_fields_before_and_after(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    made = await relations.relation(client, supplier, distributor, tier="普通")
    path = f"/api/v1/supply-relations/{made['id']}"
    await client.patch(path, json={"tier": "金牌", "sells": "all"}, headers=supplier.headers)
    await client.post(f"{path}/stop", headers=supplier.headers)
    opened, edited, stopped = await rows(client, supplier, object_id=made["id"], sort="created_at")
    assert changed(opened, "supply_relations") == {
        "supplier_id": (None, str(supplier.organization_id)),
        "distributor_id": (None, str(distributor.organization_id)),
        "tier": (None, "普通"),
        "sells": (None, "all"),
        "status": (None, "active"),
    }
    assert changed(edited, "supply_relations") == {"tier": ("普通", "金牌")}
    assert changed(stopped, "supply_relations") == {"status": ("active", "stopped")}


async def test_what_belongs_to_the_object_is_told_with_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Children, upserts and deletes: an item's price, an authorised price, a deleted category."""
    admin, supplier, distributor = await make.admin(app), await make.supplier(app), await make.distributor(app)
    product = await products.on_sale(client, supplier, admin)
    sku = product["skus"][0]["id"]
    strategy = await strategies.draft(client, supplier, {"sku_id": sku, "settlement_price": 9000})
    items = {"items": [{"sku_id": sku, "settlement_price": 8500}]}
    await client.put(f"/api/v1/strategies/{strategy['id']}/items", json=items, headers=supplier.headers)
    [row] = await rows(client, supplier, action="strategies.put_items")
    assert changed(row, "strategy_items") == {"settlement_price": (9000, 8500)}

    relation = await relations.relation(client, supplier, distributor)
    path = f"/api/v1/supply-relations/{relation['id']}/product-authorizations"
    for price in (9200, 9100):
        await client.post(path, json={"lines": [{"sku_id": sku, "settlement_price": price}]}, headers=supplier.headers)
    await client.delete(f"{path}/{sku}", headers=supplier.headers)
    told = [
        changed(row, "product_authorizations")["settlement_price"]
        for action in ("relations.authorize", "relations.withdraw")
        for row in await rows(client, supplier, action=action, sort="created_at")
    ]
    assert told == [(None, 9200), (9200, 9100), (9100, None)]

    category = (await client.post("/api/v1/categories", json={"name": "温泉"}, headers=admin.headers)).json()
    await client.delete(f"/api/v1/categories/{category['id']}", headers=admin.headers)
    made, gone = await rows(client, admin, object_id=category["id"], sort="created_at")
    assert (changed(made, "categories"), changed(gone, "categories")) == (
        {"name": (None, "温泉")},
        {"name": ("温泉", None)},
    )


async def test_an_order_tells_its_status_before_and_after(client: httpx.AsyncClient, app: FastAPI) -> None:
    owners = await world(app, client)
    order = await owners.ordered()
    await owners.do("distributor", "POST", f"/orders/{order['id']}/cancel", {"reason": "行程有变"})
    placed, cancelled = await rows(client, owners.distributor, object_id=order["id"], sort="created_at")
    assert (placed["action"], placed["detail"]["status"], placed["detail"].get("before")) == (
        "orders.place",
        "paid",
        None,
    )
    assert (cancelled["detail"]["before"], cancelled["detail"]["status"]) == ("paid", "cancelled")


async def test_what_was_refused_or_rolled_back_is_not_told(client: httpx.AsyncClient, app: FastAPI) -> None:
    """A refusal that its key remembers commits, but not the act that led to it."""
    admin, supplier = await make.admin(app), await make.supplier(app)
    body = {"kind": "supplier", "name": "西湖", "owner": {"username": supplier.username, "password": make.PASSWORD}}
    refused = await client.post("/api/v1/organizations", json=body, headers=admin.with_key("taken-1"))
    assert refused.json()["code"] == "username_taken"
    assert await rows(client, admin, action="identity.create_organization", user_id=str(admin.user_id)) == []


async def test_a_rolled_back_savepoint_takes_its_notes_with_it(app: FastAPI, clean: None) -> None:
    me = Actor(uuid4(), uuid4(), "savepoints", "127.0.0.1")
    async with app.state.database.sessions.begin() as session:
        kept = Organization(kind=Kind.ADMIN, name="平台", status=OrganizationStatus.ACTIVE)
        session.add(kept)
        audit.record(session, me, "tests.kept", "organization", None)
        savepoint = await session.begin_nested()
        session.add(Organization(kind=Kind.ADMIN, name="没有", status=OrganizationStatus.ACTIVE))
        await session.flush()
        audit.record(session, me, "tests.lost", "organization", None)
        await savepoint.rollback()
        async with session.begin_nested():
            kept.name = "平台二"
            audit.record(session, me, "tests.kept_too", "organization", kept.id)
    async with app.state.database.sessions() as session:
        found = {row.action: row for row in await session.scalars(select(AuditRow))}
    assert found.keys() == {"tests.kept", "tests.kept_too"}
    assert found["tests.kept"].changes is None
    made, renamed = found["tests.kept_too"].changes
    assert (made["after"]["name"], renamed["before"], renamed["after"]) == (
        "平台",
        {"name": "平台"},
        {"name": "平台二"},
    )


async def test_a_long_list_is_counted_and_a_long_text_cut(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    product = await products.product(client, supplier, description="很" * 5000)
    item = product["skus"][0]["stock"][0]["item_id"]
    first = clock.now().date()
    days = {"date_from": str(first), "date_to": str(first + timedelta(days=89)), "capacity": 10}
    await client.put(f"/api/v1/inventory/items/{item}/calendar", json=days, headers=supplier.headers)
    [made] = await rows(client, supplier, action="products.create")
    assert len(changed(made, "products")["description"][1]) == changes.MOST_CHARACTERS + 1
    [row] = await rows(client, supplier, action="inventory.set_calendar")
    assert (len(row["changes"]), row["detail"]["more_changes"]) == (audit.MOST_CHANGES, 90 - audit.MOST_CHANGES)


async def test_secrets_and_people_are_hidden_but_their_change_is_seen(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    await client.patch("/api/v1/me", json={"name": "王芳"}, headers=supplier.headers)
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed_password = await client.post("/api/v1/me/password", json=body, headers=supplier.headers)
    headers = {"Authorization": f"Bearer {changed_password.json()['access_token']}"}
    found = (await client.get(f"{AUDIT}?sort=created_at", headers=headers)).json()["items"]
    of = {row["action"]: row for row in found}
    assert changed(of["identity.update_user"], "users") == {"name": (HIDDEN, HIDDEN)}
    assert changed(of["identity.change_password"], "users")["password_hash"] == (HIDDEN, HIDDEN)


async def test_planted_secrets_and_people_are_nowhere_in_the_trail(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    owners = await world(app, client)
    planted = {
        "owner_password": "Planted-Secret-1",
        "owner_phone": "13711110001",
        "owner_email": "planted2@example.com",
        "owner_name": "埋一一",
        "username": "planted-three",
        "contact": "埋二二",
        "contact_phone": "13711110004",
        "my_name": "埋三三",
        "new_password": "Planted-Secret-5",
        "wrong_password": "Planted-Secret-6",
        "customer": "埋四四",
        "customer_phone": "13711110007",
        "customer_organization": "埋五五单位",
        "address": "埋六六路 8 号",
        "receiver": "埋七七",
        "note": "埋八八备注",
        "recharge_note": "埋九九备注",
    }
    owner = {"username": planted["username"], "password": planted["owner_password"], "phone": planted["owner_phone"]}
    owner |= {"email": planted["owner_email"], "name": planted["owner_name"]}
    await owners.do("admin", "POST", "/organizations", {"kind": "distributor", "name": "远方旅行社", "owner": owner})
    contact = {"name": "近山旅行社", "phone": planted["contact_phone"], "contact_name": planted["contact"]}
    await owners.do("supplier", "POST", "/distributors", contact)
    for name in ("item_id", "strategy_id", "recharge_id"):
        await owners.id(name)
    customer = {
        "name": planted["customer"],
        "phone": planted["customer_phone"],
        "organization": planted["customer_organization"],
    }
    order = {
        "channel": "individual",
        "customer": customer,
        "note": planted["note"],
        "lines": [{"sku_id": await owners.id("sku_id"), "quantity": 1, "date": str(owners.day)}],
        "pay": {"method": "prepaid"},
    }
    placed = await owners.do("distributor", "POST", "/orders", order)
    code = placed["lines"][0]["tickets"][0]["code"]
    await owners.do("supplier", "POST", "/tickets/redeem", {"code": code})
    body = {"amount": 1, "method": "offline", "note": planted["recharge_note"]}
    await owners.do("supplier", "POST", f"/accounts/{await owners.id('account_id')}/recharges", body)
    wrong = {"username": owners.supplier.username, "password": planted["wrong_password"]}
    assert (await client.post("/api/v1/auth/login", json=wrong)).status_code == 401
    await owners.do("supplier", "PATCH", "/me", {"name": planted["my_name"]})
    passwords = {"old_password": make.PASSWORD, "new_password": planted["new_password"]}
    tokens = await owners.do("supplier", "POST", "/me/password", passwords)

    trail = "\n".join(row[0] for row in await owner_connection.fetch("SELECT to_jsonb(a)::text FROM audit_log a"))
    assert placed["id"] in trail and str(owners.supplier.user_id) in trail
    secret = planted | {"code": code, "access": tokens["access_token"], "refresh": tokens["refresh_token"]}
    secret |= {"password": make.PASSWORD, "phone": owners.supplier.phone, "name": owners.supplier.username}
    assert [name for name, value in secret.items() if value in trail or json.dumps(value)[1:-1] in trail] == []


def test_no_text_is_told_unless_its_column_says_so() -> None:
    """Numbers, dates and enumerations are told; what people type is not, until somebody has thought about it."""
    told = {
        f"{mapper.local_table.name}.{column.name}"
        for mapper in _tracked()
        for column in mapper.local_table.columns
        if changes.is_told(column) and not isinstance(column.type, changes.PLAIN)
    }
    people = ("phone", "email", "username", "password", "id_number", "address", "contact", "secret", "token", "hash")
    assert [name for name in sorted(told) if any(word in name for word in people)] == []
    assert not {f"users.{c.name}" for c in inspect(User).local_table.columns} & told
    assert "relations.tier" not in told and "supply_relations.tier" in told


def _tracked() -> list[Mapper[Any]]:
    found = [mapper for mapper in Base.registry.mappers if mapper.class_.__tracked__]
    assert len(found) > 10 and orders.Order not in [mapper.class_ for mapper in found]
    return found


@pytest.mark.parametrize("login", ["app_database_url", "engine_database_url"])
async def test_nobody_rewrites_the_trail(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings, login: str
) -> None:
    await client.patch("/api/v1/me", json={"name": "王芳"}, headers=(await make.supplier(app)).headers)
    connection = await asyncpg.connect(getattr(settings, login))
    try:
        assert await connection.fetchval("SELECT count(*) FROM audit_log") > 0
        leaf = await connection.fetchval("SELECT tableoid::regclass::text FROM audit_log LIMIT 1")
        for table in ("audit_log", leaf, "parameter_changes"):
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        for statement in (f"DROP TABLE {leaf}", f"ALTER TABLE audit_log DETACH PARTITION {leaf}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_trail_is_searched_by_each_of_its_columns(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    middle = clock.now()
    for who, name in ((supplier, "温泉套票"), (other, "滑雪票")):
        headers = who.headers | {"X-Request-Id": f"made-{name and who.username}"}
        made = await client.post("/api/v1/products", json=products.ticket(name=name), headers=headers)
        assert made.status_code == 201
    [mine] = await rows(client, supplier, action="products.")
    assert changed(mine, "products")["name"] == (None, "温泉套票")
    searches: list[dict[str, Any]] = [
        {"organization_id": str(supplier.organization_id), "action": "products."},
        {"user_id": str(supplier.user_id), "action": "products.create"},
        {"object_type": "product", "user_id": str(supplier.user_id)},
        {"object_id": mine["object_id"]},
        {"request_id": f"made-{supplier.username}"},
        {"address": "127.0.0.1", "q": "温泉套票"},
        {"created_from": middle.isoformat(), "q": "温泉"},
        {"q": "products.CREATE", "user_id": str(supplier.user_id)},
    ]
    for search in searches:
        assert [row["id"] for row in await rows(client, admin, **search)] == [mine["id"]], search
    for search in (
        {"address": "10.0.0.1"},
        {"created_to": middle.isoformat(), "object_id": mine["object_id"]},
        {"q": "温泉套票", "created_to": (clock.now() - timedelta(days=40)).isoformat()},
        {"q": "温泉%"},
        {"action": "products_"},
        {"object_type": "prod"},
        {"on_behalf_of": str(supplier.organization_id)},
        {"api_key_id": str(uuid4())},
    ):
        assert await rows(client, admin, **search) == [], search


async def test_owners_find_their_own_only_whatever_they_search(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    made = await products.product(client, supplier)
    for search in (
        {},
        {"organization_id": str(supplier.organization_id)},
        {"user_id": str(supplier.user_id)},
        {"object_id": made["id"]},
        {"q": made["product_code"]},
    ):
        assert [
            row for row in await rows(client, other, **search) if row["organization_id"] != str(other.organization_id)
        ] == []
        assert any(
            row["organization_id"] == str(supplier.organization_id) for row in await rows(client, admin, **search)
        )
    assert await rows(client, other, object_id=made["id"]) == []


async def test_the_trail_is_paged_by_time(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    for name in ("一", "二", "三"):
        await client.patch("/api/v1/me", json={"name": name}, headers=supplier.headers)
    all_rows = await rows(client, supplier)
    assert [row["created_at"] for row in all_rows] == sorted((row["created_at"] for row in all_rows), reverse=True)
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        more = {} if cursor is None else {"cursor": cursor}
        answer = await client.get(AUDIT, params={"limit": 2, **more}, headers=supplier.headers)
        seen += [row["id"] for row in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert seen == [row["id"] for row in all_rows]


@pytest.mark.parametrize(
    "query",
    ["user_id=nobody", "created_from=2026-01-01T00:00:00", f"q={'x' * 101}", "sort=action", "address=%00", "q=%00"],
)
async def test_bad_searches(client: httpx.AsyncClient, app: FastAPI, query: str) -> None:
    admin = await make.admin(app)
    assert (await client.get(f"{AUDIT}?{query}", headers=admin.headers)).status_code == 422


async def test_who_acts_for_whom_is_told(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    key = uuid4()
    actor = Actor(admin.organization_id, admin.user_id, "for-them", "127.0.0.1", key, supplier.organization_id)
    async with app.state.database.sessions.begin() as session:
        audit.record(session, actor, "tests.acted", "organization", supplier.organization_id)
    [row] = await rows(client, admin, on_behalf_of=str(supplier.organization_id))
    assert (UUID(row["api_key_id"]), row["user_id"], quote(row["request_id"])) == (key, str(admin.user_id), "for-them")
