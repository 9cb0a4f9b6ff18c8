"""Refusals of relations."""

from distro_api.core.errors import Conflict, Forbidden, Text, TooManyRequests, Unprocessable


class UnknownDistributor(Unprocessable):
    """One answer for an id that nobody has and for one whose owner wants to be asked first."""

    code = "unknown_distributor"
    title = Text("没有这个分销商，或须经其同意", "There is no such distributor, or it wants to be asked first")
    detail = Text(
        "请用对方的合作码邀请：POST /api/v1/partner-invitations",
        "Invite it by its partner code: POST /api/v1/partner-invitations",
    )


class UnknownPartner(Unprocessable):
    code = "unknown_partner"
    title = Text("没有这个合作码或手机号对应的机构", "Nobody to work with has this partner code or phone number")


class TooManyLookups(TooManyRequests):
    code = "too_many_lookups"
    title = Text("查找合作方过于频繁，请稍后再试", "Too many partners were looked up, try again later")


class RelationExists(Conflict):
    """With `relation_id`: the one that is there."""

    code, title = "relation_exists", Text("与对方的合作关系已存在", "There is a relation with this partner already")


class InvitationExists(Conflict):
    """With `invitation_id`: the open one, from whichever side; the side that was asked can accept it."""

    code = "invitation_exists"
    title = Text("双方之间已有待答复的邀请", "There is an open invitation between the two already")


class TooManyInvitations(Conflict):
    code = "too_many_invitations"
    title = Text("待答复的邀请过多", "Too many invitations wait for an answer")
    detail = Text("最多 {most} 个，请先撤回一些", "At most {most}: withdraw some first")


class OtherSideDecides(Forbidden):
    """Only the asked side accepts and declines, only the asking side withdraws."""

    code, title = "other_side_decides", Text("须由对方操作", "This is for the other side to do")


class PartnerNotActive(Conflict):
    code, title = "partner_not_active", Text("对方机构未启用或已停用", "The other organization is not active")


class TermsAreTheSuppliers(Unprocessable):
    code = "terms_are_the_suppliers"
    title = Text("等级与可售范围由供货方决定", "Tier and what is sold are for the supplier to say")


class TierExists(Conflict):
    code, title = "tier_exists", Text("已有同名等级", "There is a tier of this name already")


class TierInUse(Conflict):
    """`distributors`: how many have it; when none, a strategy or an incentive rule names it."""

    code = "tier_in_use"
    title = Text("该等级正在使用，不能删除", "The tier is in use and cannot be deleted")
    detail = Text(
        "该等级的分销商：{distributors}；销售策略或激励规则引用：{named_elsewhere}",
        "Distributors of this tier: {distributors}; named by strategies or incentive rules: {named_elsewhere}",
    )


class TooManyTiers(Conflict):
    code, title = "too_many_tiers", Text("等级过多", "There are too many tiers")
    detail = Text("最多 {most} 个", "At most {most}")
