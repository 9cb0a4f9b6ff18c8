"""What happens to points beside the orders they are earned with."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class BonusRedeemed(Event):
    """Bonus points became prepaid money."""

    name: ClassVar[str] = "incentives.bonus_redeemed"
    aggregate: ClassVar[str] = "redemption_id"

    redemption_id: UUID
    points: int
    amount: int
