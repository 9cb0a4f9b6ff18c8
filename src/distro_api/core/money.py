"""Integer minor units, decimal-string percentages, one rounding rule (half up, per line)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

MAX_AMOUNT = 10**13
"""The largest single amount in minor units (100 billion yuan): sums of millions of them still fit a bigint."""

Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True, description="Minor units (fen)")]
PositiveAmount = Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True, description="Minor units (fen)")]
Percent = Annotated[
    str,
    Field(pattern=r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$", examples=["12.50"], description="0 to 100, decimal"),
]
"""A percentage as a decimal string of at most two places."""

Rate = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,4})?$", examples=["1.5"], description="Decimal string")]


def percent_of(amount: int, percent: str) -> int:
    """`percent` of `amount`, rounded half up to the minor unit."""
    return round_half_up(Decimal(amount) * Decimal(percent) / 100)


def round_half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, part: int, whole: int) -> int:
    """The part of `amount` that falls on `part` of `whole` units, rounded down.

    What division leaves goes to the last unit: take `share(a, done + n, whole) - share(a, done, whole)`
    for the next n units and the shares add up to `amount` exactly.
    """
    return amount * part // whole


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` by `weights` (not all zero); the parts add up exactly, the rest goes to the last one."""
    total, done, parts = sum(weights), 0, []
    for weight in weights:
        parts.append(share(amount, done + weight, total) - share(amount, done, total))
        done += weight
    return parts
