"""What an item of a strategy must and must not say in each business mode. Pure."""

from distro_api.strategies.models import BusinessMode
from distro_api.strategies.schemas import ItemTerms


def broken_rules(mode: BusinessMode, item: ItemTerms) -> list[str]:
    """The names of the rules that `item` breaks."""
    found = _agency(item) if mode is BusinessMode.AGENCY else _wholesale(item)
    if _above(item.settlement_price, item.retail_price):
        found.append("settlement_above_retail")
    for row in item.date_prices:
        retail = item.retail_price if row.retail_price is None else row.retail_price
        settlement = item.settlement_price if row.settlement_price is None else row.settlement_price
        if _above(settlement, retail) and mode is BusinessMode.WHOLESALE:
            found.append("settlement_above_retail")
    for step in item.quantity_prices:
        if _above(step.settlement_price, item.retail_price):
            found.append("settlement_above_retail")
    return sorted(set(found))


def _agency(item: ItemTerms) -> list[str]:
    """The distributor keeps a commission of the retail price: settlement prices by date or quantity mean nothing."""
    found = []
    if item.retail_price is None:
        found.append("retail_price_required")
    if item.commission_percent is None and item.commission_amount is None:
        found.append("commission_required")
    if item.quantity_prices:
        found.append("quantity_prices_not_allowed")
    retails = [
        price for price in (item.retail_price, *(row.retail_price for row in item.date_prices)) if price is not None
    ]
    if len(retails) < len(item.date_prices) + (item.retail_price is not None):
        found.append("date_price_needs_retail_price")
    if any(_above(item.commission_amount, retail) for retail in retails):
        found.append("commission_above_retail")
    return found


def _wholesale(item: ItemTerms) -> list[str]:
    found = []
    if item.settlement_price is None:
        found.append("settlement_price_required")
    if item.commission_percent is not None or item.commission_amount is not None:
        found.append("commission_not_allowed")
    return found


def _above(price: int | None, bound: int | None) -> bool:
    return price is not None and bound is not None and price > bound
