"""What other rooms and the router ask of inventory."""

from distro_api.inventory.service.calendar import adjust, set_calendar, set_stock
from distro_api.inventory.service.items import create_item, create_own_item

__all__ = ["adjust", "create_item", "create_own_item", "set_calendar", "set_stock"]
