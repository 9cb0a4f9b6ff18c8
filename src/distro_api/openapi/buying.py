"""Examples of what is sent when distributors buy, and afterwards."""

from collections.abc import Mapping
from typing import Any

from distro_api.openapi.example import Ahead, Example, Find

PASS, GATE = "古徽州文化旅游区三十日通票", "黄山风景区门票"
CUSTOMER = {"name": "李晓雨", "phone": "13800138000"}
TWO_PASSES = [{"sku_id": Find(f"/offers?q={PASS}", "items.0.sku.id"), "quantity": 2}]
TWO_TICKETS = [{"sku_id": Find(f"/offers?q={GATE}", "items.0.sku.id"), "quantity": 2, "date": Ahead(9)}]
"""The passes have no date: an example of them works on any day."""


def _order(lines: list[Any], channel: str = "individual", **more: Any) -> dict[str, Any]:
    return {"channel": channel, "customer": CUSTOMER, "lines": lines} | more


PREPAID = {"method": "prepaid"}
FOR_LIBRARY = {"customer": CUSTOMER | {"organization": "市图书馆"}}

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "request_quote": (
        Example("distributor", "Two passes, without a date", {"channel": "individual", "lines": TWO_PASSES}),
        Example("distributor", "Two tickets for a date", {"channel": "individual", "lines": TWO_TICKETS}),
    ),
    "place_order": (
        Example("distributor", "Two passes, paid at once", _order(TWO_PASSES, pay=PREPAID)),
        Example("distributor", "Two tickets for a date, paid at once", _order(TWO_TICKETS, pay=PREPAID)),
        Example("distributor", "Unpaid: stock is held until `pay_before`", _order(TWO_PASSES)),
        Example(
            "distributor",
            "For an enterprise: the supplier approves",
            _order(TWO_PASSES, "enterprise", pay=PREPAID, **FOR_LIBRARY),
        ),
    ),
    "pay_order": (
        Example(
            "distributor", "From the prepaid account", PREPAID, {"order_id": Find("/orders?status=pending_payment")}
        ),
    ),
    "reject_order": (
        Example(
            "supplier", "Say why", {"reason": "当日名额已满"}, {"order_id": Find("/orders?status=pending_approval")}
        ),
    ),
    "redeem_ticket": (
        Example(
            "supplier",
            "One unit at a gate",
            {
                "code": Find("/tickets?status=valid", "items.0.code", shown="7K2M-9QXA-4TBD"),
                "quantity": 1,
                "device": "GATE-N1",
                "serial": "20260101-0001",
            },
        ),
    ),
    "reverse_ticket": (
        Example("supplier", "The newest use", {"reason": "扫错了"}, {"ticket_id": Find("/tickets?status=valid")}),
    ),
    "refund_order": (
        Example(
            "distributor",
            "One unit of the first line",
            {
                "lines": [{"line_id": Find("/orders?status=paid", "items.0.lines.0.id"), "quantity": 1}],
                "reason": "人数减少",
            },
            {"order_id": Find("/orders?status=paid")},
        ),
    ),
    "cancel_order": (
        Example("distributor", "All that is left", {"reason": "行程有变"}, {"order_id": Find("/orders?status=paid")}),
    ),
    "create_incentive_rule": (
        Example(
            "supplier",
            "One synergy point per yuan of tickets",
            {
                "name": "门票协同值",
                "unit": "synergy",
                "earner": "distributor",
                "event": "order_completed",
                "basis": "amount",
                "rate": "1",
                "scope": {"kinds": ["ticket"]},
                "valid_from": "2026-01-01",
            },
        ),
    ),
    "edit_incentive_rule": (
        Example("supplier", "Another rate", {"rate": "1.5"}, {"rule_id": Find("/incentives/rules?unit=synergy")}),
    ),
    "redeem_bonus_points": (
        Example(
            "distributor",
            "A hundred points",
            {"supplier_id": Find("/incentives/balances?unit=bonus", "items.0.supplier_id"), "points": 100},
        ),
    ),
    "enrol_second_factor": (Example("distributor3", "An authenticator app", {"password": "Distributor-Demo-2026"}),),
    "set_payment_password": (
        Example("distributor4", "Six digits", {"value": "730164", "password": "Distributor-Demo-2026"}),
    ),
    "change_payment_password": (
        Example("distributor4", "Another six digits", {"old_value": "730164", "value": "940275"}),
    ),
    "set_security": (
        Example(
            "distributor3",
            "Everybody may do without",
            {"second_factor_required": False},
            {"organization_id": Find("/me", "organization.id")},
        ),
    ),
    "change_password": (
        Example(
            "distributor2",
            "A password of your own",
            {"old_password": "Distributor-Demo-2026", "new_password": "Far-Away-2026"},
        ),
    ),
}
