"""The refund ladder."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from distro_api.core.money import percent_of


def refund_fee(
    rules: Sequence[Mapping[str, Any]], anchor: datetime | None, at: datetime, amount: int, quantity: int
) -> int | None:
    """The fee on `amount` for `quantity` units, or None when nothing goes back any more."""
    if anchor is None:
        return 0
    for rule in rules:
        if at <= anchor - timedelta(hours=rule["until_hours_before"]):
            if "fee_percent" in rule and rule["fee_percent"] is not None:
                return percent_of(amount, rule["fee_percent"])
            return min(int(rule["fee_amount"]) * quantity, amount)
    return None
