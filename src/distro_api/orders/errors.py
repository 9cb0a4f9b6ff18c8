"""Refusals of orders."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class PriceChanged(Conflict):
    code, title = "price_changed", Text("价格已变化", "The price has changed")
    detail = Text(
        "期望 {expected_total_amount}，现价 {total_amount}（分）",
        "Expected {expected_total_amount}, now {total_amount} (fen)",
    )


class PaymentMethodNotAllowed(Conflict):
    code, title = "payment_method_not_allowed", Text("该订单不支持此支付方式", "This order can't be paid that way")


class PaymentWindowOver(Conflict):
    code, title = "payment_window_over", Text("已超过支付时限", "The time to pay is over")
    detail = Text("支付截止：{pay_before}", "It was to be paid before {pay_before}")


class ValidityOver(Conflict):
    """`lines` are those that can't be used any more."""

    code, title = "validity_over", Text("已过使用日期", "The day to use it is over")


class NotRefundable(Conflict):
    """`lines` says per line how much may go back, and why not more."""

    code, title = "not_refundable", Text("不可退款", "This can't be refunded")


class NothingToRefund(Conflict):
    code, title = "nothing_to_refund", Text("没有可退的数量", "There is nothing left to refund")


class OutsideNoTaken(Conflict):
    """`order_id` is the order that was placed under this number before."""

    code, title = "outside_no_taken", Text("该外部单号已下单", "An order with this outside number exists already")


class OtherSupplier(Unprocessable):
    code, title = "other_supplier", Text("商品不属于指定的供货方", "The lines belong to another supplier")


class AddressRequired(Unprocessable):
    code, title = (
        "address_required",
        Text("需邮寄的商品须填写收货地址", "Goods that are shipped need a shipping address"),
    )
