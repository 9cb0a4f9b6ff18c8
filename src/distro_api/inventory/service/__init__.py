"""What other rooms ask of inventory."""

from distro_api.inventory.service.items import create_item

__all__ = ["create_item"]
