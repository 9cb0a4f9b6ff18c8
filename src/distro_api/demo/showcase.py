"""The last orders: one of every state for the first distributor, so that each list has something to show."""

from datetime import date, timedelta

from distro_api.demo.buyers import DISTRIBUTORS
from distro_api.demo.scenic import FLAGSHIP, UNDATED
from distro_api.demo.shopping import Basket, Line
from distro_api.demo.stage import Ware
from distro_api.demo.trading import Trading

COUNT = 9


def baskets(trading: Trading) -> list[Basket]:
    """Three that wait for approval, two for payment, and paid ones; the newest of all can be redeemed at once."""
    stage = trading.stage
    distributor = DISTRIBUTORS[0]
    relation = distributor.relations[0]
    adult, child, family = _wares(trading, FLAGSHIP)
    [pass_] = _wares(trading, UNDATED)

    def day(ahead: int) -> date:
        return stage.today + timedelta(days=ahead)

    wanted = (
        ("enterprise", "prepaid", "now", (Line(adult.id, 24, day(12)),)),
        ("enterprise", "credit", "now", (Line(adult.id, 18, day(19)),)),
        ("enterprise", "prepaid", "later", (Line(adult.id, 12, day(26)),)),
        ("individual", "prepaid", "later", (Line(adult.id, 2, day(5)), Line(child.id, 1, day(5)))),
        ("individual", "prepaid", "later", (Line(family.id, 1, day(9)),)),
        ("individual", "prepaid", "now", (Line(adult.id, 2, day(7)), Line(child.id, 1, day(7)))),
        ("individual", "credit", "now", (Line(family.id, 1, day(14)),)),
        ("individual", "prepaid", "now", (Line(adult.id, 4, day(21)),)),
        ("individual", "prepaid", "now", (Line(pass_.id, 2, None),)),
    )
    assert len(wanted) == COUNT
    first = stage.anchor - timedelta(minutes=COUNT - 1)
    return [
        trading.shopping.of(
            first + timedelta(minutes=number), distributor, relation, lines, channel, pay=pay, intent=intent
        )
        for number, (channel, pay, intent, lines) in enumerate(wanted)
    ]


def _wares(trading: Trading, product: str) -> list[Ware]:
    """In the order of the plan."""
    return [ware for ware in trading.market.wares.values() if ware.product.name == product]
