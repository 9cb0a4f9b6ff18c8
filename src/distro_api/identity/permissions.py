"""The permission catalogue: what may be done, by which kinds of organization, and by which of their built-in roles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from distro_api.core.errors import Text
from distro_api.identity.models import BuiltIn, Kind

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
    "me:second_factor": _p("两步验证", "own second factor", S, D, A),
    "me:payment_password": _p("支付密码", "own payment password", S, D),
    "organizations:read": _p("查看机构", "see organizations", S, D, A),
    "organizations:manage": _p("管理机构", "open, limit and suspend organizations", A),
    "organizations:edit": _p("变更机构资料", "request changes of the organization's data", S, D),
    "organizations:review": _p("审核机构", "review applications and changed data of organizations", A),
    "organizations:secure": _p("设置机构的登录安全", "say how an organization's people sign in", S, D, A),
    "partnering:manage": _p("管理合作码与加入方式", "renew the partner code, say how partners join", S, D),
    "users:read": _p("查看员工账号", "see staff accounts", S, D, A),
    "users:manage": _p("管理员工账号", "manage staff accounts", S, D, A),
    "roles:read": _p("查看角色", "see roles", S, D, A),
    "roles:manage": _p("管理角色", "manage roles", S, D, A),
    "api_keys:read": _p("查看 API 密钥", "see API keys", S, D, A),
    "api_keys:manage": _p("管理 API 密钥", "manage API keys", S, D, A),
    "audit:read": _p("查看操作日志", "see the audit trail", S, D, A),
    "parameters:manage": _p("管理平台参数", "see and set platform parameters", A),
    "staff:read": _p("查看员工", "see employees", S, D, A),
    "staff:manage": _p("管理员工", "create, edit, import, disable and delete employees", S, D, A),
    "staff:export": _p("导出员工", "export employees with all their data", S, D, A),
    "files:use": _p("上传文件、查看自己的文件", "upload files, see own ones", S, D, A),
    "files:manage": _p("查看、删除本机构的文件", "see and delete the organization's files", S, D, A),
    "jobs:read": _p("查看自己的任务", "see and cancel own imports and other long work", S, D, A),
    "jobs:manage": _p("查看、取消本机构的任务", "see and cancel the organization's long work", S, D, A),
    "distributors:create": _p("新建分销商", "create distributors", S),
    "distributors:read": _p("查看分销商及联系方式", "see own distributors and their contacts", S),
    "relations:read": _p("查看合作关系", "see supply relations", S, D, A),
    "relations:manage": _p("管理合作关系", "manage supply relations", S),
    "tiers:read": _p("查看分销商等级", "see tiers of distributors", S, A),
    "tiers:manage": _p("管理分销商等级", "manage tiers of distributors", S),
    "invitations:read": _p("查看合作邀请", "see invitations of partners", S, D, A),
    "invitations:manage": _p("发出与答复合作邀请", "invite partners and answer invitations", S, D),
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
    "tickets:redeem": _p("核销票券", "redeem and reverse tickets", S, A),
    "accounts:read": _p("查看账户与流水", "see accounts and statements", S, D, A),
    "accounts:manage": _p("管理账户", "open, enable and suspend accounts", S),
    "recharges:request": _p("申请充值", "record recharges", S, D),
    "recharges:approve": _p("审核充值", "approve recharges", S),
    "incentives:read": _p("查看协同值与奖金值", "see synergy and bonus points", S, D, A),
    "incentives:manage": _p("管理激励规则", "manage incentive rules", S),
    "incentives:redeem": _p("兑换奖金值", "redeem bonus points", D),
    "feedback:give": _p("提交平台反馈", "give feedback on the platform", S, D, A),
    "feedback:read": _p("查看平台反馈", "see own feedback, all of it for the platform", S, D, A),
    "feedback:answer": _p("处理平台反馈", "answer feedback on the platform", A),
    "events:read": _p("查看事件", "read the event feed", S, D, A),
    "events:manage": _p("处理滞留事件", "see parked events and retry them", A),
}
"""By name. An owner holds every permission of its organization's kind."""

ESSENTIAL = frozenset({"me", "me:password", "me:second_factor"})
"""What everybody who signs in holds: without it nobody could set a password or sign out."""

PEOPLE_ONLY = frozenset(
    {
        "me",
        "users",
        "roles",
        "api_keys",
        "parameters",
        "organizations:manage",
        "organizations:review",
        "organizations:secure",
    }
)
"""What no API key may hold, whole subjects or single permissions: a program never decides who may do what."""

_CONFIDENTIAL = frozenset({"users:read", "roles:read", "api_keys:read", "audit:read", "staff:read"})
"""What reading alone does not bring: a role that needs it names it."""

_EVERYDAY = ESSENTIAL | {"files:use", "jobs:read"}
"""What every built-in role brings: one's own account, files and long work."""


def of_kind(kind: Kind) -> frozenset[str]:
    """Everything that an organization of `kind` may be allowed."""
    return _OF_KIND[kind]


def listed(names: Iterable[str]) -> list[str]:
    """Those of `names` that exist, each once, in the order of the catalogue."""
    wanted = frozenset(names)
    return [name for name in PERMISSIONS if name in wanted]


def for_keys(names: Iterable[str]) -> frozenset[str]:
    """Those of `names` that an API key may hold."""
    return frozenset(name for name in names if not PEOPLE_ONLY & {name, name.partition(":")[0]})


_OF_KIND: Mapping[Kind, frozenset[str]] = {
    kind: frozenset(name for name, permission in PERMISSIONS.items() if kind in permission.kinds) for kind in Kind
}


def _role(kind: Kind, *names: str, reads: bool = False) -> frozenset[str]:
    """A built-in role: `names`, and with `reads` whatever can be read that is not confidential."""
    assert _OF_KIND[kind].issuperset(names), f"{kind} has no {sorted(set(names) - _OF_KIND[kind])}"
    readable = {name for name in _OF_KIND[kind] - _CONFIDENTIAL if reads and name.endswith(":read")}
    return _EVERYDAY | readable | frozenset(names)


BUILT_IN: Mapping[Kind, Mapping[BuiltIn, frozenset[str]]] = {
    Kind.SUPPLIER: {
        BuiltIn.OWNER: of_kind(S),
        BuiltIn.OPERATOR: _role(
            S,
            "distributors:create",
            "relations:manage",
            "products:edit",
            "inventory:edit",
            "strategies:edit",
            "orders:approve",
            "orders:cancel",
            "orders:fulfil",
            "refunds:request",
            "tickets:redeem",
            reads=True,
        ),
        BuiltIn.FINANCE: _role(
            S,
            "me:payment_password",
            "organizations:read",
            "distributors:read",
            "relations:read",
            "products:read",
            "catalogue:read",
            "strategies:read",
            "orders:read",
            "refunds:read",
            "tickets:read",
            "accounts:read",
            "accounts:manage",
            "recharges:request",
            "recharges:approve",
            "incentives:read",
            "incentives:manage",
        ),
        BuiltIn.SERVICE: _role(
            S,
            "organizations:read",
            "distributors:read",
            "relations:read",
            "products:read",
            "catalogue:read",
            "inventory:read",
            "orders:read",
            "orders:cancel",
            "orders:fulfil",
            "refunds:request",
            "refunds:read",
            "tickets:read",
            "tickets:redeem",
        ),
        BuiltIn.VIEWER: _role(S, reads=True),
    },
    Kind.DISTRIBUTOR: {
        BuiltIn.OWNER: of_kind(D),
        BuiltIn.OPERATOR: _role(D, "orders:place", "orders:pay", "orders:cancel", "refunds:request", reads=True),
        BuiltIn.FINANCE: _role(
            D,
            "me:payment_password",
            "organizations:read",
            "relations:read",
            "catalogue:read",
            "orders:read",
            "orders:pay",
            "refunds:request",
            "refunds:read",
            "tickets:read",
            "accounts:read",
            "recharges:request",
            "incentives:read",
            "incentives:redeem",
        ),
        BuiltIn.SERVICE: _role(
            D,
            "organizations:read",
            "relations:read",
            "catalogue:read",
            "offers:read",
            "orders:read",
            "orders:cancel",
            "refunds:request",
            "refunds:read",
            "tickets:read",
        ),
        BuiltIn.VIEWER: _role(D, reads=True),
    },
    Kind.ADMIN: {
        BuiltIn.OWNER: of_kind(A),
        BuiltIn.REVIEWER: _role(
            A,
            "organizations:read",
            "relations:read",
            "products:read",
            "organizations:review",
            "products:review",
            "catalogue:read",
            "catalogue:manage",
            "holidays:manage",
            "inventory:read",
            "strategies:read",
        ),
        BuiltIn.FINANCE: _role(
            A,
            "organizations:read",
            "relations:read",
            "orders:read",
            "refunds:read",
            "tickets:read",
            "accounts:read",
            "incentives:read",
        ),
        BuiltIn.SUPPORT: _role(A, "audit:read", reads=True),
    },
    Kind.CUSTOMER: {},
}
"""What the built-in roles grant. A new permission is the owner's alone until it is named here (or is read)."""

TITLES: Mapping[BuiltIn, Text] = {
    BuiltIn.OWNER: Text("所有者", "Owner"),
    BuiltIn.OPERATOR: Text("运营", "Operator"),
    BuiltIn.FINANCE: Text("财务", "Finance"),
    BuiltIn.SERVICE: Text("客服", "Service"),
    BuiltIn.VIEWER: Text("只读", "Viewer"),
    BuiltIn.REVIEWER: Text("审核", "Reviewer"),
    BuiltIn.SUPPORT: Text("支持", "Support"),
}
"""What people call them. No custom role may take one of these names."""
