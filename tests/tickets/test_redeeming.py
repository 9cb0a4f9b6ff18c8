"""Codes at the gate: used in part, replayed, reversed, expired, mistyped."""

import asyncio
import struct
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from distro_api.core import clock
from distro_api.tickets.jobs import expire_tickets
from distro_api.tickets.service.codes import ALPHABET, is_well_formed
from make.store import ADULT, MONEY, OpenStore, Store, code_of, noon, refund_body, today
from make.worker import settle, worker_sessions


@pytest.fixture
def at_the_gate(store: Store) -> Iterator[Store]:
    """It is noon on the service date."""
    with clock.at(noon(store.day)):
        yield store


async def use(store: Store, code: str, quantity: int | None = None, **gate: str) -> dict[str, Any]:
    body = {"code": code, "quantity": quantity} | gate
    used: dict[str, Any] = await store.supplier.post("/tickets/redeem", body)
    return used


async def refuse(store: Store, status: int, why: str, **body: Any) -> dict[str, Any]:
    problem: dict[str, Any] = await store.supplier.refused(status, why, "POST", "/tickets/redeem", body)
    return problem


async def sold(store: Store, quantity: int = 3) -> dict[str, Any]:
    """An order, placed in good time."""
    with clock.at(noon(today())):
        return await store.place(store.line(quantity))


@pytest.mark.capability("O14", "O7")
async def test_a_code_is_used_bit_by_bit(at_the_gate: Store) -> None:
    store = at_the_gate
    order = await sold(store)
    code = code_of(order)
    states = []
    for quantity in (1, None):
        ticket = await use(store, code, quantity)
        await settle(store.app)
        seen = await store.read(order)
        states.append((ticket["redeemed"], ticket["status"], seen["status"], seen["lines"][0]["fulfilled"]))
    assert states == [(1, "valid", "fulfilling", 1), (3, "redeemed", "completed", 3)]
    over = await refuse(store, 409, "ticket_not_redeemable", code=code)
    assert (over["reason"], over["remaining"]) == ("redeemed", 0)


@pytest.mark.capability("O14")
async def test_more_than_is_left_is_refused_whole(at_the_gate: Store) -> None:
    store = at_the_gate
    order = await sold(store)
    await use(store, code_of(order), 2)
    over = await refuse(store, 409, "ticket_not_redeemable", code=code_of(order), quantity=2)
    assert (over["reason"], over["remaining"]) == ("not_enough_left", 1)
    assert (await use(store, code_of(order), 1))["redeemed"] == 3


@pytest.mark.capability("O14")
async def test_a_device_s_serial_counts_once_for_ever(at_the_gate: Store) -> None:
    store = at_the_gate
    code, other = code_of(await sold(store)), code_of(await sold(store))
    gate = {"device": "gate-1", "serial": "0001"}
    for _ in range(3):
        assert (await use(store, code, 1, **gate))["redeemed"] == 1
    reused = await refuse(store, 409, "serial_reused", code=other, **gate)
    assert (reused["device"], reused["serial"], reused["reason"]) == ("gate-1", "0001", "another_code")
    more = await refuse(store, 409, "serial_reused", code=code, quantity=2, **gate)
    assert more["reason"] == "another_quantity"
    assert (await use(store, code, 1, device="gate-2", serial="0001"))["redeemed"] == 2
    answers = await asyncio.gather(*(use(store, code, 1, device="gate-1", serial="0002") for _ in range(8)))
    assert {answer["redeemed"] for answer in answers} == {3}


@pytest.mark.capability("O14")
async def test_a_reversed_use_lets_nobody_in_again(at_the_gate: Store) -> None:
    store = at_the_gate
    code, gate = code_of(await sold(store)), {"device": "gate-1", "serial": "0001"}
    ticket = await use(store, code, 1, **gate)
    await store.supplier.post(f"/tickets/{ticket['id']}/reverse", {"reason": "刷错票"})
    assert (await refuse(store, 409, "serial_reused", code=code, quantity=1, **gate))["reason"] == "reversed"
    assert (await use(store, code, 1, device="gate-1", serial="0002"))["redeemed"] == 1


@pytest.mark.capability("O14")
async def test_a_replay_needs_no_key_and_says_that_it_is_one(at_the_gate: Store) -> None:
    store = at_the_gate
    body = {"code": code_of(await sold(store)), "quantity": 1, "device": "gate-1", "serial": "1"}
    url, headers = "/api/v1/tickets/redeem", store.supplier.signed.headers
    first, again = [await store.client.post(url, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")


@pytest.mark.capability("O14", "I15")
async def test_two_suppliers_may_have_gates_of_one_name(opens: OpenStore) -> None:
    stores = await opens(), await opens()
    orders = [await sold(store) for store in stores]
    for store, order in zip(stores, orders, strict=True):
        with clock.at(noon(store.day)):
            assert (await use(store, code_of(order), 1, device="gate-1", serial="1"))["redeemed"] == 1
    await refuse(stores[0], 404, "not_found", code=code_of(orders[1]))
    ticket = orders[1]["lines"][0]["tickets"][0]["id"]
    stranger = stores[0].supplier
    for method, path, body in (
        ("GET", f"/tickets/{ticket}", None),
        ("GET", f"/tickets/{ticket}/redemptions", None),
        ("GET", f"/tickets/{ticket}/qr.png", None),
        ("POST", f"/tickets/{ticket}/reverse", {"reason": "x"}),
    ):
        await stranger.refused(404, "not_found", method, path, body)
    assert (await stranger.get("/tickets", code=code_of(orders[1])))["items"] == []
    buyer = stores[0].distributor
    await buyer.refused(403, "permission_denied", "POST", "/tickets/redeem", {"code": code_of(orders[0])})


@pytest.mark.capability("O14", "Y6")
async def test_a_reversed_use_may_be_used_or_paid_back(at_the_gate: Store) -> None:
    store = at_the_gate
    order = await sold(store)
    await use(store, code_of(order), 1)
    ticket = await use(store, code_of(order))
    await settle(store.app)
    path = f"/tickets/{ticket['id']}"
    history = await store.supplier.get(f"{path}/redemptions")
    assert [(use["kind"], use["quantity"]) for use in history] == [("redeem", 1), ("redeem", 2)]

    back = await store.supplier.post(f"{path}/reverse", {"reason": "扫错了", "redemption_id": history[0]["id"]})
    assert (back["redeemed"], back["status"]) == (2, "valid")
    again = {"reason": "再次", "redemption_id": history[0]["id"]}
    await store.supplier.refused(409, "nothing_to_reverse", "POST", f"{path}/reverse", again)
    await settle(store.app)
    reopened = await store.read(order)
    assert (reopened["status"], reopened["lines"][0]["fulfilled"]) == ("fulfilling", 2)
    assert (await store.refund(order, {0: 1}, store.supplier))["amount"] == ADULT
    assert (await store.read(order))["status"] == "completed"

    await store.supplier.post(f"{path}/reverse", {"reason": "扫错了"})
    await settle(store.app)
    assert (await store.read(order))["status"] == "paid"
    assert (await use(store, code_of(order), 1))["redeemed"] == 1
    assert (await store.cancel(order, store.supplier))["status"] == "completed"
    assert (await store.money())[0] == MONEY - ADULT
    kinds = [(use["kind"], use["quantity"], use["reason"]) for use in await store.supplier.get(f"{path}/redemptions")]
    assert kinds[2:] == [("reverse", 1, "扫错了"), ("reverse", 2, "扫错了"), ("redeem", 1, "")]


@pytest.mark.capability("O14")
async def test_reversals_that_make_no_sense(at_the_gate: Store) -> None:
    store = at_the_gate
    order = await sold(store)
    path = f"/tickets/{order['lines'][0]['tickets'][0]['id']}/reverse"
    await store.supplier.refused(409, "nothing_to_reverse", "POST", path, {"reason": "x"})
    await use(store, code_of(order), 1)
    unknown = {"reason": "x", "redemption_id": str(uuid4())}
    await store.supplier.refused(409, "nothing_to_reverse", "POST", path, unknown)
    for body in ({}, {"reason": ""}, {"reason": "x", "quantity": 1}, {"reason": "x", "redemption_id": "1"}):
        await store.supplier.refused(422, "validation_failed", "POST", path, body)
    await store.supplier.refused(404, "not_found", "POST", f"/tickets/{uuid4()}/reverse", {"reason": "x"})
    await store.distributor.refused(403, "permission_denied", "POST", path, {"reason": "x"})


@pytest.mark.capability("O14", "P1")
async def test_a_ticket_of_a_date_is_good_on_its_day_and_no_other(opens: OpenStore) -> None:
    store = await opens(product={"attributes": {"validity": {"by": "date"}}})
    code = code_of(await sold(store))
    for day, reason in ((-1, "not_yet_valid"), (1, "expired")):
        with clock.at(noon(store.day + timedelta(days=day))):
            assert (await refuse(store, 409, "ticket_not_redeemable", code=code))["reason"] == reason
    for at in (timedelta(hours=-12), timedelta(hours=11, minutes=59, seconds=59)):
        with clock.at(noon(store.day) + at):
            await use(store, code, 1)


@pytest.mark.capability("O14", "P1")
async def test_without_a_rule_a_ticket_is_good_until_its_day_is_over(store: Store) -> None:
    code = code_of(await sold(store))
    assert (await use(store, code, 1))["redeemed"] == 1
    with clock.at(noon(store.day) + timedelta(hours=12)):
        assert (await refuse(store, 409, "ticket_not_redeemable", code=code))["reason"] == "expired"


@pytest.mark.capability("O14", "Y6")
async def test_codes_expire_with_their_last_day(store: Store) -> None:
    order, used = await sold(store), await sold(store, 1)
    await store.redeem(order, 1)
    await store.redeem(used)
    async with worker_sessions(store.app.state.settings) as sessions:
        for day, expired in ((store.day, 0), (store.day + timedelta(days=1), 1), (store.day + timedelta(days=1), 0)):
            async with sessions.begin() as session:
                assert await expire_tickets(session, day) == expired
    await settle(store.app)
    (ticket,) = (await store.supplier.get("/tickets", status="expired"))["items"]
    assert (ticket["code"], ticket["redeemed"], ticket["quantity"]) == (code_of(order), 1, 3)
    with clock.at(noon(store.day)):
        assert (await refuse(store, 409, "ticket_not_redeemable", code=code_of(order)))["reason"] == "expired"
    told = [event["name"] for event in (await store.supplier.get("/events", limit=200))["items"]]
    assert told.count("tickets.expired") == 1
    await store.refund(order, who=store.supplier)
    after = await store.read(order)
    assert (after["status"], after["lines"][0]["tickets"][0]["status"]) == ("completed", "redeemed")


@pytest.mark.capability("O14", "Y6")
async def test_what_was_paid_back_lets_nobody_in(at_the_gate: Store) -> None:
    store = at_the_gate
    order = await sold(store)
    await store.refund(order, {0: 2}, store.supplier)
    over = await refuse(store, 409, "ticket_not_redeemable", code=code_of(order), quantity=2)
    assert (over["reason"], over["remaining"]) == ("not_enough_left", 1)
    await store.cancel(order, store.supplier)
    assert (await refuse(store, 409, "ticket_not_redeemable", code=code_of(order)))["reason"] == "refunded"
    await store.supplier.refused(
        409, "state_conflict", "POST", f"/orders/{order['id']}/refunds", refund_body(order, {0: 1})
    )


@pytest.mark.capability("O14")
async def test_a_code_may_be_typed_as_people_type(at_the_gate: Store) -> None:
    store = at_the_gate
    orders = [await sold(store, 5) for _ in range(6)]
    for n, order in enumerate(orders):
        code = code_of(order)
        assert len(code) == 12
        assert set(code) <= set(ALPHABET)
        alike = code.replace("0", "O").replace("1", "lI"[n % 2])
        for typed in (code.lower(), f"{code[:4]}-{code[4:8]}-{code[8:]}", f" {code[:6]} {code[6:]} ", alike):
            assert (await use(store, typed, 1))["code"] == code
        assert (await store.supplier.get("/tickets", code=alike.lower()))["items"][0]["id"]


@pytest.mark.capability("O14")
async def test_a_mistyped_code_is_not_found(at_the_gate: Store) -> None:
    store = at_the_gate
    code = code_of(await sold(store))
    for place in range(12):
        for letter in ALPHABET:
            wrong = code[:place] + letter + code[place + 1 :]
            if wrong != code and is_well_formed(wrong):  # the check character is taken modulo 31 of 32 letters
                assert {letter, code[place]} == {"0", "Z"}
        swapped = code[:place] + code[place : place + 2][::-1] + code[place + 2 :]
        assert swapped == code or not is_well_formed(swapped) or set(code[place : place + 2]) == {"0", "Z"}
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 31]
    for typed in (wrong, code[::-1] if not is_well_formed(code[::-1]) else wrong, code + "0", code[:-1], "票" * 12):
        await refuse(store, 404, "not_found", code=typed)
    for body in (
        {"code": ""},
        {"code": "x" * 41},
        {"code": None},
        {"quantity": 1},
        *({"code": code, "quantity": quantity} for quantity in (0, -1, 1.5, "1", 10**30)),
        {"code": code, "device": "gate-1"},
        {"code": code, "serial": "1"},
        {"code": code, "device": "a b", "serial": "1"},
        {"code": code, "device": "", "serial": ""},
    ):
        await refuse(store, 422, "validation_failed", **body)
    await refuse(store, 404, "not_found", code="\0" * 12)


@pytest.mark.capability("O14")
async def test_the_qr_image_is_a_png(store: Store) -> None:
    order = await sold(store)
    for who in (store.distributor, store.supplier):
        image = await who.ask("GET", f"/tickets/{order['lines'][0]['tickets'][0]['id']}/qr.png")
        assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
        assert image.content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", image.content[16:24])
        modules = width // 8 - 8
        assert width == height
        assert (modules - 17) % 4 == 0, "a QR code has 17 + 4 × version modules"


@pytest.mark.capability("O14")
async def test_codes_are_found_by_order_distributor_and_state(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    await other.place()
    first, second = await store.place(store.line(2), store.line(1, store.child)), await store.place()
    await store.cancel(second)
    codes = [code_of(second), code_of(first, 1), code_of(first)]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, codes),
        ({"order_id": first["id"]}, codes[1:]),
        ({"distributor_id": store.distributor.id}, codes),
        ({"distributor_id": other.distributor.id}, []),
        ({"sku_id": store.child}, [codes[1]]),
        ({"status": "valid"}, codes[1:]),
        ({"status": "refunded"}, codes[:1]),
        ({"code": codes[2]}, [codes[2]]),
        ({"code": "nothing"}, []),
        ({"sort": "created_at"}, codes[::-1]),
    ]
    for filters, expected in cases:
        for who in (store.supplier, store.distributor):
            found = (await who.get("/tickets", **filters))["items"]
            assert [ticket["code"] for ticket in found] == expected, filters
    assert len((await store.admin.get("/tickets"))["items"]) == 4
    page = await store.supplier.get("/tickets", limit=2, with_total=True)
    rest = await store.supplier.get("/tickets", limit=2, cursor=page["next_cursor"])
    assert ([t["code"] for t in page["items"] + rest["items"]], page["total"]) == (codes, 3)
    one = await store.distributor.get(f"/tickets/{page['items'][0]['id']}")
    assert one == page["items"][0]
    await store.supplier.refused(422, "validation_failed", "GET", "/tickets", params={"status": "lost"})
