"""Partners find each other by code: one side asks, the other answers, and nobody is forced or found out."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.identity.models import Kind
from distro_api.relations.jobs import expire_invitations
from distro_api.relations.states import INVITATION_TRANSITIONS, InvitationAction, InvitationStatus
from make import identity as make
from make.identity import Signed
from make.parameters import set_parameter
from make.relations import INVITATIONS, RELATIONS, TIERS, closed, code_of, invitation, pair, relation, say

pytestmark = pytest.mark.capability("R2")
VERBS = ("accept", "decline", "withdraw")


async def overdue(connection: asyncpg.Connection, made: dict[str, Any]) -> None:
    await connection.execute(
        "UPDATE partner_invitations SET expires_at = now() - interval '1 second' WHERE id = $1", made["id"]
    )


async def told(connection: asyncpg.Connection) -> list[str]:
    """What both sides' feeds will say, in order."""
    rows = await connection.fetch(
        "SELECT name FROM outbox WHERE supplier_id IS NOT NULL AND distributor_id IS NOT NULL ORDER BY id"
    )
    return [row[0] for row in rows]


async def test_a_supplier_invites_and_the_distributor_accepts(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier, distributor = await pair(app)
    body = {
        "partner_code": (await code_of(client, distributor)).lower().replace("-", " "),
        "message": "诚邀合作",
        "tier": "金牌",
        "sells": "listed",
    }
    asked = await client.post(INVITATIONS, json=body, headers=supplier.headers)
    assert asked.status_code == 201, asked.text
    made = asked.json()
    assert asked.headers["Location"] == f"{INVITATIONS}/{made['id']}"
    assert (made["status"], made["asked_by"], made["relation_id"]) == ("open", "supplier", None)
    assert made["asked_for"] == await code_of(client, distributor)
    assert (made["supplier"]["name"], made["distributor"]["name"]) == ("西湖景区", None)
    assert (await client.get(RELATIONS, headers=supplier.headers)).json()["items"] == []

    [seen] = (await client.get(f"{INVITATIONS}?status=open", headers=distributor.headers)).json()["items"]
    assert (seen["supplier"]["name"], seen["message"], seen["tier"]) == ("西湖景区", "诚邀合作", "金牌")
    accepted = await say(client, distributor, made, "accept")
    assert (accepted.status_code, accepted.json()["status"], accepted.headers["ETag"]) == (200, "accepted", '"2"')
    [opened] = (await client.get(RELATIONS, headers=distributor.headers)).json()["items"]
    assert accepted.json()["relation_id"] == opened["id"]
    assert (opened["status"], opened["tier"], opened["sells"]) == ("active", "金牌", "listed")
    known = (await client.get(asked.headers["Location"], headers=supplier.headers)).json()
    assert known["distributor"]["name"] == "远方旅行社"
    assert await told(owner_connection) == [
        "relations.invited",
        "relations.opened",
        "relations.invitation_accepted",
    ]
    acts = await owner_connection.fetch(
        "SELECT action, organization_id FROM audit_log WHERE action LIKE 'relations.%' ORDER BY created_at, id"
    )
    assert [(row[0], row[1]) for row in acts if "tier" not in row[0]] == [
        ("relations.invite", supplier.organization_id),
        ("relations.open", distributor.organization_id),
        ("relations.accept_invitation", distributor.organization_id),
    ]


async def test_a_distributor_asks_to_be_supplied_and_the_supplier_says_the_terms(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    supplier, distributor = await pair(app)
    code = await code_of(client, supplier)
    for terms in ({"tier": "金牌"}, {"sells": "all"}):
        grasping = await client.post(INVITATIONS, json={"partner_code": code} | terms, headers=distributor.headers)
        assert (grasping.status_code, grasping.json()["code"]) == (422, "terms_are_the_suppliers")
    made = await invitation(client, distributor, supplier, message="我们在杭州有二十家门店")
    assert (made["asked_by"], made["supplier"]["name"], made["distributor"]["name"]) == (
        "distributor",
        None,
        "远方旅行社",
    )
    accepted = await say(client, supplier, made, "accept", tier="银牌", sells="listed")
    assert (accepted.status_code, accepted.json()["tier"], accepted.json()["sells"]) == (200, "银牌", "listed")
    [opened] = (await client.get(RELATIONS, headers=supplier.headers)).json()["items"]
    assert (opened["tier"], opened["sells"]) == ("银牌", "listed")


async def test_the_asked_distributor_cannot_write_its_own_terms(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    made = await invitation(client, supplier, distributor, tier="普通")
    for terms in ({"tier": "金牌"}, {"sells": "all"}, {"tier": None}):
        refused = await say(client, distributor, made, "accept", **terms)
        assert (refused.status_code, refused.json()["code"]) == (422, "terms_are_the_suppliers")
    assert (await say(client, distributor, made, "accept")).json()["tier"] == "普通"


async def test_who_is_open_to_everybody_has_accepted_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    open_supplier, open_distributor = await make.supplier(app), await make.distributor(app)
    closed_supplier, closed_distributor = await pair(app)
    for asking, asked in (
        (closed_supplier, open_distributor),
        (closed_distributor, open_supplier),
    ):
        made = await invitation(client, asking, asked)
        assert made["status"] == "accepted" and made["relation_id"] is not None
        side = "distributor" if asking is closed_supplier else "supplier"
        assert made[side]["name"] is not None
        shown = await client.get(f"{RELATIONS}/{made['relation_id']}", headers=asked.headers)
        assert shown.json()["status"] == "active"
    assert (await told(owner_connection)).count("relations.invitation_accepted") == 2


@pytest.mark.parametrize("asked_by", [Kind.SUPPLIER, Kind.DISTRIBUTOR])
@pytest.mark.parametrize("status", InvitationStatus)
@pytest.mark.parametrize("verb", VERBS)
async def test_every_state_and_action(
    client: httpx.AsyncClient,
    app: FastAPI,
    owner_connection: asyncpg.Connection,
    status: InvitationStatus,
    verb: str,
    asked_by: Kind,
) -> None:
    supplier, distributor = await pair(app)
    asking, asked = (supplier, distributor) if asked_by is Kind.SUPPLIER else (distributor, supplier)
    made = await invitation(client, asking, asked)
    match status:
        case InvitationStatus.ACCEPTED:
            await say(client, asked, made, "accept")
        case InvitationStatus.DECLINED:
            await say(client, asked, made, "decline", reason="暂无此类客源")
        case InvitationStatus.WITHDRAWN:
            await say(client, asking, made, "withdraw")
        case InvitationStatus.EXPIRED:
            await overdue(owner_connection, made)  # the worker has not come by yet
    mine, others = (asking, asked) if verb == "withdraw" else (asked, asking)
    wrong = await say(client, others, made, verb)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "other_side_decides")
    answer = await say(client, mine, made, verb)
    shown = (await client.get(f"{INVITATIONS}/{made['id']}", headers=mine.headers)).json()
    if status is InvitationStatus.OPEN:
        after = {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn"}[verb]
        assert (answer.status_code, answer.json()["status"], shown["status"]) == (200, after, after)
        assert shown["answered_at"] is not None
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
        assert (answer.json()["state"], shown["status"]) == (status, status)
    opened = (await client.get(RELATIONS, headers=supplier.headers)).json()["items"]
    assert len(opened) == (shown["status"] == "accepted")


def test_an_invitation_is_answered_once() -> None:
    for status in InvitationStatus:
        for action in InvitationAction:
            assert ((status, action) in INVITATION_TRANSITIONS) == (status is InvitationStatus.OPEN)


async def test_time_is_up(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> None:
    """At the instant for both sides, and on record when the worker comes by; then it can be asked again."""
    supplier, distributor = await pair(app)
    made = await invitation(client, supplier, distributor)
    days = clock.now() + timedelta(days=14)
    assert abs((clock.now().fromisoformat(made["expires_at"]) - days).total_seconds()) < 60
    again = await client.post(
        INVITATIONS, json={"partner_code": await code_of(client, distributor)}, headers=supplier.headers
    )
    assert (again.status_code, again.json()["invitation_id"]) == (409, made["id"])
    await overdue(owner_connection, made)
    for query, count in (("status=open", 0), ("status=expired", 1)):
        for who in (supplier, distributor):
            assert len((await client.get(f"{INVITATIONS}?{query}", headers=who.headers)).json()["items"]) == count
    second = await invitation(client, supplier, distributor)  # makes room by itself
    await overdue(owner_connection, second)
    async with app.state.database.sessions.begin() as session:
        assert await expire_invitations(session, clock.now()) == 1
    async with app.state.database.sessions.begin() as session:
        assert await expire_invitations(session, clock.now()) == 0
    assert await told(owner_connection) == [
        "relations.invited",
        "relations.invitation_expired",
        "relations.invited",
        "relations.invitation_expired",
    ]
    assert (await client.get(INVITATIONS, headers=supplier.headers)).json()["items"][0]["version"] == 2


async def test_the_admin_says_how_long_invitations_live(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    await set_parameter(client, app, "invitation_life_days", 1)
    made = await invitation(client, supplier, distributor)
    left = clock.now().fromisoformat(made["expires_at"]) - clock.now()
    assert timedelta(hours=23) < left <= timedelta(days=1)


async def test_accept_against_withdraw_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    for _ in range(8):
        supplier, distributor = await pair(app)
        made = await invitation(client, supplier, distributor)
        accepted, withdrawn = await asyncio.gather(
            say(client, distributor, made, "accept"), say(client, supplier, made, "withdraw")
        )
        assert sorted((accepted.status_code, withdrawn.status_code)) == [200, 409]
        shown = (await client.get(f"{INVITATIONS}/{made['id']}", headers=supplier.headers)).json()
        opened = (await client.get(RELATIONS, headers=supplier.headers)).json()["items"]
        assert shown["status"] == ("accepted" if accepted.status_code == 200 else "withdrawn")
        assert len(opened) == (accepted.status_code == 200)
    names = await told(owner_connection)
    assert names.count("relations.opened") == names.count("relations.invitation_accepted")


async def test_many_accepts_and_a_direct_opening_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Whoever is first opens the one relation; an open invitation never stands beside it."""
    for _ in range(5):
        supplier, distributor = await pair(app)
        made = await invitation(client, distributor, supplier)
        body = {"distributor_id": str(distributor.organization_id)}
        answers = await asyncio.gather(
            *(say(client, supplier, made, "accept") for _ in range(3)),
            client.post(RELATIONS, json=body, headers=supplier.headers),
        )
        assert sorted(answer.status_code for answer in answers)[:1] + [
            answer.json()["code"] for answer in answers if answer.status_code == 503
        ] in ([200], [201])
        assert sum(answer.is_success for answer in answers) == 1
        opened = (await client.get(RELATIONS, headers=supplier.headers)).json()["items"]
        shown = (await client.get(f"{INVITATIONS}/{made['id']}", headers=supplier.headers)).json()
        assert (len(opened), shown["status"], shown["relation_id"]) == (1, "accepted", opened[0]["id"])


async def test_both_sides_ask_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    codes = {who.kind: await code_of(client, who) for who in (supplier, distributor)}
    answers = await asyncio.gather(
        *(
            client.post(INVITATIONS, json={"partner_code": codes[other.kind]}, headers=asking.headers)
            for asking, other in ((supplier, distributor), (distributor, supplier)) * 3
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    made = next(answer.json() for answer in answers if answer.status_code == 201)
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(r["code"], r["invitation_id"]) for r in refused} == {("invitation_exists", made["id"])}


async def test_a_request_is_answered_by_opening_the_relation(client: httpx.AsyncClient, app: FastAPI) -> None:
    """A distributor that has asked may be added by its id, whatever its policy."""
    supplier, distributor = await pair(app)
    body = {"distributor_id": str(distributor.organization_id), "tier": "金牌"}
    assert (await client.post(RELATIONS, json=body, headers=supplier.headers)).status_code == 422
    made = await invitation(client, distributor, supplier)
    opened = await client.post(RELATIONS, json=body, headers=supplier.headers)
    assert opened.status_code == 201, opened.text
    shown = (await client.get(f"{INVITATIONS}/{made['id']}", headers=distributor.headers)).json()
    assert (shown["status"], shown["relation_id"]) == ("accepted", opened.json()["id"])


async def test_partners_are_not_asked_again(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    made = await relation(client, supplier, distributor)
    await client.post(f"{RELATIONS}/{made['id']}/stop", headers=supplier.headers)
    for asking, asked in ((supplier, distributor), (distributor, supplier)):
        body = {"partner_code": await code_of(client, asked)}
        answer = await client.post(INVITATIONS, json=body, headers=asking.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "relation_exists")
        assert (answer.json()["relation_id"], answer.json()["relation_status"]) == (made["id"], "stopped")


async def test_a_renewed_code_leaves_invitations_alone(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    old = await code_of(client, distributor)
    made = await invitation(client, supplier, distributor)
    await client.post("/api/v1/me/partnering/new-code", headers=distributor.headers)
    other = await closed(app, Kind.SUPPLIER)
    lost = await client.post(INVITATIONS, json={"partner_code": old}, headers=other.headers)
    assert lost.status_code == 422
    assert (await say(client, distributor, made, "accept")).status_code == 200


async def test_lost_answers_are_replayed(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    body = {"partner_code": await code_of(client, distributor)}
    first = await client.post(INVITATIONS, json=body, headers=supplier.with_key("ask"))
    again = await client.post(INVITATIONS, json=body, headers=supplier.with_key("ask"))
    assert (again.status_code, again.json()) == (201, first.json())
    path = f"{INVITATIONS}/{first.json()['id']}/accept"
    accepted = [await client.post(path, headers=distributor.with_key("yes")) for _ in range(2)]
    assert accepted[0].json() == accepted[1].json()
    stale = await client.post(path, headers=distributor.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_a_deleted_tier_is_left_out_of_the_invitation(client: httpx.AsyncClient, app: FastAPI) -> None:
    """An invitation holds no tier back: deleted meanwhile, the distributor comes without one."""
    supplier, distributor = await pair(app)
    made = await invitation(client, supplier, distributor, tier="金牌")
    [tier] = (await client.get(TIERS, headers=supplier.headers)).json()["items"]
    assert (await client.delete(f"{TIERS}/{tier['id']}", headers=supplier.headers)).status_code == 204
    accepted = await say(client, distributor, made, "accept")
    assert (accepted.status_code, accepted.json()["tier"]) == (200, None)


async def test_lists(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await closed(app, Kind.SUPPLIER, "西湖景区")
    admin, stranger = await make.admin(app), await closed(app)
    sent = [await invitation(client, supplier, await closed(app), message=f"第{n}封") for n in range(3)]
    received = await invitation(client, await closed(app, Kind.DISTRIBUTOR, "山海旅行社"), supplier)
    await say(client, supplier, received, "decline", reason="名额已满")

    async def listed(who: Signed, query: str = "") -> list[str]:
        answer = await client.get(f"{INVITATIONS}?{query}", headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["items"]]

    newest_first = [received["id"], *(made["id"] for made in reversed(sent))]
    assert await listed(supplier) == await listed(admin) == newest_first
    assert await listed(supplier, "asked_by=supplier&sort=created_at") == [made["id"] for made in sent]
    assert await listed(supplier, "asked_by=distributor") == await listed(supplier, "q=山海") == [received["id"]]
    assert await listed(supplier, "status=declined") == [received["id"]]
    assert await listed(supplier, "q=第1封") == [sent[1]["id"]]
    assert await listed(supplier, "q=%25") == []
    assert await listed(supplier, "sort=expires_at&limit=2") == [sent[0]["id"], sent[1]["id"]]
    assert await listed(stranger) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"partner_code": None},
        {"partner_code": "K7QM-3XV6", "phone": "13800138000"},
        {"partner_code": "K" * 33},
        {"partner_code": "K7QM\0-3XV6"},
        {"partner_code": 7},
        {"phone": "123"},
        {"partner_code": "K7QM-3XV6", "message": "x" * 501},
        {"partner_code": "K7QM-3XV6", "tier": ""},
        {"partner_code": "K7QM-3XV6", "sells": "some"},
        {"partner_code": "K7QM-3XV6", "status": "accepted"},
        {"partner_code": "K7QM-3XV6", "expires_at": "2099-01-01T00:00:00Z"},
        {"distributor_id": "01890000-0000-7000-8000-000000000000"},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, body: Any) -> None:
    supplier = await make.supplier(app)
    assert (await client.post(INVITATIONS, json=body, headers=supplier.headers)).status_code == 422
