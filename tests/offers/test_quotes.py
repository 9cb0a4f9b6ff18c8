"""A distributor asks what lines cost and is told why; and why not, where it may not buy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from distro_api.core import clock
from distro_api.identity.models import Kind, Organization, OrganizationStatus
from distro_api.products.service import bump_catalogue
from distro_api.relations.models import RelationStatus, Sells, SupplyRelation
from distro_api.strategies.models import DayKind
from make import identity, products, strategies

QUOTES = "/api/v1/quotes"
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
TUESDAY, SATURDAY = "2026-06-02", "2026-06-06"
PRICES = {
    "settlement_price": 8000,
    "retail_price": 12000,
    "date_prices": [
        {"date_from": "2026-01-01", "date_to": "2026-12-31", "weekdays": [6, 7], "settlement_price": 9000},
        {"date_from": "2026-01-01", "date_to": "2027-12-31", "holidays": True, "settlement_price": 11000},
    ],
    "quantity_prices": [{"min_quantity": 10, "settlement_price": 7500}],
}


@dataclass
class Scene:
    """A supplier with a ticket on sale, a partner, the platform."""

    client: httpx.AsyncClient
    app: FastAPI
    supplier: identity.Signed
    distributor: identity.Signed
    admin: identity.Signed
    relation: SupplyRelation
    product: dict[str, Any]

    @property
    def sku(self) -> str:
        return str(self.product["skus"][0]["id"])

    @property
    def child(self) -> str:
        return str(self.product["skus"][1]["id"])

    async def sell(self, **changes: Any) -> dict[str, Any]:
        """An active strategy for the adults' ticket."""
        item = {"sku_id": self.sku} | (changes.pop("item", None) or PRICES)
        return await strategies.active(self.client, self.supplier, item, **changes)

    async def ask(
        self, *lines: dict[str, Any], who: identity.Signed | None = None, language: str = "zh", **body: Any
    ) -> httpx.Response:
        lines = lines or ({"date": TUESDAY},)
        asked = {
            "channel": "individual",
            "lines": [{"sku_id": self.sku, "quantity": 1} | line for line in lines],
        } | body
        headers = (who or self.distributor).headers | {"Accept-Language": language}
        return await self.client.post(QUOTES, json=asked, headers=headers)

    async def line(self, **line: Any) -> dict[str, Any]:
        answer = await self.ask({"date": TUESDAY} | line)
        assert answer.status_code == 200, answer.text
        quoted: dict[str, Any] = answer.json()["lines"][0]
        return quoted

    async def refused(self, *lines: dict[str, Any], **body: Any) -> tuple[int, str, str | None]:
        answer = await self.ask(*lines, **body)
        return answer.status_code, answer.json().get("code"), answer.json().get("reason")


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.at(NOW):
        yield


async def somebody(app: FastAPI, kind: Kind, name: str | None = None) -> identity.Signed:
    """An organization with a token of today: tokens do not live at another time."""
    with clock.at(datetime.now(UTC)):
        return await identity.organization(app, kind, name)


@pytest.fixture
async def scene(client: httpx.AsyncClient, app: FastAPI) -> Scene:
    supplier, distributor = await somebody(app, Kind.SUPPLIER, "云海山"), await somebody(app, Kind.DISTRIBUTOR)
    admin = await somebody(app, Kind.ADMIN)
    await strategies.published(app, [(date(2026, 1, 1), DayKind.HOLIDAY)])
    relation = await strategies.partner(app, supplier, distributor, tier="金牌")
    product = await products.on_sale(client, supplier, admin)
    return Scene(client, app, supplier, distributor, admin, relation, product)


@pytest.mark.capability("G5")
async def test_a_quote_explains_its_price(scene: Scene) -> None:
    made = await scene.sell(pay_by=["prepaid", "credit"])
    answer = await scene.ask({"date": SATURDAY, "quantity": 2}, {"date": TUESDAY, "quantity": 10}, language="en")
    quoted = answer.json()
    assert answer.status_code == 200, answer.text
    assert quoted["supplier_id"] == str(scene.supplier.organization_id)
    assert (quoted["business_mode"], quoted["payer"], quoted["currency"]) == ("wholesale", "distributor", "CNY")
    assert (quoted["pay_by"], quoted["order_approval"]) == (["prepaid", "credit"], False)
    assert (quoted["total_amount"], quoted["settlement_amount"], quoted["retail_amount"]) == (93000, 93000, 144000)
    saturday, tuesday = quoted["lines"]
    assert (saturday["unit_price"], saturday["amount"]) == (9000, 18000)
    assert (tuesday["unit_price"], tuesday["amount"]) == (7500, 75000)
    assert {line["strategy_id"] for line in quoted["lines"]} == {made["id"]}
    assert (saturday["valid_from"], saturday["valid_to"]) == (None, SATURDAY)
    assert saturday["refund_rules"] == made["refund_rules"]
    assert saturday["explanation"] == [
        {"rule": "base", "effect": "base settlement 80.00, retail 120.00"},
        {"rule": "weekday", "effect": "2026-01-01 to 2026-12-31, Sat, Sun: settlement 90.00"},
    ]
    chinese = (await scene.ask({"date": TUESDAY, "quantity": 10})).json()["lines"][0]["explanation"]
    assert [step["effect"] for step in chinese] == [
        "基础结算价 80.00 元，零售价 120.00 元",
        "满 10 件：结算价 75.00 元",
    ]


@pytest.mark.capability("G3", "G5")
async def test_holidays_are_official_or_said_to_be_unpublished(scene: Scene) -> None:
    await scene.sell()
    assert (await scene.line(date="2026-10-01"))["unit_price"] == 11000  # by law, whatever the table says
    assert (await scene.line(date="2026-10-05"))["unit_price"] == 8000
    rules = [step["rule"] for step in (await scene.line(date="2027-10-01"))["explanation"]]
    assert rules == ["base", "holiday", "holidays_unpublished"]
    put = {"name": "国庆节", "kind": "holiday"}
    path = "/api/v1/holidays/2026-10-05"
    assert (await scene.client.put(path, json=put, headers=scene.admin.headers)).status_code == 200
    assert (await scene.line(date="2026-10-05"))["unit_price"] == 11000  # seen at once


@pytest.mark.capability("G2", "G5")
async def test_agency_is_retail_less_commission(scene: Scene) -> None:
    await scene.sell(business_mode="agency", item={"retail_price": 3333, "commission_percent": "12.5"})
    quoted = (await scene.ask({"date": TUESDAY, "quantity": 3})).json()
    assert (quoted["retail_amount"], quoted["commission_amount"], quoted["total_amount"]) == (9999, 1250, 8749)
    assert quoted["business_mode"] == "agency"


@pytest.mark.capability("R3", "G5")
async def test_an_authorised_sku_without_a_strategy_is_sold_by_the_built_in_one(scene: Scene) -> None:
    assert await scene.refused() == (409, "offer_not_available", "no_strategy")
    await strategies.authorise(scene.app, scene.relation, scene.sku, 7100)
    answer = (await scene.ask({"date": SATURDAY, "quantity": 3})).json()
    line = answer["lines"][0]
    assert (line["strategy_id"], line["settlement_price"], line["retail_price"]) == (None, 7100, 12000)
    assert (answer["total_amount"], answer["pay_by"], answer["business_mode"]) == (21300, ["prepaid"], "wholesale")
    assert line["refund_rules"] == [{"until_hours_before": 0, "fee_percent": "0"}]
    assert await scene.refused(channel="enterprise") == (409, "offer_not_available", "no_strategy")
    await strategies.withdraw(scene.app, scene.relation, scene.sku)
    assert await scene.refused() == (409, "offer_not_available", "no_strategy")


@pytest.mark.capability("R3", "G5")
async def test_an_authorised_price_replaces_the_strategys(scene: Scene) -> None:
    made = await scene.sell(pay_by=["credit"])
    await strategies.authorise(scene.app, scene.relation, scene.sku, 7100)
    line = await scene.line(date=SATURDAY, quantity=20)
    assert (line["unit_price"], line["strategy_id"]) == (7100, made["id"])
    assert [step["rule"] for step in line["explanation"]] == ["base", "weekday", "authorised"]
    await scene.client.post(f"{strategies.STRATEGIES}/{made['id']}/pause", headers=scene.supplier.headers)
    assert (await scene.line(date=SATURDAY))["strategy_id"] is None


@pytest.mark.capability("R3", "G5")
async def test_a_listed_relation_sells_authorised_skus_only(scene: Scene) -> None:
    await scene.sell()
    await strategies.change_relation(scene.app, scene.relation, sells=Sells.LISTED)
    assert await scene.refused() == (409, "offer_not_available", "not_authorised")
    await strategies.authorise(scene.app, scene.relation, scene.sku, 7100)
    assert (await scene.line())["unit_price"] == 7100


@pytest.mark.capability("G5", "P3")
async def test_every_change_is_seen_at_once(scene: Scene) -> None:
    made = await scene.sell()
    path, headers = f"{strategies.STRATEGIES}/{made['id']}", scene.supplier.headers
    assert (await scene.line())["unit_price"] == 8000
    await scene.client.put(f"{path}/items/{scene.sku}", json={"settlement_price": 1}, headers=headers)
    assert (await scene.line())["unit_price"] == 1
    await scene.client.post(f"{path}/pause", headers=headers)
    assert await scene.refused() == (409, "offer_not_available", "no_strategy")
    await scene.client.post(f"{path}/activate", headers=headers)
    assert (await scene.line())["unit_price"] == 1
    await products.act(scene.client, scene.supplier, scene.product, "unpublish")
    assert await scene.refused() == (409, "offer_not_available", "not_on_sale")
    await products.act(scene.client, scene.supplier, scene.product, "publish")
    assert (await scene.line())["unit_price"] == 1
    edit = {"skus": [{"id": scene.sku, "units": 2}]}
    await scene.client.patch(f"{products.PRODUCTS}/{scene.product['id']}", json=edit, headers=headers)
    assert await scene.refused() == (409, "offer_not_available", "not_on_sale")  # under review
    await products.act(scene.client, scene.admin, scene.product, "approve")
    assert (await scene.line())["unit_price"] == 1
    await strategies.change_relation(scene.app, scene.relation, status=RelationStatus.STOPPED)
    assert await scene.refused() == (409, "offer_not_available", "relation_stopped")
    await strategies.change_relation(scene.app, scene.relation, status=RelationStatus.ACTIVE)
    assert (await scene.line())["unit_price"] == 1
    edit = {"valid_to": "2026-05-31"}
    await scene.client.patch(path, json=edit, headers=headers)
    assert await scene.refused() == (409, "offer_not_available", "outside_validity")


@pytest.mark.capability("G5")
@pytest.mark.parametrize("whose", ["supplier", "distributor"])
async def test_a_suspended_organization_does_not_trade(scene: Scene, whose: str) -> None:
    await scene.sell()
    organization_id = getattr(scene, whose).organization_id
    if whose == "supplier":
        assert (await scene.line())["unit_price"] == 8000  # known, and yet not used afterwards

    async def become(status: OrganizationStatus) -> None:
        async with scene.app.state.database.sessions.begin() as session:
            await session.execute(update(Organization).where(Organization.id == organization_id).values(status=status))

    await become(OrganizationStatus.SUSPENDED)
    assert await scene.refused() == (409, "offer_not_available", "organization_not_active")
    await become(OrganizationStatus.ACTIVE)
    assert (await scene.line())["unit_price"] == 8000


@pytest.mark.capability("G2", "G5")
async def test_who_it_is_for_and_which_goes_first(scene: Scene) -> None:
    one_price = [{"settlement_price": price} for price in (100, 200, 300, 400)]
    await scene.sell(item=one_price[0])
    assert (await scene.line())["unit_price"] == 100
    await scene.sell(item=one_price[1], audience={"kind": "tiers", "tiers": ["金牌", "银牌"]})
    assert (await scene.line())["unit_price"] == 200
    named = {"kind": "distributors", "distributor_ids": [str(scene.distributor.organization_id)]}
    await scene.sell(item=one_price[2], audience=named)
    assert (await scene.line())["unit_price"] == 300
    top = await scene.sell(item=one_price[3], priority=1)
    assert (await scene.line())["unit_price"] == 400
    await scene.sell(item={"settlement_price": 1}, audience={"kind": "tiers", "tiers": ["铜牌"]}, priority=9)
    other = await somebody(scene.app, Kind.DISTRIBUTOR)
    await strategies.partner(scene.app, scene.supplier, other)
    hidden = await scene.sell(item={"settlement_price": 2}, audience={"kind": "tiers", "tiers": ["铜牌"]})
    assert (await scene.line())["unit_price"] == 400
    assert await scene.refused({"strategy_id": hidden["id"], "date": TUESDAY}) == (
        409,
        "offer_not_available",
        "no_strategy",
    )
    assert (await scene.ask({"date": TUESDAY, "strategy_id": top["id"]}, who=other)).json()["total_amount"] == 400
    enterprise = await scene.sell(item={"settlement_price": 50}, channel="enterprise", order_approval=True)
    answer = (await scene.ask({"date": TUESDAY}, channel="enterprise")).json()
    assert (answer["total_amount"], answer["order_approval"]) == (50, True)
    assert answer["lines"][0]["strategy_id"] == enterprise["id"]


@pytest.mark.capability("G3", "G5")
async def test_limits(scene: Scene) -> None:
    limits = {"min_quantity": 2, "max_quantity": 5, "per_day": 9, "cut_off": {"days_before": 1, "time": "09:59"}}
    await scene.sell(item={"settlement_price": 100, "limits": limits})
    wednesday = "2026-06-03"
    for quantities, code in [
        ([1], "limit_exceeded"),
        ([2], None),
        ([5], None),
        ([6], "limit_exceeded"),
        ([3, 3], "limit_exceeded"),  # of all lines together
        ([1, 1], None),
    ]:
        answer = await scene.ask(*({"quantity": quantity, "date": wednesday} for quantity in quantities))
        assert answer.json().get("code") == code, quantities
    refused = (await scene.ask({"quantity": 6, "date": wednesday})).json()
    assert (refused["limit"], refused["max_quantity"], refused["per_day"]) == ("max_quantity", 5, 9)
    late = await scene.ask({"quantity": 2, "date": TUESDAY})  # the cut-off was a minute ago
    assert (late.status_code, late.json()["code"]) == (409, "booking_window_closed")
    assert late.json()["bookable_until"] == "2026-06-01T01:59:00Z"
    past = await scene.ask({"quantity": 2, "date": "2026-05-31"})
    assert past.json()["code"] == "booking_window_closed"


@pytest.mark.capability("G5")
async def test_lines_that_do_not_go_together(scene: Scene) -> None:
    first = await scene.sell(pay_by=["credit", "prepaid"])
    credit = {"sku_id": scene.child, "date": TUESDAY}
    made = await strategies.active(
        scene.client, scene.supplier, {"sku_id": scene.child, "settlement_price": 1}, pay_by=["prepaid", "credit"]
    )
    both = ({"date": TUESDAY}, credit)
    assert (await scene.ask(*both)).json()["pay_by"] == ["credit", "prepaid"]
    path = f"{strategies.STRATEGIES}/{made['id']}"
    for strategy_id, way in ((first["id"], "credit"), (made["id"], "prepaid")):
        only = {"pay_by": [way]}
        await scene.client.patch(f"{strategies.STRATEGIES}/{strategy_id}", json=only, headers=scene.supplier.headers)
    assert await scene.refused(*both) == (409, "no_common_payment", None)
    await scene.client.post(f"{path}/pause", headers=scene.supplier.headers)
    item = {"sku_id": scene.child, "retail_price": 5, "commission_amount": 1}
    await strategies.active(scene.client, scene.supplier, item, business_mode="agency", pay_by=["credit"])
    assert await scene.refused(*both) == (422, "mixed_business_modes", None)
    other = await somebody(scene.app, Kind.SUPPLIER)
    theirs = await products.on_sale(scene.client, other, scene.admin)
    await strategies.partner(scene.app, other, scene.distributor)
    their_sku = theirs["skus"][0]["id"]
    await strategies.active(scene.client, other, {"sku_id": their_sku, "settlement_price": 1})
    answer = await scene.ask({"date": TUESDAY}, {"sku_id": their_sku, "date": TUESDAY})
    assert (answer.status_code, answer.json()["code"]) == (422, "mixed_suppliers")
    assert len(answer.json()["supplier_ids"]) == 2


@pytest.mark.capability("G5")
async def test_dates_go_with_what_is_sold_by_date(scene: Scene) -> None:
    await scene.sell()
    assert await scene.refused({}) == (422, "date_required", None)
    assert await scene.refused({"date": TUESDAY, "slot": "09:30"}) == (422, "slot_not_allowed", None)
    tea = await products.on_sale(scene.client, scene.supplier, scene.admin, kind="retail")
    sku = {"sku_id": tea["skus"][0]["id"]}
    made = await strategies.active(scene.client, scene.supplier, sku | {"settlement_price": 100})
    assert await scene.refused(sku | {"date": TUESDAY}) == (422, "date_not_allowed", None)
    line = (await scene.ask(sku)).json()["lines"][0]
    assert (line["amount"], line["valid_from"], line["valid_to"], line["date"]) == (100, None, None, None)
    by_date = {"settlement_price": 100, "date_prices": PRICES["date_prices"]}
    path = f"{strategies.STRATEGIES}/{made['id']}/items/{sku['sku_id']}"
    await scene.client.put(path, json=by_date, headers=scene.supplier.headers)
    assert (await scene.ask(sku | {"date": SATURDAY})).json()["total_amount"] == 9000
    assert await scene.refused(sku) == (422, "date_required", None)  # or everybody would buy at the base price


@pytest.mark.capability("P1", "G5")
async def test_validity_of_tickets(scene: Scene) -> None:
    async def ticket(**changes: Any) -> dict[str, str]:
        made = await products.on_sale(scene.client, scene.supplier, scene.admin, **changes)
        sku = {"sku_id": made["skus"][0]["id"]}
        await strategies.active(scene.client, scene.supplier, sku | {"settlement_price": 100})
        return sku

    some_days = {"validity": {"by": "days_after_order", "days": 30}}
    undated = await ticket(stock_mode="total", attributes=some_days)
    line = (await scene.ask(undated)).json()["lines"][0]
    assert (line["valid_from"], line["valid_to"]) == ("2026-06-01", "2026-07-01")
    dated = await ticket(attributes=some_days)
    assert (await scene.ask(dated | {"date": "2026-07-01"})).status_code == 200
    assert await scene.refused(dated | {"date": "2026-07-02"}) == (409, "offer_not_available", "outside_validity")
    on_date = await ticket(stock_mode="unlimited", attributes={"validity": {"by": "date"}})
    assert await scene.refused(on_date) == (422, "date_required", None)
    assert (await scene.ask(on_date | {"date": TUESDAY})).json()["lines"][0]["valid_to"] == TUESDAY


@pytest.mark.capability("G5")
async def test_strangers_see_nothing(scene: Scene) -> None:
    await scene.sell()
    stranger = await somebody(scene.app, Kind.DISTRIBUTOR)
    answer = await scene.ask({"date": TUESDAY}, who=stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    draft = await products.product(scene.client, scene.supplier)
    assert await scene.refused({"sku_id": draft["skus"][0]["id"]}) == (404, "not_found", None)
    assert await scene.refused({"sku_id": str(uuid4())}) == (404, "not_found", None)
    for who in (scene.supplier, scene.admin):
        assert (await scene.ask({"date": TUESDAY}, who=who)).status_code == 403
    assert (await scene.client.post(QUOTES, json={})).status_code == 401


@pytest.mark.capability("G5")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel": "employee"}, "not_supported_yet"),
        ({"channel": "nonsense"}, "validation_failed"),
        ({"lines": []}, "validation_failed"),
        ({"lines": [{"sku_id": "x", "quantity": 1}]}, "validation_failed"),
        ({"lines": [{"quantity": 0}]}, "validation_failed"),
        ({"lines": [{"quantity": 1.5}]}, "validation_failed"),
        ({"lines": [{"quantity": 10**9}]}, "validation_failed"),
        ({"lines": [{"date": "2026-06-31"}]}, "validation_failed"),
        ({"lines": [{"date": 20260601}]}, "validation_failed"),
        ({"lines": [{"slot": "9:30"}]}, "validation_failed"),
        ({"lines": [{"price": 1}]}, "validation_failed"),
    ],
)
async def test_questions_that_make_no_sense(scene: Scene, change: dict[str, Any], code: str) -> None:
    given = {"channel": "individual", "lines": [{}]} | change
    lines = [{"sku_id": scene.sku, "quantity": 1, "date": TUESDAY} | line for line in given["lines"]]
    answer = await scene.client.post(QUOTES, json=given | {"lines": lines}, headers=scene.distributor.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_a_bumped_version_alone_reads_anew(scene: Scene) -> None:
    await scene.sell()
    terms = scene.app.state.terms
    await scene.line()
    before = (await terms.get(scene.distributor.organization_id, [UUID(scene.sku)]))[UUID(scene.sku)]
    async with scene.app.state.database.sessions.begin() as session:
        await bump_catalogue(session, scene.supplier.organization_id)
    await scene.line()
    after = (await terms.get(scene.distributor.organization_id, [UUID(scene.sku)]))[UUID(scene.sku)]
    assert after.catalogue_version == before.catalogue_version + 1
