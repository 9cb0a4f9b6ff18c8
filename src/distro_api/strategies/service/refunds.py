"""What a refund costs by the ladder of a strategy. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from distro_api.core.money import percent_of


def refund_fee(
    rules: Sequence[Mapping[str, object]], anchor: datetime | None, at: datetime, amount: int, quantity: int
) -> int | None:
    """The fee for giving back `quantity` units worth `amount` at the instant `at`; None: not refundable (any more).

    The rung with the largest `until_hours_before` that still holds decides. Without an anchor (no service date) a
    refund is free; whether validity has ended is the caller's to test.

    Args:
        rules: as in the API, falling from rung to rung; an empty ladder refunds nothing.
    """
    if not rules:
        return None
    if anchor is None:
        return 0
    for rule in rules:
        hours = rule["until_hours_before"]
        assert isinstance(hours, int)
        if at <= anchor - timedelta(hours=hours):
            return min(_fee(rule, amount, quantity), amount)
    return None


def _fee(rule: Mapping[str, object], amount: int, quantity: int) -> int:
    if (percent := rule.get("fee_percent")) is not None:
        return percent_of(amount, str(percent))
    per_unit = rule["fee_amount"]
    assert isinstance(per_unit, int)
    return per_unit * quantity
