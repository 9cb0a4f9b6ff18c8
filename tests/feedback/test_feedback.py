"""Feedback on the platform: anybody gives it, only the giver and the platform see it, and it gets an answer."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.feedback.models import FeedbackStatus
from distro_api.feedback.states import TRANSITIONS, FeedbackAction
from make import identity as make
from make.identity import Signed
from make.parameters import set_parameter

pytestmark = pytest.mark.capability("B5")
PATH = "/api/v1/feedback"


async def give(client: httpx.AsyncClient, who: Signed, **more: Any) -> dict[str, Any]:
    body = {"category": "problem", "text": "订单列表打不开"} | more
    answer = await client.post(PATH, json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def act(client: httpx.AsyncClient, admin: Signed, made: dict[str, Any], action: str) -> httpx.Response:
    body = {"answer": "已修复，请刷新页面。"} if action == "answer" else None
    return await client.post(f"{PATH}/{made['id']}/{action}", json=body, headers=admin.headers)


async def listed(client: httpx.AsyncClient, who: Signed, query: str = "") -> list[str]:
    answer = await client.get(f"{PATH}?{query}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def test_given_taken_up_answered_and_closed(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, distributor = await make.admin(app), await make.distributor(app, "远方旅行社")
    body = {
        "category": "suggestion",
        "text": " 希望订单列表可以按游玩日期排序。 ",
        "contact": "微信 jiahe-2026",
        "context": {"page": "/orders/list", "app": "web 3.2.0"},
    }
    answer = await client.post(PATH, json=body, headers=distributor.headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert (made["status"], made["text"], made["answer"]) == ("open", "希望订单列表可以按游玩日期排序。", None)
    assert made["context"] == {"page": "/orders/list", "app": "web 3.2.0", "device": None}
    assert made["given_by"]["organization_name"] == "远方旅行社"

    started = await act(client, admin, made, "start")
    assert (started.status_code, started.json()["status"], started.headers["ETag"]) == (200, "in_progress", '"2"')
    path = f"{PATH}/{made['id']}"
    for text in ("已列入计划。", "已列入下一版本。"):
        told = await client.post(f"{path}/answer", json={"answer": text}, headers=admin.headers)
        assert (told.json()["status"], told.json()["answer"]) == ("answered", text)
    stale = await client.post(f"{path}/close", headers=admin.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    await client.post(f"{path}/close", json={"reason": "已上线"}, headers=admin.headers)
    [mine] = (await client.get(PATH, headers=distributor.headers)).json()["items"]
    assert (mine["status"], mine["answer"]) == ("closed", "已列入下一版本。")
    assert mine["answered_at"] is not None and mine["version"] == 5
    history = (await client.get(f"{path}/history?sort=created_at", headers=distributor.headers)).json()["items"]
    assert [(step["action"], step["status"], step["note"]) for step in history] == [
        ("start", "in_progress", None),
        ("answer", "answered", "已列入计划。"),
        ("answer", "answered", "已列入下一版本。"),
        ("close", "closed", "已上线"),
    ]
    facts = await owner_connection.fetch("SELECT name, distributor_id, supplier_id FROM outbox ORDER BY id")
    assert [row["name"] for row in facts] == ["feedback.given"] + ["feedback.status_changed"] * 4
    assert {(row["distributor_id"], row["supplier_id"]) for row in facts} == {(distributor.organization_id, None)}
    trail = await owner_connection.fetch(
        "SELECT action, to_jsonb(a)::text FROM audit_log a WHERE action ~ '^feedback' ORDER BY created_at"
    )
    assert [row[0].removeprefix("feedback.") for row in trail] == ["give", "start", "answer", "answer", "close"]
    assert not any("jiahe" in row[1] or "游玩日期" in row[1] for row in trail)


@pytest.mark.parametrize("status", FeedbackStatus)
@pytest.mark.parametrize("action", FeedbackAction)
async def test_every_state_and_action(
    client: httpx.AsyncClient, app: FastAPI, status: FeedbackStatus, action: FeedbackAction
) -> None:
    admin = await make.admin(app)
    made = await give(client, await make.supplier(app))
    way = {"open": (), "in_progress": ("start",), "answered": ("answer",), "closed": ("close",)}
    for step in way[status]:
        assert (await act(client, admin, made, step)).status_code == 200
    allowed = {
        "open": {"start": "in_progress", "answer": "answered", "close": "closed"},
        "in_progress": {"answer": "answered", "close": "closed"},
        "answered": {"answer": "answered", "close": "closed", "reopen": "in_progress"},
        "closed": {"reopen": "in_progress"},
    }
    expected = allowed[status].get(action)
    answer = await act(client, admin, made, action)
    assert answer.status_code == (409 if expected is None else 200)
    shown = (await client.get(f"{PATH}/{made['id']}", headers=admin.headers)).json()
    assert shown["status"] == (expected or status)
    assert len(TRANSITIONS) == sum(len(actions) for actions in allowed.values())


async def test_everybody_gives_and_only_the_platform_answers(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, distributor = await make.admin(app), await make.supplier(app), await make.distributor(app)
    for who in (admin, supplier, distributor):
        made = await give(client, who)
        assert made["given_by"]["user_id"] == str(who.user_id)
        for action in FeedbackAction:
            if who is not admin:
                assert (await act(client, who, made, action)).status_code == 403


async def test_another_s_feedback_is_not_there(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """A colleague's neither: people must be able to speak freely."""
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    made = await give(client, supplier)
    for path in (f"{PATH}/{made['id']}", f"{PATH}/{made['id']}/history"):
        assert (await client.get(path, headers=other.headers)).status_code == 404
        assert (await client.get(path, headers=admin.headers)).status_code == 200
    assert await listed(client, other, f"organization_id={supplier.organization_id}") == []
    assert await listed(client, other, "q=订单") == []
    await owner_connection.execute(
        "UPDATE feedback SET user_id = $1 WHERE id = $2", other.user_id, made["id"]
    )  # as if somebody else of the supplier's people had given it
    assert await listed(client, supplier) == await listed(client, other) == []


async def test_the_platform_finds_what_it_looks_for(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, distributor = await make.admin(app), await make.supplier(app), await make.distributor(app)
    first = await give(client, supplier, text="导出的结算单金额不对，差了 100% 的手续费")
    second = await give(client, distributor, category="praise", text="改版很好用", contact="jiahe@example.com")
    third = await give(client, distributor, category="question", text="如何合并订单？")
    await act(client, admin, third, "answer")
    newest_first = [third["id"], second["id"], first["id"]]
    assert await listed(client, admin) == newest_first
    for query, expected in (
        ("q=结算单", [first]),
        ("q=金额不对", [first]),
        ("q=100%25", [first]),
        ("q=_", []),
        ("q=JIAHE", [second]),
        ("q=已修复", [third]),
        ("status=open", [second, first]),
        ("status=answered&category=question", [third]),
        ("category=praise", [second]),
        (f"organization_id={supplier.organization_id}", [first]),
        (f"user_id={distributor.user_id}", [third, second]),
        (f"created_from={second['created_at']}", [third, second]),
        (f"created_to={second['created_at']}", [first]),
        ("sort=created_at&limit=1", [first]),
        ("sort=-updated_at&limit=1", [third]),
    ):
        assert await listed(client, admin, query) == [made["id"] for made in expected], query
    counted = await client.get(f"{PATH}?with_total=true&limit=1", headers=admin.headers)
    assert counted.json()["total"] == 3


async def test_nobody_floods_the_desk(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Counted exactly, though everything comes at once; a day later there is room again, and others always have theirs."""
    supplier, other = await make.supplier(app), await make.supplier(app)
    await set_parameter(client, app, "feedback_per_day", 4)
    body = {"category": "other", "text": "刷屏"}
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=supplier.headers) for _ in range(7)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 4 + [429] * 3
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], refused.json()["most"]) == ("too_much_feedback", 4)
    assert 86_000 < int(refused.headers["Retry-After"]) <= 86_401
    await give(client, other)
    await owner_connection.execute(
        "UPDATE feedback SET created_at = $1 WHERE user_id = $2",
        clock.now() - timedelta(hours=25),
        supplier.user_id,
    )
    await give(client, supplier)


async def test_a_lost_answer_is_replayed(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    body = {"category": "problem", "text": "页面打不开"}
    first = await client.post(PATH, json=body, headers=supplier.with_key("once"))
    again = await client.post(PATH, json=body, headers=supplier.with_key("once"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await listed(client, supplier)) == 1


async def test_two_of_the_desk_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    for _ in range(4):
        made = await give(client, supplier)
        answers = await asyncio.gather(*(act(client, admin, made, action) for action in ("start", "start", "close")))
        assert [a.status_code for a in answers[:2]].count(200) <= 1
        history = (await client.get(f"{PATH}/{made['id']}/history", headers=admin.headers)).json()["items"]
        assert len(history) == sum(answer.status_code == 200 for answer in answers)
        assert history[0]["status"] == "closed"


async def test_history_is_only_added_to(owner_connection: asyncpg.Connection) -> None:
    for role in ("distro_app", "distro_engine"):
        for right in ("UPDATE", "DELETE"):
            query = "SELECT has_table_privilege($1, 'feedback_steps', $2)"
            assert not await owner_connection.fetchval(query, role, right)


@pytest.mark.parametrize(
    "change",
    [
        {"text": ""},
        {"text": "  "},
        {"text": None},
        {"text": "x" * 5001},
        {"text": "a\0b"},
        {"category": "rant"},
        {"category": None},
        {"contact": "x" * 201},
        {"context": {"page": "x" * 201}},
        {"context": {"cookie": "a"}},
        {"context": None},
        {"context": []},
        {"status": "closed"},
        {"answer": "x"},
        {"user_id": "01890000-0000-7000-8000-000000000000"},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]) -> None:
    supplier = await make.supplier(app)
    body = {"category": "problem", "text": "页面打不开"} | change
    assert (await client.post(PATH, json=body, headers=supplier.headers)).status_code == 422
