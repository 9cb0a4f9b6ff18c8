"""Supply relations and what leads to them, through the API."""

from typing import Any

import httpx
from fastapi import FastAPI

from distro_api.identity.models import Kind, PartnerPolicy
from make import identity
from make.identity import Signed

RELATIONS = "/api/v1/supply-relations"
INVITATIONS = "/api/v1/partner-invitations"
TIERS = "/api/v1/distributor-tiers"


async def relation(client: httpx.AsyncClient, supplier: Signed, distributor: Signed, **more: Any) -> dict[str, Any]:
    """The supplier takes the distributor, which is open to everybody, as a partner."""
    body = {"distributor_id": str(distributor.organization_id)} | more
    answer = await client.post(RELATIONS, json=body, headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def code_of(client: httpx.AsyncClient, who: Signed) -> str:
    """The partner code that somebody hands on."""
    code: str = (await client.get("/api/v1/me", headers=who.headers)).json()["organization"]["partner_code"]
    return code


async def invitation(client: httpx.AsyncClient, asking: Signed, asked: Signed, **more: Any) -> dict[str, Any]:
    """One side asks the other, by its code."""
    body = {"partner_code": await code_of(client, asked)} | more
    answer = await client.post(INVITATIONS, json=body, headers=asking.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def closed(app: FastAPI, kind: Kind = Kind.DISTRIBUTOR, name: str | None = None) -> Signed:
    """Somebody who wants to be asked."""
    return await identity.organization(app, kind, name, partner_policy=PartnerPolicy.INVITATION)


async def pair(app: FastAPI) -> tuple[Signed, Signed]:
    return await closed(app, Kind.SUPPLIER, "西湖景区"), await closed(app, Kind.DISTRIBUTOR, "远方旅行社")


async def say(client: httpx.AsyncClient, who: Signed, made: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
    return await client.post(f"{INVITATIONS}/{made['id']}/{verb}", json=body or None, headers=who.headers)
