"""Facts of relations."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class _RelationEvent(Event):
    aggregate: ClassVar[str] = "relation_id"

    relation_id: UUID


class RelationOpened(_RelationEvent):
    """A supplier may sell through a distributor."""

    name: ClassVar[str] = "relations.opened"


class RelationStopped(_RelationEvent):
    """No new orders and no new recharges; running orders finish."""

    name: ClassVar[str] = "relations.stopped"


class RelationResumed(_RelationEvent):
    name: ClassVar[str] = "relations.resumed"


class _InvitationEvent(Event):
    aggregate: ClassVar[str] = "invitation_id"

    invitation_id: UUID
    asked_by: str
    """`supplier` or `distributor`."""


class PartnerInvited(_InvitationEvent):
    """One side asks the other to work together."""

    name: ClassVar[str] = "relations.invited"


class InvitationAccepted(_InvitationEvent):
    """`relations.opened` tells of the relation itself."""

    name: ClassVar[str] = "relations.invitation_accepted"


class InvitationDeclined(_InvitationEvent):
    name: ClassVar[str] = "relations.invitation_declined"


class InvitationWithdrawn(_InvitationEvent):
    name: ClassVar[str] = "relations.invitation_withdrawn"


class InvitationExpired(_InvitationEvent):
    """Nobody answered in time."""

    name: ClassVar[str] = "relations.invitation_expired"
