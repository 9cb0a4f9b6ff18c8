"""Facts of identity."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class PasswordChanged(Event):
    """Somebody has a new password; in nobody's feed but the platform's."""

    name: ClassVar[str] = "identity.password_changed"
    aggregate: ClassVar[str] = "user_id"

    user_id: UUID
