"""Refusals of strategies."""

from distro_api.core.errors import Conflict, Text


class LimitExceeded(Conflict):
    """`limit` names the limit, other fields say what would have been possible."""

    code, title = "limit_exceeded", Text("超出限购数量", "Over the purchase limit")
