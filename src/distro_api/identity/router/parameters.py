"""Platform parameters, for the administrator."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import ParameterValueNotAllowed
from distro_api.identity.models import ParameterChange
from distro_api.identity.principal import Principal, Require
from distro_api.identity.schemas import ParameterChangeOut, ParameterOut, SetParameter
from distro_api.identity.service.parameters import Parameters, change
from distro_api.identity.service.parameters.change import Setting

router = APIRouter(prefix=f"{API}/parameters", tags=["parameters"], route_class=IdempotentRoute)
Name = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9_]+$")]


async def _parameters(request: Request) -> Parameters:
    parameters: Parameters = request.app.state.parameters
    return parameters


Current = Annotated[Parameters, Depends(_parameters)]


def _out(setting: Setting, response: Response | None = None) -> dict[str, object]:
    if response is not None:
        response.headers["ETag"] = etag(setting.version)
    parameter = setting.parameter
    return {
        "name": parameter.name,
        "title": parameter.title._asdict(),
        "description": parameter.description._asdict(),
        "allowed": parameter.schema,
        "default": parameter.json(parameter.default),
        "value": setting.value,
        "is_default": setting.is_default,
        "version": setting.version,
        "changed_at": setting.changed_at,
        "changed_by": setting.changed_by,
    }


@router.get("", response_model=Page[ParameterOut], openapi_extra=capability("X1"))
async def list_parameters(principal: Annotated[Principal, Require("parameters:manage")], session: Read) -> object:
    """Every parameter with what it means, what it may be, its default and its value: one page."""
    return {"items": [_out(setting) for setting in await change.settings(session)], "next_cursor": None}


@router.get(
    "/{parameter}", response_model=ParameterOut, responses=problems(NotFoundHere), openapi_extra=capability("X1")
)
async def get_parameter(
    parameter: Name, principal: Annotated[Principal, Require("parameters:manage")], session: Read, response: Response
) -> object:
    """One parameter."""
    return _out(await change.setting(session, parameter), response)


@router.put(
    "/{parameter}",
    response_model=ParameterOut,
    responses=problems(NotFoundHere, PreconditionFailed, ParameterValueNotAllowed),
    openapi_extra=capability("X1"),
)
async def set_parameter(
    parameter: Name,
    command: SetParameter,
    principal: Annotated[Principal, Require("parameters:manage")],
    session: Tx,
    response: Response,
    current: Current,
    if_match: IfMatch = None,
) -> object:
    """Set a value; every process follows within seconds."""
    setting = await change.set_value(
        session, current, principal, parameter, command.value, reason=command.reason, if_match=if_match
    )
    return _out(setting, response)


@router.post(
    "/{parameter}/reset",
    response_model=ParameterOut,
    responses=problems(NotFoundHere, PreconditionFailed),
    openapi_extra=capability("X1"),
)
async def reset_parameter(
    parameter: Name,
    principal: Annotated[Principal, Require("parameters:manage")],
    session: Tx,
    response: Response,
    current: Current,
    if_match: IfMatch = None,
) -> object:
    """Put a parameter back to its default."""
    return _out(await change.reset(session, current, principal, parameter, if_match=if_match), response)


@router.get(
    "/{parameter}/history",
    response_model=Page[ParameterChangeOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("X1"),
)
async def list_parameter_changes(
    parameter: Name,
    principal: Annotated[Principal, Require("parameters:manage")],
    session: Read,
    paging: Paging,
    sort: Literal["version", "-version"] = "-version",
) -> object:
    """Who set it to what, when and why; no row of it can be changed."""
    await change.setting(session, parameter)
    rows, cursor, total = await page(
        session,
        queries.changes_of(parameter),
        paging,
        sorts={"version": ParameterChange.version},
        sort=sort,
        tie=ParameterChange.id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}
