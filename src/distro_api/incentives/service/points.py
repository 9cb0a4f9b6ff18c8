"""How many points an order is worth by a rule. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from distro_api.core.money import round_half_up, share
from distro_api.incentives.models import Basis
from distro_api.incentives.queries import LineFacts

FEN_PER_YUAN = 100


def in_scope(scope: Mapping[str, Any], lines: Iterable[LineFacts]) -> list[LineFacts]:
    """The lines that count; `tiers` are about the order as a whole and not looked at here."""
    kinds, sku_ids = scope["kinds"], scope["sku_ids"]
    return [
        line
        for line in lines
        if (kinds is None or line.product_kind in kinds) and (sku_ids is None or str(line.sku_id) in sku_ids)
    ]


def points_of(basis: Basis, rate: str, lines: Iterable[LineFacts]) -> int:
    """Points for what is left of the lines after refunds, rounded half up once; nothing left: none."""
    left = [line for line in lines if line.refunded < line.quantity]
    if not left:
        return 0
    match basis:
        case Basis.AMOUNT:
            worth = Decimal(sum(_settlement_left(line) for line in left)) / FEN_PER_YUAN
        case Basis.QUANTITY:
            worth = Decimal(sum(line.quantity - line.refunded for line in left))
        case Basis.ORDER:
            worth = Decimal(1)
    return round_half_up(worth * Decimal(rate))


def _settlement_left(line: LineFacts) -> int:
    """Less what refunds took, which is shared over the units as refunds share it."""
    return line.settlement_amount - share(line.settlement_amount, line.refunded, line.quantity)
