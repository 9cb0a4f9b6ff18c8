"""Refusals of incentives."""

from distro_api.core.errors import Conflict, Text


class InsufficientPoints(Conflict):
    code, title = "insufficient_points", Text("可用奖金值不足", "Not enough bonus points available")
    detail = Text("需要 {points}，可用 {available_points}", "Needed {points}, available {available_points}")
