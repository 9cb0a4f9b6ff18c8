"""An organization registers itself, the platform reviews, and until then nobody gets in."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity as make
from make.codes import PASSWORD, another, application, codes, forget_quotas, with_codes
from make.jobs import deliver_messages
from make.parameters import set_parameter

pytestmark = pytest.mark.capability("I5")
REGISTER, CODES, LOGIN = (f"/api/v1/auth/{path}" for path in ("register", "register/codes", "login"))
ORGANIZATIONS = "/api/v1/organizations"
PHONE, MAIL = "13700137000", "lu@example.com"


@pytest.fixture
async def ready(app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection) -> dict[str, Any]:
    """A complete application, with right codes."""
    return await with_codes(app, client, owner_connection, application("yunhai", PHONE, MAIL))


async def sign_in(client: httpx.AsyncClient, username: str = "yunhai") -> httpx.Response:
    return await client.post(LOGIN, json={"username": username, "password": PASSWORD})


async def test_from_application_to_first_product(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin = await make.admin(app)
    body = await with_codes(app, client, owner_connection, application("YunHai", PHONE, "Lu@Example.com"))
    answer = await client.post(REGISTER, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made == {"id": made["id"], "kind": "supplier", "name": "云海山旅游发展公司", "status": "pending"}
    assert answer.headers["Location"] == f"{ORGANIZATIONS}/{made['id']}"

    waiting = await sign_in(client)
    assert (waiting.status_code, waiting.json()["code"]) == (403, "organization_pending")
    assert waiting.json()["organization"] == "云海山旅游发展公司"
    wrong = await client.post(LOGIN, json={"username": "yunhai", "password": "wrong-Wrong-1"})
    assert wrong.json()["code"] == "bad_credentials"  # how it stands is told to the applicant only

    queue = (await client.get(f"{ORGANIZATIONS}?status=pending", headers=admin.headers)).json()["items"]
    assert [row["id"] for row in queue] == [made["id"]]
    shown = (await client.get(f"{ORGANIZATIONS}/{made['id']}", headers=admin.headers)).json()
    assert (shown["owner"]["phone"], shown["owner"]["email"]) == ("+8613700137000", "lu@example.com")
    assert shown["house_distributor_id"] is None
    approved = await client.post(f"{ORGANIZATIONS}/{made['id']}/approve", headers=admin.headers)
    assert (approved.status_code, approved.json()["status"]) == (200, "active")
    assert approved.json()["house_distributor_id"] is not None
    [told] = await deliver_messages(app, owner_connection)
    assert (told["to"], told["template"]) == ("+8613700137000", "organization_approved")

    tokens = (await sign_in(client)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    product = {"kind": "ticket", "name": "门票", "stock_mode": "daily", "fulfilment": "code"}
    skus = {"skus": [{"name": "成人票", "list_price": 12000}]}
    assert (await client.post("/api/v1/products", json=product | skus, headers=headers)).status_code == 201
    trail = (await client.get(f"/api/v1/audit?object_id={made['id']}", headers=admin.headers)).json()["items"]
    assert [row["action"] for row in trail] == [
        "identity.approve_organization",
        "identity.apply",
        "identity.create_organization",
    ]


async def test_rejected_with_a_reason_and_back_again(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, ready: dict[str, Any]
) -> None:
    admin = await make.admin(app)
    first = (await client.post(REGISTER, json=ready)).json()["id"]
    no_reason = await client.post(f"{ORGANIZATIONS}/{first}/reject", json={}, headers=admin.headers)
    assert no_reason.status_code == 422
    why = {"reason": "营业执照已过期"}
    rejected = await client.post(f"{ORGANIZATIONS}/{first}/reject", json=why, headers=admin.headers)
    assert (rejected.json()["status"], rejected.json()["rejected_because"]) == ("rejected", "营业执照已过期")
    [told] = await deliver_messages(app, owner_connection)
    assert "营业执照已过期" in told["text"]
    refused = (await sign_in(client)).json()
    assert (refused["code"], refused["reason"]) == ("organization_rejected", "营业执照已过期")
    for verb in ("approve", "suspend", "resume"):
        body = None if verb == "approve" else {"reason": "x"}
        late = await client.post(f"{ORGANIZATIONS}/{first}/{verb}", json=body, headers=admin.headers)
        assert (late.status_code, late.json()["code"]) == (409, "state_conflict")

    await forget_quotas(owner_connection)
    again = application("yunhai", PHONE, "new@example.com", kind="distributor", name="云海山旅行社")
    body = await with_codes(app, client, owner_connection, again)
    second = await client.post(REGISTER, json=body)
    assert second.status_code == 201, second.text
    assert second.json()["id"] != first
    assert (await sign_in(client)).json()["code"] == "organization_pending"
    await client.post(f"{ORGANIZATIONS}/{second.json()['id']}/approve", headers=admin.headers)
    me = await client.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {(await sign_in(client)).json()['access_token']}"}
    )
    assert (me.json()["organization"]["kind"], me.json()["email"]) == ("distributor", "new@example.com")
    old = (await client.get(f"{ORGANIZATIONS}/{first}", headers=admin.headers)).json()
    assert (old["status"], old["owner"]) == ("rejected", None)


async def test_a_code_serves_one_application(client: httpx.AsyncClient, ready: dict[str, Any]) -> None:
    bodies = [ready | {"owner": ready["owner"] | {"username": f"yunhai-{number}"}} for number in range(3)]
    answers = await asyncio.gather(*(client.post(REGISTER, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert {answer.json().get("code") for answer in answers} == {None, "invalid_code"}


async def test_both_codes_must_be_right_and_of_this_purpose(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, ready: dict[str, Any]
) -> None:
    owner = ready["owner"]
    for field in ("phone_code", "email_code"):
        body = ready | {"owner": owner | {field: another(owner[field])}}
        answer = await client.post(REGISTER, json=body)
        assert (answer.status_code, answer.json()["wrong"]) == (422, [field])
    swapped = {"phone_code": owner["email_code"], "email_code": owner["phone_code"]}
    if owner["email_code"] != owner["phone_code"]:
        assert (await client.post(REGISTER, json=ready | {"owner": owner | swapped})).status_code == 422
    elsewhere = ready | {"owner": owner | {"phone": "13700137001"}}
    assert (await client.post(REGISTER, json=elsewhere)).json()["wrong"] == ["phone_code"]
    # a code to reset a password with, of the same number
    supplier = await make.supplier(app)
    await client.post("/api/v1/auth/password/forgot", json={"account": supplier.phone})
    [reset_code] = (await codes(app, owner_connection)).values()
    other = ready | {"owner": owner | {"phone": supplier.phone, "phone_code": reset_code}}
    assert (await client.post(REGISTER, json=other)).json()["wrong"] == ["phone_code"]
    await forget_quotas(owner_connection)
    fresh = await with_codes(app, client, owner_connection, application("yunhai", PHONE, MAIL))
    assert (await client.post(REGISTER, json=fresh)).status_code == 201


async def test_no_more_than_five_guesses(
    client: httpx.AsyncClient, owner_connection: asyncpg.Connection, ready: dict[str, Any]
) -> None:
    wrong = ready | {"owner": ready["owner"] | {"email_code": another(ready["owner"]["email_code"])}}
    guesses = await asyncio.gather(*(client.post(REGISTER, json=wrong) for _ in range(7)))
    assert {guess.status_code for guess in guesses} == {422}
    assert (await client.post(REGISTER, json=ready)).json()["code"] == "invalid_code"
    assert await owner_connection.fetchval("SELECT count(*) FROM organizations") == 0


async def test_who_is_registered_is_told_to_nobody_else(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    there = await make.supplier(app)
    for phone in (there.phone, PHONE):
        asked = await client.post(CODES, json={"to": phone})
        assert (asked.status_code, asked.json()) == (202, {"expires_in": 300, "resend_in": 60})
    assert len(await deliver_messages(app, owner_connection)) == 2
    blind = application("yunhai", there.phone, MAIL)
    blind["owner"] |= {"phone_code": "000000", "email_code": "000000"}
    nobody = application("yunhai", "13700137008", MAIL)
    nobody["owner"] |= {"phone_code": "000000", "email_code": "000000"}
    answers = [(await client.post(REGISTER, json=body)).json() for body in (blind, nobody)]
    assert [answer["code"] for answer in answers] == ["invalid_code", "invalid_code"]
    await forget_quotas(owner_connection)
    body = await with_codes(app, client, owner_connection, application("yunhai", there.phone, MAIL))
    taken = await client.post(REGISTER, json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "phone_taken")
    name = await with_codes(app, client, owner_connection, application(there.username, "13700137009", "b@example.com"))
    assert (await client.post(REGISTER, json=name)).json()["code"] == "username_taken"
    corrected = name | {"owner": name["owner"] | {"username": "yunhai"}}
    assert (await client.post(REGISTER, json=corrected)).status_code == 201  # the codes were not used up


async def test_codes_are_not_sent_again_and_again(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    answers = await asyncio.gather(*(client.post(CODES, json={"to": PHONE}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202, 429, 429, 429, 429]
    [refused, *_] = [answer for answer in answers if answer.status_code == 429]
    assert refused.json()["code"] == "codes_asked_too_often"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert (await client.post(CODES, json={"to": "+86 137-0013-7000"})).status_code == 429  # the same number
    await client.post("/api/v1/auth/password/forgot", json={"account": PHONE})  # nor for another purpose
    assert len(await deliver_messages(app, owner_connection)) == 1


async def test_one_address_asks_for_so_many(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    statuses = [(await client.post(CODES, json={"to": f"{number}@example.com"})).status_code for number in range(32)]
    assert statuses == [202] * 30 + [429] * 2
    assert len(await deliver_messages(app, owner_connection)) == 30


async def test_the_platform_sets_the_limits(client: httpx.AsyncClient, app: FastAPI) -> None:
    await set_parameter(client, app, "codes_per_address_per_hour", 5)
    await set_parameter(client, app, "code_life_s", 120)
    answers = [await client.post(CODES, json={"to": f"{number}@example.com"}) for number in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert answers[0].json()["expires_in"] == 120
    assert int(answers[5].headers["Retry-After"]) > 3000


@pytest.mark.parametrize(
    "to",
    [
        "123",
        "010-12345678",
        "nonsense",
        "a@b",
        "a\u0000@b.cc",
        "a,b@c.dd",
        "a>b@c.dd",
        "<a@c.dd>",
        '"a"@c.dd',
        "a@c.dd\r\nBcc: x@y.zz",
        "x" * 300,
        "",
        None,
        5,
    ],
)
async def test_codes_go_to_numbers_and_addresses_only(client: httpx.AsyncClient, to: Any) -> None:
    assert (await client.post(CODES, json={"to": to})).status_code == 422


async def test_the_language_of_codes_and_messages(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin = await make.admin(app)
    await client.post(CODES, json={"to": "x@example.com"}, headers={"Accept-Language": "en-GB"})
    [code] = await deliver_messages(app, owner_connection)
    assert "registering" in code["text"]
    body = application("yunhai", PHONE, MAIL)
    body["owner"]["language"] = "en"
    made = await client.post(REGISTER, json=await with_codes(app, client, owner_connection, body))
    await client.post(f"{ORGANIZATIONS}/{made.json()['id']}/approve", headers=admin.headers)
    [told] = await deliver_messages(app, owner_connection)
    assert "You can sign in now" in told["text"]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "admin"},
        {"kind": "customer"},
        {"status": "active"},
        {"organization_id": "01890000-0000-7000-8000-000000000000"},
        {"house_of": "01890000-0000-7000-8000-000000000000"},
        {"partner_policy": "open"},
        {"withheld": []},
        {"name": ""},
        {"name": "a\u0000b"},
        {"name": "x" * 101},
        {"owner": {"role": "admin"}},
        {"owner": {"roles": ["owner"]}},
        {"owner": {"organization_id": "01890000-0000-7000-8000-000000000000"}},
        {"owner": {"status": "active"}},
        {"owner": {"password_change_required": False}},
        {"owner": {"perm_version": 9}},
        {"owner": {"username": "admin@x"}},
        {"owner": {"username": "yun\u0000hai"}},
        {"owner": {"password": "yunhai"}},
        {"owner": {"password": "password123"}},
        {"owner": {"email_code": None}},
        {"owner": {"language": "fr"}},
        {"owner": {"phone": None}},
    ],
)
async def test_bad_input_and_mass_assignment(
    client: httpx.AsyncClient, owner_connection: asyncpg.Connection, ready: dict[str, Any], change: dict[str, Any]
) -> None:
    body = ready | change | {"owner": ready["owner"] | change.get("owner", {})}
    answer = await client.post(REGISTER, json=body)
    assert answer.status_code == 422, answer.text
    assert await owner_connection.fetchval("SELECT count(*) FROM organizations") == 0


async def test_only_the_platform_reviews(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, ready: dict[str, Any]
) -> None:
    made = (await client.post(REGISTER, json=ready)).json()["id"]
    for who in (await make.supplier(app), await make.distributor(app)):
        for verb, body in (("approve", None), ("reject", {"reason": "x"})):
            answer = await client.post(f"{ORGANIZATIONS}/{made}/{verb}", json=body, headers=who.headers)
            assert answer.status_code == 403
        assert (await client.get(f"{ORGANIZATIONS}/{made}", headers=who.headers)).status_code == 404
    admin = await make.admin(app)
    both = await asyncio.gather(
        client.post(f"{ORGANIZATIONS}/{made}/approve", headers=admin.headers),
        client.post(f"{ORGANIZATIONS}/{made}/reject", json={"reason": "x"}, headers=admin.headers),
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]


async def test_a_pending_distributor_is_nobodys_partner(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    body = application("lvxing", PHONE, MAIL, kind="distributor")
    made = (await client.post(REGISTER, json=await with_codes(app, client, owner_connection, body))).json()["id"]
    opened = await client.post("/api/v1/supply-relations", json={"distributor_id": made}, headers=supplier.headers)
    assert opened.status_code in (404, 409, 422)
    assert await owner_connection.fetchval("SELECT count(*) FROM supply_relations") == 0


async def test_a_pending_owner_may_reset_the_password_but_not_get_in(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, ready: dict[str, Any]
) -> None:
    await client.post(REGISTER, json=ready)
    await forget_quotas(owner_connection)
    await client.post("/api/v1/auth/password/forgot", json={"account": "yunhai"})
    [code] = (await codes(app, owner_connection)).values()
    new = {"account": "yunhai", "code": code, "new_password": "Another-Horse-8"}
    assert (await client.post("/api/v1/auth/password/reset", json=new)).status_code == 204
    answer = await client.post(LOGIN, json={"username": "yunhai", "password": "Another-Horse-8"})
    assert answer.json()["code"] == "organization_pending"
