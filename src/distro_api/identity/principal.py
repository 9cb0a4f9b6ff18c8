"""Who is calling, and what they may do: the permission catalogue and `Require`.

Every route names a permission with `Require("orders:place")`; the token's kind and role must hold it. Reads then start
from the room's `visible_*(principal)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from fastapi import Request, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes

from distro_api.core.errors import NotAuthenticated, PermissionDenied, Text
from distro_api.core.http import client_address, request_id
from distro_api.identity.errors import PasswordChangeRequired
from distro_api.identity.models import Kind, Role
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.tokens import Claims

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
    "audit:read": _p("查看操作日志", "see the audit trail", S, D, A),
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
"""The one catalogue; built-in owners hold every permission of their kind."""

oauth2 = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    refreshUrl="/api/v1/auth/refresh",
    scopes={name: permission.title.en for name, permission in PERMISSIONS.items()},
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `organization_id` is the tenant every read and write is limited to."""

    user_id: UUID
    organization_id: UUID
    kind: Kind
    permissions: frozenset[str]
    session_id: UUID
    password_change_required: bool = False
    address: str = ""
    request_id: str = ""

    @property
    def actor(self) -> Actor:
        """The caller as the audit trail names it."""
        return Actor(self.organization_id, self.user_id, self.request_id, self.address)


@lru_cache(maxsize=1024)
def permissions_of(kind: Kind, role: Role, scope: str) -> frozenset[str]:
    """What a role of a kind may do, narrowed to `scope` (space-separated names) when that is not empty."""
    held = frozenset(name for name, permission in PERMISSIONS.items() if kind in permission.kinds)
    return held & frozenset(scope.split()) if scope else held


def claims_of(request: Request, token: str | None) -> Claims | None:
    """The claims of a valid, unrevoked access token."""
    claims = None if token is None else request.app.state.tokens.verify(token)
    return None if claims is None or request.app.state.revocations.covers(claims) else claims


async def authenticated(scopes: SecurityScopes, request: Request, token: str | None = Security(oauth2)) -> Principal:
    """The caller, if the token is good and holds every permission the route asks for.

    Raises:
        NotAuthenticated, PasswordChangeRequired, PermissionDenied
    """
    return _caller(scopes.scopes, request, token)


async def authenticate(scopes: Sequence[str], request: Request) -> Principal:
    """The same for routes that are called without FastAPI's dependencies (`core.lane_route`)."""
    return _caller(scopes, request, bearer(request))


def bearer(request: Request) -> str | None:
    """The token of the Authorization header."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else None


def _caller(permissions: Sequence[str], request: Request, token: str | None) -> Principal:
    claims = claims_of(request, token)
    if claims is None:
        raise NotAuthenticated
    held = permissions_of(Kind(claims.kind), Role(claims.role), claims.scope)
    for permission in permissions:
        if claims.password_change_required and permission != "me:password":
            raise PasswordChangeRequired
        if permission not in held:
            raise PermissionDenied(permission=permission)
    return Principal(
        claims.user_id,
        claims.organization_id,
        Kind(claims.kind),
        held,
        claims.session_id,
        claims.password_change_required,
        client_address(request),
        request_id(request),
    )


def Require(permission: str) -> Any:
    """The caller, who must hold `permission`; use as `Annotated[Principal, Require("orders:place")]`."""
    assert permission in PERMISSIONS, permission
    return Security(authenticated, scopes=[permission])


def key_owner(request: Request) -> UUID | None:
    """Whose idempotency keys a request uses: the caller's organization."""
    claims = claims_of(request, bearer(request))
    return None if claims is None else claims.organization_id
