"""Feedback on the platform."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.core.schemas import Instant
from distro_api.feedback import queries, service
from distro_api.feedback.errors import TooMuchFeedback
from distro_api.feedback.models import Category, Feedback, FeedbackStatus, FeedbackStep
from distro_api.feedback.schemas import (
    AnswerFeedback,
    CloseFeedback,
    FeedbackOut,
    FeedbackStepOut,
    GiveFeedback,
    ReopenFeedback,
)
from distro_api.feedback.states import FeedbackAction
from distro_api.identity.principal import Principal, Require
from distro_api.identity.service.parameters import Parameters, catalogue

router = APIRouter(prefix=f"{API}/feedback", tags=["feedback"], route_class=IdempotentRoute)
Giver = Annotated[Principal, Require("feedback:give")]
Reader = Annotated[Principal, Require("feedback:read")]
Desk = Annotated[Principal, Require("feedback:answer")]
B5 = capability("B5")
ACTED = problems(NotFoundHere, PreconditionFailed, StateConflict)


async def _many_out(session: AsyncSession, rows: Sequence[Feedback]) -> list[dict[str, object]]:
    givers = await queries.givers(session, rows)
    plain = [name for name in FeedbackOut.model_fields if name != "given_by"]
    return [{name: getattr(row, name) for name in plain} | {"given_by": givers[row.user_id]} for row in rows]


async def _out(session: AsyncSession, row: Feedback, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _many_out(session, [row]))[0]


@router.post("", response_model=FeedbackOut, status_code=201, responses=problems(TooMuchFeedback), openapi_extra=B5)
async def give_feedback(
    command: GiveFeedback, principal: Giver, session: Tx, request: Request, response: Response
) -> object:
    """Tell the platform what is wrong, missing or good; its answer comes to `GET /feedback`."""
    parameters: Parameters = request.app.state.parameters
    made = await service.give(session, principal, command, most=parameters.get(catalogue.FEEDBACK_PER_DAY))
    response.headers["Location"] = f"{API}/feedback/{made.id}"
    return await _out(session, made, response)


@router.get("", response_model=Page[FeedbackOut], openapi_extra=B5)
async def list_feedback(
    principal: Reader,
    session: Read,
    paging: Paging,
    status: FeedbackStatus | None = None,
    category: Category | None = None,
    organization_id: UUID | None = None,
    user_id: UUID | None = None,
    created_from: Annotated[Instant | None, Query(description="From this instant on")] = None,
    created_to: Annotated[Instant | None, Query(description="Before this instant")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of text, answer or contact")] = None,
    sort: Literal["created_at", "-created_at", "updated_at", "-updated_at"] = "-created_at",
) -> object:
    """What I gave, with status and answer; everybody's for the platform."""
    found = queries.feedback_where(
        principal,
        status=status,
        category=category,
        organization_id=organization_id,
        user_id=user_id,
        created_from=created_from,
        created_to=created_to,
        q=q,
    )
    sorts = {"created_at": Feedback.created_at, "updated_at": Feedback.updated_at}
    rows, cursor, total = await page(session, found, paging, sorts=sorts, sort=sort, tie=Feedback.id)
    return {"items": await _many_out(session, rows), "next_cursor": cursor, "total": total}


@router.get("/{feedback_id}", response_model=FeedbackOut, responses=problems(NotFoundHere), openapi_extra=B5)
async def get_feedback(feedback_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One piece of feedback."""
    return await _out(session, await queries.feedback(session, principal, feedback_id), response)


@router.get(
    "/{feedback_id}/history", response_model=Page[FeedbackStepOut], responses=problems(NotFoundHere), openapi_extra=B5
)
async def list_feedback_history(
    feedback_id: UUID,
    principal: Reader,
    session: Read,
    paging: Paging,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """What the platform did about it, earlier answers among that."""
    found = await queries.feedback(session, principal, feedback_id)
    rows, cursor, total = await page(
        session,
        queries.steps_of(found.id),
        paging,
        sorts={"created_at": FeedbackStep.created_at},
        sort=sort,
        tie=FeedbackStep.id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}


@router.post("/{feedback_id}/start", response_model=FeedbackOut, responses=ACTED, openapi_extra=B5)
async def start_feedback(
    feedback_id: UUID, principal: Desk, session: Tx, response: Response, if_match: IfMatch = None
) -> object:
    """Take it up: it is in progress."""
    row = await service.apply(session, principal, feedback_id, FeedbackAction.START, if_match)
    return await _out(session, row, response)


@router.post("/{feedback_id}/answer", response_model=FeedbackOut, responses=ACTED, openapi_extra=B5)
async def answer_feedback(
    feedback_id: UUID,
    command: AnswerFeedback,
    principal: Desk,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Answer it, or answer it better: the newest answer stands."""
    row = await service.apply(session, principal, feedback_id, FeedbackAction.ANSWER, if_match, note=command.answer)
    return await _out(session, row, response)


@router.post("/{feedback_id}/close", response_model=FeedbackOut, responses=ACTED, openapi_extra=B5)
async def close_feedback(
    feedback_id: UUID,
    principal: Desk,
    session: Tx,
    response: Response,
    command: CloseFeedback | None = None,
    if_match: IfMatch = None,
) -> object:
    """Close it, answered or not."""
    reason = command.reason if command else None
    row = await service.apply(session, principal, feedback_id, FeedbackAction.CLOSE, if_match, note=reason)
    return await _out(session, row, response)


@router.post("/{feedback_id}/reopen", response_model=FeedbackOut, responses=ACTED, openapi_extra=B5)
async def reopen_feedback(
    feedback_id: UUID,
    principal: Desk,
    session: Tx,
    response: Response,
    command: ReopenFeedback | None = None,
    if_match: IfMatch = None,
) -> object:
    """Go on with what was answered or closed."""
    reason = command.reason if command else None
    row = await service.apply(session, principal, feedback_id, FeedbackAction.REOPEN, if_match, note=reason)
    return await _out(session, row, response)
