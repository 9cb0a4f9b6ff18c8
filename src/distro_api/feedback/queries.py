"""Reads of feedback."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.feedback.models import Category, Feedback, FeedbackStatus, FeedbackStep
from distro_api.identity.models import Kind, Organization, User
from distro_api.identity.principal import Principal


def visible_feedback(principal: Principal) -> Select[Feedback]:
    """All of it for the platform; for everybody else what they gave themselves, not what their colleagues gave."""
    if principal.kind is Kind.ADMIN:
        return select(Feedback)
    return select(Feedback).where(
        Feedback.user_id == principal.user_id, Feedback.organization_id == principal.organization_id
    )


def feedback_where(
    principal: Principal,
    *,
    status: FeedbackStatus | None,
    category: Category | None,
    organization_id: UUID | None,
    user_id: UUID | None,
    created_from: datetime | None,
    created_to: datetime | None,
    q: str | None,
) -> Select[Feedback]:
    """Those that fit. `q` is a part of text, answer or contact, found by reading what the other filters leave.

    Feedback comes by the dozen a day: Chinese text needs no word boundaries this way, and no index is worth its upkeep.
    """
    found = visible_feedback(principal)
    for column, value in (
        (Feedback.status, status),
        (Feedback.category, category),
        (Feedback.organization_id, organization_id),
        (Feedback.user_id, user_id),
    ):
        if value is not None:
            found = found.where(column == value)
    if created_from is not None:
        found = found.where(Feedback.created_at >= created_from)
    if created_to is not None:
        found = found.where(Feedback.created_at < created_to)
    if q:
        searched = (Feedback.text, Feedback.answer, Feedback.contact)
        found = found.where(or_(*(column.icontains(q, autoescape=True) for column in searched)))
    return found


async def feedback(
    session: AsyncSession, principal: Principal, feedback_id: UUID, *, for_update: bool = False
) -> Feedback:
    """One piece that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_feedback(principal).where(Feedback.id == feedback_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


def steps_of(feedback_id: UUID) -> Select[FeedbackStep]:
    """The life of a piece, which the caller has been found to see."""
    return select(FeedbackStep).where(FeedbackStep.feedback_id == feedback_id)


async def given_since(session: AsyncSession, user_id: UUID, since: datetime) -> tuple[int, datetime | None]:
    """How much a person has given since then, and when the first of it; nobody else counts for them until commit."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    counted = select(func.count(), func.min(Feedback.created_at))
    row = (await session.execute(counted.where(Feedback.user_id == user_id, Feedback.created_at > since))).one()
    return row[0], row[1]


async def givers(session: AsyncSession, rows: Sequence[Feedback]) -> Mapping[UUID, dict[str, object]]:
    """By user: who they are and whose people."""
    found = await session.execute(
        select(User.id, User.name, Organization.id, Organization.name)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id.in_({row.user_id for row in rows}))
    )
    return {
        user_id: {
            "user_id": user_id,
            "user_name": user,
            "organization_id": organization_id,
            "organization_name": organization,
        }
        for user_id, user, organization_id, organization in found
    }
