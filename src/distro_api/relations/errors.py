"""Refusals of relations."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class UnknownDistributor(Unprocessable):
    code, title = "unknown_distributor", Text("没有这个分销商", "There is no such distributor")


class RelationExists(Conflict):
    """With `relation_id`: the one that is there."""

    code, title = (
        "relation_exists",
        Text("与该分销商的合作关系已存在", "There is a relation with this distributor already"),
    )
