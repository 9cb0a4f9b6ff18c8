"""Refusals of inventory."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class InsufficientStock(Conflict):
    """`short` lists every place where there is too little, not only the first."""

    code, title = "insufficient_stock", Text("库存不足", "Not enough stock")


class BelowTaken(Conflict):
    code, title = "below_taken", Text("容量不能低于已占用数量", "Capacity can't fall below what is already taken")


class NoSuchBucket(Conflict):
    code, title = "no_such_bucket", Text("该日期尚未设置库存", "No stock has been set for this date")


class WrongMode(Unprocessable):
    code, title = "wrong_stock_mode", Text("该库存项目不支持此操作", "This item is not counted that way")
    detail = Text("库存方式为 {mode}", "It is counted as {mode}")
