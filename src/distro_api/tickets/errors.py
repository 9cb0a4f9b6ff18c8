"""Refusals of tickets."""

from distro_api.core.errors import Conflict, Text


class TicketNotRedeemable(Conflict):
    code, title = "ticket_not_redeemable", Text("票券当前不可核销", "This code can't be redeemed now")
    detail = Text("原因：{reason}；剩余 {remaining}", "Reason: {reason}; {remaining} left")


class SerialReused(Conflict):
    code, title = (
        "serial_reused",
        Text("该设备流水号已用过", "This device's serial was used before"),
    )
    detail = Text("原因：{reason}", "Reason: {reason}")


class NothingToReverse(Conflict):
    code, title = "nothing_to_reverse", Text("没有可撤销的核销记录", "There is no redemption to reverse")
