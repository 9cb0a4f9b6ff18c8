"""API keys."""

from datetime import datetime
from ipaddress import IPv6Network, ip_network
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from distro_api.core.schemas import Command, Instant, Name, Out, Patch, absent
from distro_api.identity.models import UserStatus
from distro_api.identity.schemas.roles import PermissionNames
from distro_api.identity.states import KeyStatus

LONGEST_OVERLAP_S = 30 * 24 * 3600


def _cidr(value: str) -> str:
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError("应为 IP 地址或 CIDR 网段 / an IP address or a network in CIDR form") from error
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError("请使用 IPv4 形式 / write it as IPv4")
    return str(network)


Networks = Annotated[
    list[
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, min_length=2, max_length=49),
            AfterValidator(_cidr),
            Field(examples=["203.0.113.0/24"]),
        ]
    ],
    Field(max_length=100, description="Addresses or networks (IPv4, IPv6) it may be used from; empty: anywhere"),
]
Scopes = Annotated[
    PermissionNames,
    Field(
        min_length=1, description="Each of them you must hold yourself; see `for_api_keys` of `GET /api/v1/permissions`"
    ),
]
ExpiresAt = Annotated[Instant | None, Field(description="Null: does not expire by itself")]


class CreateApiKey(Command):
    name: Name
    scopes: Scopes
    networks: Networks = []
    expires_at: ExpiresAt = None


class UpdateApiKey(Patch):
    clearable: ClassVar[frozenset[str]] = frozenset({"expires_at"})

    name: Name = absent()
    scopes: Scopes = absent()
    networks: Networks = absent()
    expires_at: ExpiresAt = absent()


class RotateApiKey(Command):
    overlap_s: Annotated[
        int, Field(ge=0, le=LONGEST_OVERLAP_S, description="How long the secrets of before stay good, in seconds")
    ] = 86400


class KeyUserOut(Out):
    id: UUID
    username: str
    name: str
    status: UserStatus


class KeySecretOut(Out):
    prefix: Annotated[str, Field(description="What the secret begins with", examples=["dk_live_7c1wq0m9x2af"])]
    created_at: datetime
    valid_until: Annotated[datetime | None, Field(description="Null: as long as the key")]


class ApiKeyOut(Out):
    id: UUID
    name: str
    status: KeyStatus
    user: Annotated[KeyUserOut, Field(description="Whom it acts for; it never may more than they may")]
    scopes: list[str]
    effective_scopes: Annotated[list[str], Field(description="What it may do now: none if its user may not sign in")]
    networks: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="Written within some seconds of the use")]
    last_used_address: str | None
    secrets: Annotated[list[KeySecretOut], Field(description="Those that are good, newest first")]
    created_at: datetime
    updated_at: datetime
    version: int


class IssuedApiKeyOut(ApiKeyOut):
    secret: Annotated[
        str | None,
        Field(description="To be sent as `Authorization: Bearer <secret>`; shown this once, null in a replayed answer"),
    ]
