"""What can be done with orders: each function sends a command to the supplier's lane."""

from distro_api.orders.service.act import approve_order, cancel_order, pay_order, refund_order, reject_order
from distro_api.orders.service.place import place_order

__all__ = ["approve_order", "cancel_order", "pay_order", "place_order", "refund_order", "reject_order"]
