"""Refusals of strategies."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class StrategyItemInvalid(Unprocessable):
    """Items that contradict themselves or the strategy's business mode: `items` names each with the rules it breaks."""

    code, title = "strategy_item_invalid", Text("策略明细不符合规则", "Items of the strategy break its rules")


class StrategyEmpty(Conflict):
    code, title = "strategy_empty", Text("策略没有产品，不能启用", "A strategy without items cannot be activated")


class LimitExceeded(Conflict):
    """`limit` names the limit, other fields say what would have been possible."""

    code, title = "limit_exceeded", Text("超出限购数量", "Over the purchase limit")
    detail = Text("限制：{limit}", "Limit: {limit}")


class BookingWindowClosed(Conflict):
    """The extra fields say between when the date can be booked."""

    code, title = "booking_window_closed", Text("不在可预订时间内", "This date cannot be booked now")
    detail = Text(
        "{date} 可预订时间：{bookable_from} 至 {bookable_until}",
        "{date} can be booked from {bookable_from} until {bookable_until}",
    )


class TooManyItems(Unprocessable):
    code, title = "too_many_items", Text("策略中的产品过多", "Too many items in one strategy")
    detail = Text("最多 {most} 个", "At most {most}")
