"""Facts of identity."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class PasswordChanged(Event):
    """Somebody has a new password; in nobody's feed but the platform's."""

    name: ClassVar[str] = "identity.password_changed"
    aggregate: ClassVar[str] = "user_id"

    user_id: UUID


class SecondFactorChange(StrEnum):
    """What happened to a second factor; `reset` was somebody else's act."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    RESET = "reset"


class SecondFactorChanged(Event):
    """Somebody has another second factor, or none any more; in nobody's feed but the platform's."""

    name: ClassVar[str] = "identity.second_factor_changed"
    aggregate: ClassVar[str] = "user_id"

    user_id: UUID
    change: SecondFactorChange


class PaymentPasswordChanged(Event):
    """Somebody has a first or another payment password; in nobody's feed but the platform's."""

    name: ClassVar[str] = "identity.payment_password_changed"
    aggregate: ClassVar[str] = "user_id"

    user_id: UUID
