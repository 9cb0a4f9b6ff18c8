"""The second factor: set up, asked for at sign-in in one step or two, replaced, given up, demanded by an organization."""

import asyncio
import base64
import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import httpx
import pyotp
import pytest
from fastapi import FastAPI
from PIL import Image

from distro_api.core import clock
from make import identity as make
from make.jobs import deliver_messages, work_off
from make.parameters import set_parameter
from make.second_factor import PATH, App, enrolled

pytestmark = pytest.mark.capability("I16")
LOGIN, SECOND = "/api/v1/auth/login", "/api/v1/auth/second-factor"


def bearer(tokens: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def sign_in(client: httpx.AsyncClient, who: make.Signed, **more: Any) -> httpx.Response:
    return await client.post(LOGIN, json={"username": who.username, "password": make.PASSWORD} | more)


async def challenge(client: httpx.AsyncClient, who: make.Signed) -> str:
    answer = await sign_in(client, who)
    assert code(answer) == (401, "second_factor_required")
    return str(answer.json()["challenge"])


async def second(client: httpx.AsyncClient, given: str, otp: str) -> httpx.Response:
    return await client.post(SECOND, json={"challenge": given, "otp": otp})


# setting up


async def test_an_app_is_set_up(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    before = await client.get(PATH, headers=supplier.headers)
    assert before.json() == {"enabled": False, "confirmed_at": None, "recovery_codes_left": 0, "required": False}
    started = (await client.post(PATH, json={"password": make.PASSWORD}, headers=supplier.headers)).json()
    uri = urlsplit(started["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", f"/distro-api:{supplier.username}")
    assert parse_qs(uri.query)["secret"] == [started["secret"]]
    assert len(base64.b32decode(started["secret"])) == 20
    kind, _, data = started["qr_image"].partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).format == "PNG"
    assert (await sign_in(client, supplier)).status_code == 200  # not in force before its first code
    otp = pyotp.TOTP(started["secret"]).at(clock.now())
    confirmed = await client.post(f"{PATH}/confirm", json={"otp": otp}, headers=supplier.headers)
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert all(len(one) == 11 and one[5] == "-" for one in codes)
    after = (await client.get(PATH, headers=supplier.headers)).json()
    assert (after["enabled"], after["recovery_codes_left"]) == (True, 10)
    assert code(await sign_in(client, supplier)) == (401, "second_factor_required")


async def test_other_sessions_end_when_it_comes_into_force(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    thief = await sign_in(client, supplier)
    await enrolled(client, supplier)
    assert (await client.get("/api/v1/me", headers=bearer(thief))).status_code == 401
    assert (await client.get("/api/v1/me", headers=supplier.headers)).status_code == 200


async def test_nothing_of_it_can_be_read_from_the_database(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = await challenge(client, supplier)
    tables = ("second_factors", "recovery_codes", "login_challenges", "audit_log", "outbox", "idempotency_keys")
    stored = str([await owner_connection.fetch(f"SELECT t::text, t.* FROM {table} t") for table in tables])
    for secret in (phone.secret, given, *phone.recovery_codes, *(one.replace("-", "") for one in phone.recovery_codes)):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_a_stolen_token_sets_nothing_up(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    for _ in range(5):
        refused = await client.post(PATH, json={"password": "wrong-Wrong-1"}, headers=supplier.headers)
        assert code(refused) == (422, "wrong_password")
    locked = await client.post(PATH, json={"password": make.PASSWORD}, headers=supplier.headers)
    assert code(locked) == (429, "account_locked")
    assert (await sign_in(client, supplier)).status_code == 200  # nobody is locked out of signing in


async def test_confirming_takes_the_app_s_code_only(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    nothing = await client.post(f"{PATH}/confirm", json={"otp": "000000"}, headers=supplier.headers)
    assert code(nothing) == (409, "state_conflict")
    await client.post(PATH, json={"password": make.PASSWORD}, headers=supplier.headers)
    for _ in range(5):
        wrong = await client.post(f"{PATH}/confirm", json={"otp": "000000"}, headers=supplier.headers)
        assert code(wrong) == (422, "second_factor_refused")
    locked = await client.post(f"{PATH}/confirm", json={"otp": "000000"}, headers=supplier.headers)
    assert code(locked) == (429, "account_locked")


async def test_a_replay_of_setting_up_holds_no_secret(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    answers = [
        await client.post(PATH, json={"password": make.PASSWORD}, headers=supplier.with_key("enrol-1"))
        for _ in range(2)
    ]
    assert answers[0].json()["secret"]
    assert answers[1].json() == {"secret": None, "uri": None, "qr_image": None}
    phone = App(answers[0].json()["secret"], [])
    headers = supplier.with_key("confirm-1")
    answers = [await client.post(f"{PATH}/confirm", json={"otp": phone.code()}, headers=headers) for _ in range(2)]
    assert len(answers[0].json()["recovery_codes"]) == 10
    assert answers[1].json() == {"recovery_codes": None}


# signing in


async def test_in_two_steps(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    body = {"username": supplier.phone, "password": make.PASSWORD, "scope": "me products:read", "device_name": "收银台"}
    first = await client.post(LOGIN, json=body)
    assert code(first) == (401, "second_factor_required")
    assert first.json()["expires_in"] == 300
    tokens = await second(client, first.json()["challenge"], phone.code())
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["scope"] == "me products:read"
    [row] = [one for one in (await _sessions(client, supplier)) if one["device_name"] == "收银台"]
    assert row["second_factor"] is True
    logins = (await client.get("/api/v1/me/logins", headers=supplier.headers)).json()["items"]
    assert [row["outcome"] for row in logins] == ["success", "second_factor_required"]
    assert {row["account"] for row in logins} == {supplier.phone}


async def _sessions(client: httpx.AsyncClient, who: make.Signed) -> list[dict[str, Any]]:
    return list((await client.get("/api/v1/me/sessions", headers=who.headers)).json()["items"])


async def test_in_one_step_with_json_and_with_the_form(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    assert (await sign_in(client, supplier, otp=phone.code())).status_code == 200
    form = {"grant_type": "password", "username": supplier.username, "password": make.PASSWORD}
    assert code(await client.post("/api/v1/auth/token", data=form)) == (401, "second_factor_required")
    answer = await client.post("/api/v1/auth/token", data=form | {"otp": phone.code(steps=1)})
    assert answer.status_code == 200, answer.text


async def test_a_wrong_password_is_told_first_whatever_the_code(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    for otp in (phone.code(), "000000", None):
        answer = await sign_in(client, supplier, password="wrong-Wrong-1", **({"otp": otp} if otp else {}))
        assert code(answer) == (401, "bad_credentials")


async def test_who_has_none_may_send_a_code(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    assert (await sign_in(client, supplier, otp="123456")).status_code == 200


async def test_clocks_may_differ_by_a_step_but_not_by_two(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    with clock.at(clock.now() + timedelta(minutes=5)):
        for steps in (-2, 2):
            assert code(await sign_in(client, supplier, otp=phone.code(steps=steps))) == (401, "wrong_second_factor")
        for steps in (-1, 0, 1):
            assert (await sign_in(client, supplier, otp=phone.code(steps=steps))).status_code == 200


async def test_a_code_serves_once_and_no_older_one_after_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert (await sign_in(client, supplier, otp=phone.code())).status_code == 200
        for steps in (0, -1):
            assert code(await sign_in(client, supplier, otp=phone.code(steps=steps))) == (401, "wrong_second_factor")
        given = await challenge(client, supplier)
        assert code(await second(client, given, phone.code())) == (401, "wrong_second_factor")


async def test_the_code_that_set_it_up_does_not_sign_in(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    assert code(await sign_in(client, supplier, otp=phone.code(steps=-1))) == (401, "wrong_second_factor")


async def test_one_code_in_parallel_serves_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = [await challenge(client, supplier) for _ in range(4)]
    otp = phone.code()
    answers = await asyncio.gather(*(second(client, one, otp) for one in given))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_codes_cannot_be_guessed(client: httpx.AsyncClient, app: FastAPI) -> None:
    """By challenge, in one step, in parallel, as recovery codes: all of it is one count of the person."""
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = await challenge(client, supplier)
    guesses = [second(client, given, f"{n:06}") for n in range(5)]
    guesses += [second(client, given, f"abcde-abcd{n}") for n in range(2, 4)]
    guesses += [sign_in(client, supplier, otp=f"{n:06}") for n in range(100, 103)]
    answers = [code(answer) for answer in await asyncio.gather(*guesses)]
    assert answers.count((401, "wrong_second_factor")) == 5
    assert answers.count((429, "account_locked")) == 5
    for otp in (phone.code(), phone.recovery_codes[0]):  # the right ones do not help now
        assert code(await second(client, given, otp)) == (429, "account_locked")
    assert code(await sign_in(client, supplier)) == (401, "second_factor_required")  # the password alone is not locked
    with clock.at(clock.now() + timedelta(seconds=31)):
        assert code(await second(client, given, "000000")) == (401, "wrong_second_factor")
        locked = await second(client, given, phone.code())
        assert code(locked) == (429, "account_locked")
        assert int(locked.headers["Retry-After"]) > 50  # twice as long
    with clock.at(clock.now() + timedelta(seconds=100)):
        assert (await second(client, given, phone.code())).status_code == 200


async def test_a_right_password_does_not_reset_the_count_of_codes(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    await enrolled(client, supplier)
    answers = []
    for n in range(7):
        given = await challenge(client, supplier)
        answers.append((await second(client, given, f"{n:06}")).json()["code"])
    assert answers == ["wrong_second_factor"] * 5 + ["account_locked"] * 2


async def test_a_recovery_code_serves_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    phone, others = await enrolled(client, supplier), await enrolled(client, other)
    first, next_one = phone.recovery_codes[:2]
    assert (await sign_in(client, supplier, otp=first)).status_code == 200
    assert code(await sign_in(client, supplier, otp=first)) == (401, "wrong_second_factor")
    assert code(await sign_in(client, supplier, otp=others.recovery_codes[0])) == (401, "wrong_second_factor")
    typed = next_one.replace("-", "").upper()
    assert (await second(client, await challenge(client, supplier), typed)).status_code == 200
    assert (await client.get(PATH, headers=supplier.headers)).json()["recovery_codes_left"] == 8
    trail = await client.get("/api/v1/audit?action=identity.use_recovery_code", headers=supplier.headers)
    assert len(trail.json()["items"]) == 2


async def test_one_recovery_code_in_parallel_serves_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = [await challenge(client, supplier) for _ in range(4)]
    answers = await asyncio.gather(*(second(client, one, phone.recovery_codes[0]) for one in given))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


# challenges


async def test_a_challenge_serves_once_and_not_for_long(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = await challenge(client, supplier)
    assert (await second(client, given, phone.code())).status_code == 200
    assert code(await second(client, given, phone.code(steps=1))) == (401, "invalid_challenge")
    late = await challenge(client, supplier)
    with clock.at(clock.now() + timedelta(seconds=301)):
        assert code(await second(client, late, phone.code())) == (401, "invalid_challenge")


async def test_a_challenge_is_its_owner_s(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, thief = await make.supplier(app), await make.supplier(app)
    await enrolled(client, supplier)
    own = await enrolled(client, thief)
    given = await challenge(client, supplier)
    assert code(await second(client, given, own.code())) == (401, "wrong_second_factor")
    assert code(await second(client, "made-up", own.code())) == (401, "invalid_challenge")


async def test_a_challenge_is_no_token(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    await enrolled(client, supplier)
    given = await challenge(client, supplier)
    assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {given}"})).status_code == 401
    assert (await client.post("/api/v1/auth/refresh", json={"refresh_token": given})).status_code == 401


async def test_a_challenge_dies_with_the_password(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = await challenge(client, supplier)
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    assert (await client.post("/api/v1/me/password", json=body, headers=supplier.headers)).status_code == 200
    assert code(await second(client, given, phone.code())) == (401, "invalid_challenge")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE users SET status = 'disabled' WHERE id = $1", (401, "invalid_challenge")),
        (
            "UPDATE organizations SET status = 'suspended' WHERE id = (SELECT organization_id FROM users WHERE id = $1)",
            (403, "organization_not_active"),
        ),
    ],
)
async def test_what_happened_between_the_steps_counts(
    client: httpx.AsyncClient,
    app: FastAPI,
    owner_connection: asyncpg.Connection,
    change: str,
    expected: tuple[int, str],
) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    given = await challenge(client, supplier)
    await owner_connection.execute(change, supplier.user_id)
    assert code(await second(client, given, phone.code())) == expected


# afterwards


async def test_new_recovery_codes_replace_the_old_ones(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    body = {"password": make.PASSWORD, "otp": phone.code()}
    fresh = await client.post(f"{PATH}/recovery-codes", json=body, headers=supplier.headers)
    assert len(fresh.json()["recovery_codes"]) == 10
    assert code(await sign_in(client, supplier, otp=phone.recovery_codes[0])) == (401, "wrong_second_factor")
    assert (await sign_in(client, supplier, otp=fresh.json()["recovery_codes"][0])).status_code == 200


async def test_giving_it_up_takes_password_and_code(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    for body, expected in (
        ({"password": "wrong-Wrong-1", "otp": phone.code()}, (422, "wrong_password")),
        ({"password": make.PASSWORD, "otp": "000000"}, (422, "second_factor_refused")),
        ({"password": make.PASSWORD}, (422, "validation_failed")),
    ):
        assert code(await client.post(f"{PATH}/disable", json=body, headers=supplier.headers)) == expected
    body = {"password": make.PASSWORD, "otp": phone.code()}
    done = await client.post(f"{PATH}/disable", json=body, headers=supplier.headers)
    assert done.json() == {"enabled": False, "confirmed_at": None, "recovery_codes_left": 0, "required": False}
    assert (await sign_in(client, supplier)).status_code == 200
    again = await client.post(f"{PATH}/disable", json=body, headers=supplier.headers)
    assert code(again) == (409, "state_conflict")


async def test_a_new_device_replaces_the_old_one_without_a_gap(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    old = await enrolled(client, supplier)
    without = await client.post(PATH, json={"password": make.PASSWORD}, headers=supplier.headers)
    assert code(without) == (422, "second_factor_refused")
    body = {"password": make.PASSWORD, "otp": old.code()}
    started = await client.post(PATH, json=body, headers=supplier.headers)
    new = App(started.json()["secret"], [])
    assert (await sign_in(client, supplier, otp=old.code(steps=1))).status_code == 200  # until the new one is confirmed
    assert code(await sign_in(client, supplier, otp=new.code())) == (401, "wrong_second_factor")
    confirmed = await client.post(f"{PATH}/confirm", json={"otp": new.code(steps=-1)}, headers=supplier.headers)
    assert confirmed.status_code == 200
    assert (await sign_in(client, supplier, otp=new.code())).status_code == 200
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert code(await sign_in(client, supplier, otp=old.code())) == (401, "wrong_second_factor")


async def test_the_person_is_told(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    from distro_api.subscriptions import subscribers

    supplier = await make.supplier(app)
    phone = await enrolled(client, supplier)
    body = {"password": make.PASSWORD, "otp": phone.code()}
    await client.post(f"{PATH}/disable", json=body, headers=supplier.headers)
    [told] = [one for one in subscribers(app.state.settings) if one.name == "notifications.passwords"]
    await work_off(app, told)
    messages = await deliver_messages(app, owner_connection)
    assert [message["template"] for message in messages] == ["second_factor_enabled", "second_factor_disabled"]
    assert {message["to"] for message in messages} == {supplier.phone}


# demanded by an organization


def security(who: make.Signed) -> str:
    return f"/api/v1/organizations/{who.organization_id}/security"


async def test_an_organization_demands_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    seen = await client.get(security(supplier), headers=supplier.headers)
    assert seen.json()["second_factor_required"] is False
    demanded = await client.put(
        security(supplier),
        json={"second_factor_required": True},
        headers=supplier.headers | {"If-Match": seen.headers["ETag"]},
    )
    assert demanded.json()["second_factor_required"] is True
    tokens = await sign_in(client, supplier)
    assert tokens.json()["second_factor_enrolment_required"] is True
    for path in ("/api/v1/me", "/api/v1/products", "/api/v1/me/sessions"):
        refused = await client.get(path, headers=bearer(tokens))
        assert code(refused) == (403, "second_factor_enrolment_required")
    phone = await enrolled(client, supplier, bearer(tokens))
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens.json()["refresh_token"]})
    assert renewed.json()["second_factor_enrolment_required"] is False
    assert (await client.get("/api/v1/me", headers=bearer(renewed))).status_code == 200
    body = {"password": make.PASSWORD, "otp": phone.code()}
    kept = await client.post(f"{PATH}/disable", json=body, headers=bearer(renewed))
    assert code(kept) == (409, "second_factor_enforced")


async def test_a_running_session_must_set_one_up_at_its_next_token(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    await client.put(security(supplier), json={"second_factor_required": True}, headers=supplier.headers)
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": supplier.refresh_token})
    assert renewed.json()["second_factor_enrolment_required"] is True
    assert (await client.get("/api/v1/me", headers=bearer(renewed))).status_code == 403


async def test_an_issued_password_is_changed_before(client: httpx.AsyncClient, app: FastAPI) -> None:
    new = await make.organization(app, make.Kind.DISTRIBUTOR, password_change_required=True)
    admin = await make.admin(app)
    await client.put(security(new), json={"second_factor_required": True}, headers=admin.headers)
    tokens = await sign_in(client, new)
    assert code(await client.get(PATH, headers=bearer(tokens))) == (403, "password_change_required")
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post("/api/v1/me/password", json=body, headers=bearer(tokens))
    assert changed.json()["second_factor_enrolment_required"] is True
    assert (await client.get(PATH, headers=bearer(changed))).json()["required"] is True


async def test_the_platform_demands_it_of_a_kind(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    await set_parameter(client, app, "second_factor_required_of_supplier", True)
    assert (await sign_in(client, supplier)).json()["second_factor_enrolment_required"] is True
    assert (await sign_in(client, distributor)).json()["second_factor_enrolment_required"] is False
    seen = (await client.get(security(supplier), headers=supplier.headers)).json()
    assert (seen["second_factor_required"], seen["demanded_by_platform"]) == (False, True)


async def test_who_may_demand_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, admin = await make.supplier(app), await make.supplier(app), await make.admin(app)
    narrow = await make.supplier(app, scope="me organizations:read users:manage")
    demand = {"second_factor_required": True}
    assert (await client.put(security(supplier), json=demand, headers=other.headers)).status_code == 404
    assert (await client.put(security(narrow), json=demand, headers=narrow.headers)).status_code == 403
    assert (await client.put(security(supplier), json=demand, headers=admin.headers)).status_code == 200
    trail = await client.get("/api/v1/audit?action=identity.demand_second_factor", headers=admin.headers)
    assert [row["detail"] for row in trail.json()["items"]] == [{"required": True}]
    for body in ({}, {"second_factor_required": None}, demand | {"withheld": []}, {"second_factor_required": "yes?"}):
        assert (await client.put(security(supplier), json=body, headers=admin.headers)).status_code == 422


# reset by an owner


@pytest.mark.capability("I9")
async def test_an_owner_resets_a_lost_one(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    from distro_api.subscriptions import subscribers

    owner = await make.supplier(app)
    hired = await make.colleague(app, owner, "operator")
    path = f"/api/v1/users/{hired.user_id}/reset-second-factor"
    assert code(await client.post(path, headers=owner.headers)) == (409, "state_conflict")  # there is none
    phone = await enrolled(client, hired)
    given = await challenge(client, hired)
    for _ in range(5):
        await second(client, given, "000000")
    done = await client.post(path, headers=owner.headers)
    assert done.status_code == 200, done.text
    assert (await client.get("/api/v1/me", headers=hired.headers)).status_code == 401  # whoever has it is out
    assert code(await second(client, given, phone.code())) == (401, "invalid_challenge")
    tokens = await sign_in(client, hired)
    assert tokens.status_code == 200
    again = await enrolled(client, hired, bearer(tokens))  # and the lock is lifted
    assert (await sign_in(client, hired, otp=again.code())).status_code == 200
    trail = await client.get("/api/v1/audit?action=identity.second_factor_reset", headers=owner.headers)
    assert [row["object_id"] for row in trail.json()["items"]] == [str(hired.user_id)]
    [told] = [one for one in subscribers(app.state.settings) if one.name == "notifications.passwords"]
    await work_off(app, told)
    templates = [message["template"] for message in await deliver_messages(app, owner_connection)]
    assert templates == ["second_factor_enabled", "second_factor_reset", "second_factor_enabled"]


@pytest.mark.capability("I9")
async def test_who_may_not_reset_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, stranger, admin = await make.supplier(app), await make.supplier(app), await make.admin(app)
    hired = await make.colleague(app, owner, "operator")
    await enrolled(client, hired)
    await enrolled(client, owner)
    path = "/api/v1/users/{}/reset-second-factor"
    for who, whose, expected in (
        (stranger, hired, (404, "not_found")),
        (admin, hired, (404, "not_found")),
        (hired, owner, (403, "permission_denied")),
        (owner, owner, (409, "own_account")),
    ):
        answer = await client.post(path.format(whose.user_id), headers=who.headers)
        assert code(answer) == expected


async def test_the_platform_helps_a_sole_owner(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, other, admin = await make.distributor(app), await make.distributor(app), await make.admin(app)
    await enrolled(client, owner)
    body = {"account": owner.phone, "reason": "手机丢失，已核实身份"}

    async def reset(where: make.Signed, who: make.Signed, **more: Any) -> httpx.Response:
        path = f"/api/v1/organizations/{where.organization_id}/reset-second-factor"
        return await client.post(path, json=body | more, headers=who.headers)

    assert code(await reset(owner, owner)) == (403, "permission_denied")
    assert code(await reset(other, admin)) == (404, "not_found")  # nobody of that organization
    assert code(await reset(owner, admin, account="nobody-here")) == (404, "not_found")
    assert code(await reset(admin, admin, account=admin.username)) == (409, "own_account")
    assert (await reset(owner, admin)).status_code == 200
    assert code(await reset(owner, admin)) == (409, "state_conflict")
    assert (await sign_in(client, owner)).status_code == 200
    [row] = (await client.get("/api/v1/audit?action=identity.second_factor_reset", headers=admin.headers)).json()[
        "items"
    ]
    assert (row["object_id"], row["detail"]) == (str(owner.user_id), {"reason": body["reason"]})


@pytest.mark.parametrize("otp", ["", "12345", "1234567", "１２３４５６", "12345a", "\u0000" * 6, "' or 1=1", "x" * 500])
async def test_malformed_codes(client: httpx.AsyncClient, app: FastAPI, otp: str) -> None:
    supplier = await make.supplier(app)
    await enrolled(client, supplier)
    given = await challenge(client, supplier)
    assert code(await second(client, given, otp)) == (422, "validation_failed")
