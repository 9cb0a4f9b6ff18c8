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


class NoRelation(Conflict):
    code, title = "no_relation", Text("双方没有合作关系", "There is no supply relation between the two")


class CooperationStopped(Conflict):
    code, title = "cooperation_stopped", Text("合作已停止", "The cooperation has been stopped")
    detail = Text("供货方恢复合作后方可继续", "It can go on once the supplier has resumed it")
