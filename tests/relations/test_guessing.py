"""Nobody is made a partner unasked, and nobody is found out by guessing ids, codes or numbers."""

import asyncio

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.models import Kind
from make import identity as make
from make.parameters import set_parameter
from make.relations import INVITATIONS, RELATIONS, closed, code_of, invitation, pair, say

pytestmark = pytest.mark.capability("R2")


async def test_an_invitation_of_ours_does_not_open_the_door(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Having asked is not having been asked: with our own invitation open the id still opens nothing."""
    supplier, distributor = await pair(app)
    await invitation(client, supplier, distributor)
    body = {"distributor_id": str(distributor.organization_id)}
    refused = await client.post(RELATIONS, json=body, headers=supplier.headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_distributor")


async def test_nothing_comes_out_by_guessing(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """An id that exists and one that does not are answered the same, a wrong code and a wrong kind too; names stay
    unknown until their owner has said yes, in lists and by searching."""
    supplier, distributor = await pair(app)
    other, admin = await closed(app, Kind.SUPPLIER), await make.admin(app)
    house = await owner_connection.fetchval(
        "SELECT id FROM organizations WHERE house_of = $1", supplier.organization_id
    )
    answers = []
    for guess in (
        distributor.organization_id,
        other.organization_id,
        house,
        admin.organization_id,
        "01890000-0000-7000-8000-000000000000",
    ):
        answer = await client.post(RELATIONS, json={"distributor_id": str(guess)}, headers=supplier.headers)
        answers.append(answer.json() | {"distributor_id": "", "request_id": ""})
        assert answer.status_code == 422
    assert all(answer == answers[0] for answer in answers)
    for wrong in (
        {"partner_code": "1111-1119"},
        {"partner_code": "nonsense"},
        {"partner_code": await code_of(client, other)},  # a supplier's: not who can be invited by a supplier
        {"partner_code": await code_of(client, supplier)},
        {"phone": "13700000000"},
        {"phone": other.phone},
        {"phone": admin.phone},
    ):
        answer = await client.post(INVITATIONS, json=wrong, headers=supplier.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_partner"), wrong

    by_code = await invitation(client, supplier, distributor)
    for answer in (
        await client.get(INVITATIONS, headers=supplier.headers),
        await client.get(f"{INVITATIONS}/{by_code['id']}", headers=supplier.headers),
        await say(client, supplier, by_code, "withdraw"),
    ):
        assert "远方" not in answer.text
    await say(client, distributor, await invitation(client, supplier, distributor), "decline")
    assert "远方" not in (await client.get(INVITATIONS, headers=supplier.headers)).text
    assert (await client.get(f"{INVITATIONS}?q=远方", headers=supplier.headers)).json()["items"] == []
    assert len((await client.get(f"{INVITATIONS}?q=西湖", headers=supplier.headers)).json()["items"]) == 2


async def test_codes_cannot_be_tried_through(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await pair(app)
    await set_parameter(client, app, "partner_lookups_per_hour", 7)
    code, body = await code_of(client, distributor), {"partner_code": "1111-1119"}
    answers = await asyncio.gather(*(client.post(INVITATIONS, json=body, headers=supplier.headers) for _ in range(7)))
    assert {answer.status_code for answer in answers} == {422}
    more = await client.post(INVITATIONS, json={"partner_code": code}, headers=supplier.with_key("guess"))
    assert (more.status_code, more.json()["code"]) == (429, "too_many_lookups")
    assert 0 < int(more.headers["Retry-After"]) <= 3600
    other = await closed(app, Kind.SUPPLIER)
    assert (await invitation(client, other, distributor))["status"] == "open"  # each organization by itself


async def test_the_suspended_are_not_there(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    supplier, distributor = await pair(app)
    code = {"partner_code": await code_of(client, supplier)}
    made = await invitation(client, supplier, distributor)
    await client.post(
        f"/api/v1/organizations/{supplier.organization_id}/suspend", json={"reason": "资质到期"}, headers=admin.headers
    )
    refused = await say(client, distributor, made, "accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "partner_not_active")
    asked = await client.post(INVITATIONS, json=code, headers=(await closed(app)).headers)
    assert (asked.status_code, asked.json()["code"]) == (422, "unknown_partner")
