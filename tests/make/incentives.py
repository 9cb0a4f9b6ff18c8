"""Incentive rules and points through the API."""

from typing import Any

import httpx

from make.identity import Signed

INCENTIVES = "/api/v1/incentives"


def rule(**changes: Any) -> dict[str, Any]:
    """One synergy point a yuan for the distributor when it has paid."""
    return {
        "name": "协同值",
        "unit": "synergy",
        "earner": "distributor",
        "event": "order_paid",
        "basis": "amount",
        "rate": "1",
        "valid_from": "2026-01-01",
    } | changes


async def add_rule(client: httpx.AsyncClient, supplier: Signed, **changes: Any) -> dict[str, Any]:
    answer = await client.post(f"{INCENTIVES}/rules", json=rule(**changes), headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def entries(client: httpx.AsyncClient, who: Signed, **filters: Any) -> list[tuple[str, str, int, int]]:
    """(unit, kind, points, balance after) of what the caller sees, oldest first."""
    params = {"sort": "created_at"} | filters
    answer = await client.get(f"{INCENTIVES}/entries", params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [(row["unit"], row["kind"], row["points"], row["balance_after"]) for row in answer.json()["items"]]


async def points(client: httpx.AsyncClient, who: Signed, **filters: Any) -> int:
    """All points on the accounts that the caller sees."""
    answer = await client.get(f"{INCENTIVES}/balances", params=filters, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return sum(row["points"] for row in answer.json()["items"])
