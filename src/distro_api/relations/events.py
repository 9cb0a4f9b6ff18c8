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
