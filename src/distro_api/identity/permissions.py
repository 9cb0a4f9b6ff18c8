"""The permission catalogue: what may be done on the platform, and by which kinds of organization."""

from collections.abc import Mapping
from dataclasses import dataclass

from distro_api.core.errors import Text
from distro_api.identity.models import Kind

S, D, A = Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done, and by which kinds of organization."""

    kinds: frozenset[Kind]
    title: Text


def _p(zh: str, en: str, *kinds: Kind) -> Permission:
    return Permission(frozenset(kinds), Text(zh, en))


PERMISSIONS: Mapping[str, Permission] = {
    "me": _p("个人资料与会话", "own profile and sessions", S, D, A),
    "me:password": _p("修改密码", "own password", S, D, A),
    "organizations:read": _p("查看机构", "see organizations", S, D, A),
    "organizations:manage": _p("管理机构", "open and suspend organizations", A),
    "partnering:manage": _p("管理合作码与加入方式", "renew the partner code, say how partners join", S, D),
    "audit:read": _p("查看操作日志", "see the audit trail", S, D, A),
    "parameters:manage": _p("管理平台参数", "see and set platform parameters", A),
    "distributors:create": _p("新建分销商", "create distributors", S),
    "distributors:read": _p("查看分销商及联系方式", "see own distributors and their contacts", S),
    "relations:read": _p("查看合作关系", "see supply relations", S, D, A),
    "relations:manage": _p("管理合作关系", "manage supply relations", S),
    "products:read": _p("查看产品", "see products", S, A),
    "products:edit": _p("编辑产品", "edit products", S),
    "products:review": _p("审核产品", "review products", A),
    "catalogue:read": _p("查看品类与品牌", "see categories and brands", S, D, A),
    "catalogue:manage": _p("管理品类与品牌", "manage categories and brands", A),
    "inventory:read": _p("查看库存", "see stock", S, A),
    "inventory:edit": _p("管理库存", "manage stock", S),
    "strategies:read": _p("查看销售策略", "see strategies", S, A),
    "strategies:edit": _p("管理销售策略", "manage strategies", S),
    "holidays:manage": _p("管理节假日", "manage official holidays", A),
    "offers:read": _p("查看可售产品与报价", "see offers and quotes", D),
    "orders:place": _p("下单", "place orders", D),
    "orders:pay": _p("支付订单", "pay orders", D),
    "orders:read": _p("查看订单", "see orders", S, D, A),
    "orders:approve": _p("审批订单", "approve orders", S),
    "orders:cancel": _p("取消订单", "cancel orders", S, D),
    "orders:fulfil": _p("履约", "fulfil orders", S),
    "refunds:request": _p("申请退款", "request refunds", S, D),
    "refunds:read": _p("查看退款", "see refunds", S, D, A),
    "tickets:read": _p("查看票券", "see tickets", S, D, A),
    "tickets:redeem": _p("核销票券", "redeem and reverse tickets", S),
    "accounts:read": _p("查看账户与流水", "see accounts and statements", S, D, A),
    "accounts:manage": _p("管理账户", "open, enable and suspend accounts", S),
    "recharges:request": _p("申请充值", "record recharges", S, D),
    "recharges:approve": _p("审核充值", "approve recharges", S),
    "incentives:read": _p("查看协同值与奖金值", "see synergy and bonus points", S, D, A),
    "incentives:manage": _p("管理激励规则", "manage incentive rules", S),
    "incentives:redeem": _p("兑换奖金值", "redeem bonus points", D),
    "events:read": _p("查看事件", "read the event feed", S, D, A),
    "events:manage": _p("处理滞留事件", "see parked events and retry them", A),
}
"""By name. Built-in owners hold every permission of their kind."""
