"""What happens to accounts."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class AccountOpened(Event):
    name: ClassVar[str] = "accounts.opened"
    aggregate: ClassVar[str] = "account_id"

    account_id: UUID
    kind: str


class RechargeEvent(Event):
    aggregate: ClassVar[str] = "account_id"

    account_id: UUID
    recharge_id: UUID
    amount: int


class RechargeRequested(RechargeEvent):
    name: ClassVar[str] = "recharges.requested"


class RechargeSucceeded(RechargeEvent):
    name: ClassVar[str] = "recharges.succeeded"


class RechargeRejected(RechargeEvent):
    name: ClassVar[str] = "recharges.rejected"
