"""What can be done with incentives."""

from distro_api.incentives.service.redeem import redeem_bonus
from distro_api.incentives.service.rules import create_rule, edit_rule, stop_rule

__all__ = ["create_rule", "edit_rule", "redeem_bonus", "stop_rule"]
