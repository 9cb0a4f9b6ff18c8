"""Examples of what partners send each other, and of what people keep for themselves."""

from collections.abc import Mapping

from distro_api.openapi.example import Example, Find
from distro_api.openapi.supplying import GATE_SKU, PARTNER

INVITED_CODE = Find("/me", "organization.partner_code", who="distributor7", shown="K7QM-3XV6")
WAITING = Find("/partner-invitations?status=open")
NEWEST_FEEDBACK = Find("/feedback")
NEWEST_RELATION = Find("/supply-relations")

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "set_partner_policy": (Example("distributor7", "Only whom we have accepted", {"partner_policy": "invitation"}),),
    "invite_partner": (
        Example("supplier", "By partner code", {"partner_code": INVITED_CODE, "message": "诚邀合作，返佣从优。"}),
        Example("supplier2", "With its terms", {"partner_code": INVITED_CODE, "tier": "普通", "sells": "listed"}),
        Example(
            "supplier4",
            "By the phone number of one of its people",
            {"phone": Find("/me", "phone", who="distributor7", shown="13800138000")},
        ),
    ),
    "accept_invitation": (Example("distributor7", "The newest", {}, {"invitation_id": WAITING}),),
    "decline_invitation": (
        Example("distributor7", "With a reason", {"reason": "暂无此类客源"}, {"invitation_id": WAITING}),
    ),
    "withdraw_invitation": (Example("supplier", "Our own", {"reason": "对方已联系不上"}, {"invitation_id": WAITING}),),
    "stop_supply_relation": (
        Example("supplier4", "With a reason", {"reason": "账款逾期"}, {"relation_id": NEWEST_RELATION}),
    ),
    "resume_supply_relation": (
        Example("supplier4", "The same one", {"reason": "账款已结清"}, {"relation_id": NEWEST_RELATION}),
    ),
    "create_tier": (Example("supplier", "Above all others", {"name": "白金", "rank": 1}),),
    "edit_tier": (
        Example("supplier", "Another name", {"name": "铂金"}, {"tier_id": Find("/distributor-tiers?q=白金")}),
    ),
    "set_tier": (
        Example("supplier2", "One of ours", {"relation_ids": [Find("/supply-relations?q=票务")], "tier": "金牌"}),
    ),
    "withdraw_product_authorizations": (
        Example("supplier", "One SKU", {"sku_ids": [GATE_SKU]}, {"relation_id": PARTNER}),
    ),
    "set_quick_links": (
        Example(
            "distributor",
            "Two menus",
            {
                "items": [
                    {"menu_key": "/orders/list", "title": "我的订单"},
                    {"menu_key": "/offers", "title": "可售产品"},
                ]
            },
        ),
    ),
    "give_feedback": (
        Example(
            "distributor",
            "A suggestion",
            {
                "category": "suggestion",
                "text": "希望订单列表可以按游玩日期排序。",
                "contact": "微信 jiahe-2026",
                "context": {"page": "/orders/list", "app": "web 3.2.0"},
            },
        ),
    ),
    "answer_feedback": (
        Example("admin", "The newest", {"answer": "已列入下一版本，感谢建议。"}, {"feedback_id": NEWEST_FEEDBACK}),
    ),
    "close_feedback": (Example("admin", "The same", {"reason": "已上线"}, {"feedback_id": NEWEST_FEEDBACK}),),
    "reopen_feedback": (
        Example("admin", "The same", {"reason": "用户反映仍未解决"}, {"feedback_id": NEWEST_FEEDBACK}),
    ),
    "touch_menu": (Example("distributor", "A menu", {"menu_key": "/orders/list", "title": "订单列表"}),),
}
