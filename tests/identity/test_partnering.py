"""Partner codes: short, checked, renewed by their owner; and whether they alone make a partner."""

import asyncio

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from distro_api.core.codes import ALPHABET, check_character
from distro_api.identity.models import PartnerPolicy
from distro_api.identity.service.partnering import normal_code
from make import identity as make

pytestmark = pytest.mark.capability("R2")
ORGANIZATIONS = "/api/v1/organizations"
PARTNERING = "/api/v1/me/partnering"
bodies = st.text(ALPHABET, min_size=7, max_size=7)


def code_of(body: str) -> str:
    return f"{body[:4]}-{body[4:]}{check_character(body)}"


@given(bodies)
def test_a_code_is_read_however_it_is_typed(body: str) -> None:
    code = code_of(body)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code[:2]} {code[2:]} "):
        assert normal_code(typed) == code


@given(bodies, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_shows(body: str, place: int, other: str) -> None:
    plain = code_of(body).replace("-", "")
    if plain[place] != other:
        assert normal_code(plain[:place] + other + plain[place + 1 :]) is None


@given(bodies, st.integers(0, 6))
def test_swapped_neighbours_show(body: str, place: int) -> None:
    plain = code_of(body).replace("-", "")
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    assert swapped == plain or normal_code(swapped) is None


@pytest.mark.parametrize("typed", ["", "-", "K7QM", "K7QM-3XV\0", "0OIL-UUUU", "K7QM-3XVA-K7QM", "东方旅行-社社社社"])
def test_what_is_no_code(typed: str) -> None:
    assert normal_code(typed) is None


async def test_everybody_who_can_be_a_partner_has_a_code_and_sees_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, distributor = await make.admin(app), await make.supplier(app), await make.distributor(app)
    codes = []
    for who in (supplier, distributor):
        mine = (await client.get("/api/v1/me", headers=who.headers)).json()["organization"]
        shown = (await client.get(f"{ORGANIZATIONS}/{who.organization_id}", headers=admin.headers)).json()
        assert mine["partner_code"] == shown["partner_code"] == normal_code(mine["partner_code"])
        found = await client.get(f"{ORGANIZATIONS}?q={mine['partner_code']}", headers=admin.headers)
        assert [row["id"] for row in found.json()["items"]] == [str(who.organization_id)]
        codes.append(mine["partner_code"])
    assert len(set(codes)) == 2
    assert (await client.get("/api/v1/me", headers=admin.headers)).json()["organization"]["partner_code"] is None
    house = (await client.get(f"{ORGANIZATIONS}/{supplier.organization_id}", headers=admin.headers)).json()
    shown = await client.get(f"{ORGANIZATIONS}/{house['house_distributor_id']}", headers=admin.headers)
    assert shown.json()["partner_code"] is None


async def test_who_is_open_to_whom(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Whom the platform opens as a distributor may be added by its suppliers, unless it is said otherwise."""
    admin = await make.admin(app)

    async def opened(kind: str, **more: str) -> str:
        owner = {"username": f"owner-{kind}-{len(more)}", "password": make.PASSWORD}
        made = await client.post(
            ORGANIZATIONS, json={"kind": kind, "name": "新机构", "owner": owner} | more, headers=admin.headers
        )
        assert made.status_code == 201, made.text
        policy: str = made.json()["partner_policy"]
        return policy

    assert await opened("distributor") == "open"
    assert await opened("supplier") == "invitation"
    assert await opened("distributor", partner_policy="invitation") == "invitation"
    supplier = await make.supplier(app)
    made = await client.post(
        "/api/v1/distributors", json={"name": "远方旅行社", "phone": "13700137000"}, headers=supplier.headers
    )
    shown = await client.get(f"{ORGANIZATIONS}/{made.json()['id']}", headers=admin.headers)
    assert shown.json()["partner_policy"] == "invitation"


async def test_the_policy_is_the_owners(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    distributor = await make.organization(app, make.Kind.DISTRIBUTOR, partner_policy=PartnerPolicy.OPEN)
    body = {"partner_policy": "invitation"}
    set_ = await client.patch(PARTNERING, json=body, headers=distributor.headers | {"If-Match": '"1"'})
    assert (set_.status_code, set_.json()["partner_policy"], set_.headers["ETag"]) == (200, "invitation", '"2"')
    again = await client.patch(PARTNERING, json=body, headers=distributor.headers)
    assert again.headers["ETag"] == '"2"'  # nothing changed
    stale = await client.patch(PARTNERING, json=body, headers=distributor.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    for wrong in ({"partner_policy": "anybody"}, {}, {"partner_policy": None}, body | {"partner_code": "K7QM-3XVA"}):
        assert (await client.patch(PARTNERING, json=wrong, headers=distributor.headers)).status_code == 422
    acts = await owner_connection.fetch("SELECT detail FROM audit_log WHERE action = 'identity.set_partner_policy'")
    assert len(acts) == 1


async def test_a_renewed_code_is_another(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    old = (await client.get("/api/v1/me", headers=supplier.headers)).json()["organization"]["partner_code"]
    answers = await asyncio.gather(*(client.post(f"{PARTNERING}/new-code", headers=supplier.headers) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["partner_code"] for answer in answers} | {old}) == 5
    now = (await client.get("/api/v1/me", headers=supplier.headers)).json()["organization"]["partner_code"]
    assert now in {answer.json()["partner_code"] for answer in answers}
    found = await client.get(f"{ORGANIZATIONS}?q={old}", headers=admin.headers)
    assert found.json()["items"] == []
    replayed = [await client.post(f"{PARTNERING}/new-code", headers=supplier.with_key("renew")) for _ in range(2)]
    assert replayed[0].json() == replayed[1].json()
    assert (await client.post(f"{PARTNERING}/new-code", headers=admin.headers)).status_code == 403
    acts = await owner_connection.fetch(
        "SELECT detail::text FROM audit_log WHERE action = 'identity.renew_partner_code'"
    )
    assert len(acts) == 5
    assert not any("-" in row[0] for row in acts)  # the code itself is not written down
