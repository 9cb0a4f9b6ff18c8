"""Feedback: given by anybody who is signed in, taken up, answered and closed by the platform."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.http import check_if_match
from distro_api.feedback import queries
from distro_api.feedback.errors import TooMuchFeedback
from distro_api.feedback.events import FeedbackGiven, FeedbackStatusChanged
from distro_api.feedback.models import Feedback, FeedbackStatus, FeedbackStep
from distro_api.feedback.schemas import GiveFeedback
from distro_api.feedback.states import FeedbackAction, after
from distro_api.identity.models import Kind, Organization
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit

WINDOW = timedelta(hours=24)


async def give(session: AsyncSession, principal: Principal, command: GiveFeedback, *, most: int) -> Feedback:
    """Say something of the platform; at most `most` times in 24 hours.

    Raises:
        TooMuchFeedback: with the seconds until the first of it is a day old.
    """
    now = clock.now()
    given, first = await queries.given_since(session, principal.user_id, now - WINDOW)
    if given >= most and first is not None:
        raise TooMuchFeedback(most=most).retry_after(int((first + WINDOW - now).total_seconds()) + 1)
    made = Feedback(
        id=clock.new_id(),
        created_at=now,
        organization_id=principal.organization_id,
        user_id=principal.user_id,
        category=command.category,
        text=command.text,
        contact=command.contact,
        context=command.context.model_dump(),
        status=FeedbackStatus.OPEN,
    )
    session.add(made)
    audit.record(session, principal.actor, "feedback.give", "feedback", made.id, category=command.category)
    outbox.publish(
        session,
        FeedbackGiven(
            supplier_id=principal.organization_id if principal.kind is Kind.SUPPLIER else None,
            distributor_id=principal.organization_id if principal.kind is Kind.DISTRIBUTOR else None,
            feedback_id=made.id,
            user_id=made.user_id,
        ),
    )
    await session.flush()
    return made


async def apply(
    session: AsyncSession,
    principal: Principal,
    feedback_id: UUID,
    action: FeedbackAction,
    if_match: str | None,
    *,
    note: str | None = None,
) -> Feedback:
    """Take it up, answer it (`note` is the answer), close or reopen it: the only writer of its status.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    found = await queries.feedback(session, principal, feedback_id, for_update=True)
    check_if_match(if_match, found.version)
    found.status = after(found.status, action)
    found.updated_at = clock.now()
    if action is FeedbackAction.ANSWER:
        found.answer, found.answered_at = note, clock.now()
    session.add(
        FeedbackStep(
            feedback_id=found.id,
            organization_id=found.organization_id,
            action=action,
            status=found.status,
            note=note,
            user_id=principal.user_id,
        )
    )
    audit.record(session, principal.actor, f"feedback.{action}", "feedback", found.id)
    giver = await session.get_one(Organization, found.organization_id)
    outbox.publish(
        session,
        FeedbackStatusChanged(
            supplier_id=giver.id if giver.kind is Kind.SUPPLIER else None,
            distributor_id=giver.id if giver.kind is Kind.DISTRIBUTOR else None,
            feedback_id=found.id,
            user_id=found.user_id,
            status=found.status,
        ),
    )
    await session.flush()
    return found
