"""Refusals of offers."""

from distro_api.core.errors import Conflict, NotFoundHere, NotSupportedYet, Text, Unprocessable
from distro_api.strategies.errors import BookingWindowClosed, LimitExceeded


class OfferNotAvailable(Conflict):
    """`reason`: relation_stopped, not_authorised, not_on_sale, no_strategy, outside_validity, organization_not_active."""

    code, title = "offer_not_available", Text("该产品现在不可购买", "This cannot be bought now")
    detail = Text("规格 {sku_id}：{reason}", "SKU {sku_id}: {reason}")


class NoCommonPayment(Conflict):
    code = "no_common_payment"
    title = Text("所选产品没有共同的支付方式", "There is no way to pay for these lines together")


class MixedSuppliers(Unprocessable):
    code, title = (
        "mixed_suppliers",
        Text("一张订单只能包含同一供应商的产品", "The lines of an order are of one supplier"),
    )


class MixedBusinessModes(Unprocessable):
    code = "mixed_business_modes"
    title = Text("批发与代理的产品不能放在一张订单里", "Wholesale and agency lines go into separate orders")


class AmountTooLarge(Unprocessable):
    code, title = "amount_too_large", Text("金额超出上限", "This costs more than can be paid at once")
    detail = Text("最多 {most}（分）", "At most {most} (fen)")


class DateRequired(Unprocessable):
    code, title = "date_required", Text("该产品须选择日期", "This needs a service date")
    detail = Text("规格 {sku_id}", "SKU {sku_id}")


class DateNotAllowed(Unprocessable):
    code, title = "date_not_allowed", Text("该产品不按日期销售", "This is not sold by date")
    detail = Text("规格 {sku_id}", "SKU {sku_id}")


class SlotNotAllowed(Unprocessable):
    code, title = "slot_not_allowed", Text("该产品不分时段", "This is not sold by time slot")
    detail = Text("规格 {sku_id}", "SKU {sku_id}")


QUOTING = (
    NotFoundHere,
    OfferNotAvailable,
    LimitExceeded,
    BookingWindowClosed,
    NoCommonPayment,
    MixedSuppliers,
    MixedBusinessModes,
    AmountTooLarge,
    DateRequired,
    DateNotAllowed,
    SlotNotAllowed,
    NotSupportedYet,
)
"""How a quote can be refused, and with it an order."""
