"""How others find my organization: its partner code, and whether that alone makes a partner."""

from typing import Annotated

from fastapi import APIRouter, Response

from distro_api.core.db import Tx
from distro_api.core.errors import PreconditionFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.identity.models import Organization
from distro_api.identity.principal import Principal, Require
from distro_api.identity.schemas import PartneringOut, SetPartnerPolicy
from distro_api.identity.service import partnering

router = APIRouter(prefix=f"{API}/me/partnering", tags=["organizations"], route_class=IdempotentRoute)
Owner = Annotated[Principal, Require("partnering:manage")]


@router.patch("", response_model=PartneringOut, responses=problems(PreconditionFailed), openapi_extra=capability("R2"))
async def set_partner_policy(
    command: SetPartnerPolicy, principal: Owner, session: Tx, response: Response, if_match: IfMatch = None
) -> Organization:
    """Say who becomes our partner: whoever knows our code or id, or only whom we have accepted."""
    return _answer(response, await partnering.set_policy(session, principal, command.partner_policy, if_match))


@router.post(
    "/new-code", response_model=PartneringOut, responses=problems(PreconditionFailed), openapi_extra=capability("R2")
)
async def renew_partner_code(
    principal: Owner, session: Tx, response: Response, if_match: IfMatch = None
) -> Organization:
    """Make another partner code. The old one finds nobody any more; partners and invitations stay."""
    return _answer(response, await partnering.renew_code(session, principal, if_match))


def _answer(response: Response, organization: Organization) -> Organization:
    response.headers["ETag"] = etag(organization.version)
    return organization
