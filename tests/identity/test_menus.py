"""Quick links and the menus visited last: each person's own, in order, and never more than fit."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.models.menus import MOST_QUICK_LINKS, MOST_RECENT_MENUS
from make import identity as make

pytestmark = pytest.mark.capability("I14")
LINKS, RECENT = "/api/v1/me/quick-links", "/api/v1/me/recent-menus"


def links(*keys: str) -> dict[str, Any]:
    return {"items": [{"menu_key": key, "title": f"菜单 {key}"} for key in keys]}


def keys(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["menu_key"] for item in answer.json()["items"]]


async def test_links_are_added_moved_and_removed(client: httpx.AsyncClient, app: FastAPI) -> None:
    for who in (await make.supplier(app), await make.distributor(app), await make.admin(app)):
        assert keys(await client.get(LINKS, headers=who.headers)) == []
        for wanted in (["/orders", "/offers"], ["/tickets:all", "/orders", "/offers"], ["/offers"], []):
            assert keys(await client.put(LINKS, json=links(*wanted), headers=who.headers)) == wanted
            assert keys(await client.get(LINKS, headers=who.headers)) == wanted


async def test_the_newest_visit_stands_first_and_the_list_does_not_grow(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    who = await make.distributor(app)
    assert keys(await client.get(RECENT, headers=who.headers)) == []
    for number in range(MOST_RECENT_MENUS + 5):
        await client.post(RECENT, json={"menu_key": f"/m/{number}", "title": "菜单"}, headers=who.headers)
    again = await client.post(RECENT, json={"menu_key": "/m/10", "title": "新名"}, headers=who.headers)
    shown = await client.get(RECENT, headers=who.headers)
    assert keys(shown) == keys(again)
    assert keys(shown)[:3] == ["/m/10", f"/m/{MOST_RECENT_MENUS + 4}", f"/m/{MOST_RECENT_MENUS + 3}"]
    assert len(keys(shown)) == len(set(keys(shown))) == MOST_RECENT_MENUS
    times = [item["visited_at"] for item in shown.json()["items"]]
    assert times == sorted(times, reverse=True) and times[0].endswith("Z")
    assert shown.json()["items"][0]["title"] == "新名"
    assert await owner_connection.fetchval("SELECT count(*) FROM user_menus") == 1
    assert (await client.delete(RECENT, headers=who.headers)).status_code == 204
    assert keys(await client.get(RECENT, headers=who.headers)) == []


async def test_another_s_menus_are_never_seen(client: httpx.AsyncClient, app: FastAPI) -> None:
    mine, other = await make.supplier(app), await make.supplier(app)
    await client.put(LINKS, json=links("/mine"), headers=mine.headers)
    await client.post(RECENT, json={"menu_key": "/mine", "title": "我的"}, headers=mine.headers)
    assert keys(await client.get(LINKS, headers=other.headers)) == keys(await client.get(RECENT, headers=other.headers))
    await client.put(LINKS, json=links(), headers=other.headers)
    await client.delete(RECENT, headers=other.headers)
    assert keys(await client.get(LINKS, headers=mine.headers)) == ["/mine"]
    assert keys(await client.get(RECENT, headers=mine.headers)) == ["/mine"]


async def test_two_devices_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    """No visit is lost, and the links are those of one device, not a mixture."""
    who = await make.distributor(app)
    answers = await asyncio.gather(
        *(client.post(RECENT, json={"menu_key": f"/{n}", "title": "菜单"}, headers=who.headers) for n in range(15)),
        *(client.put(LINKS, json=links(f"/a{n}", f"/b{n}"), headers=who.headers) for n in range(5)),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(keys(await client.get(RECENT, headers=who.headers))) == sorted(f"/{n}" for n in range(15))
    first, second = keys(await client.get(LINKS, headers=who.headers))
    assert first[2:] == second[2:]


@pytest.mark.parametrize(
    "key", ["", " ", "menu key", "菜单", "a" * 101, "a\0b", "<script>", "a?b=1", "../x", None, 7, ["a"]]
)
async def test_bad_keys(client: httpx.AsyncClient, app: FastAPI, key: Any) -> None:
    who = await make.distributor(app)
    body = {"menu_key": key, "title": "菜单"}
    assert (await client.post(RECENT, json=body, headers=who.headers)).status_code == 422
    assert (await client.put(LINKS, json={"items": [body]}, headers=who.headers)).status_code == 422


async def test_bounds(client: httpx.AsyncClient, app: FastAPI) -> None:
    who = await make.distributor(app)
    most = [f"/{n}" for n in range(MOST_QUICK_LINKS)]
    assert keys(await client.put(LINKS, json=links(*most), headers=who.headers)) == most
    one = {"menu_key": "/a", "title": "x"}
    for body in (
        links(*most, "/more"),
        links("/twice", "/twice"),
        {"items": [one | {"title": "x" * 101}]},
        {"items": [one | {"title": "\0"}]},
        {"items": [one | {"user_id": str(who.user_id)}]},
        {"items": None},
        {},
        [],
    ):
        assert (await client.put(LINKS, json=body, headers=who.headers)).status_code == 422
    assert keys(await client.get(LINKS, headers=who.headers)) == most
