"""Reads of orders and refunds."""

from distro_api.orders.queries.lists import (
    OrderFilters,
    Sort,
    get_order,
    get_refund,
    list_orders,
    list_refunds,
    supplier_of,
)

__all__ = ["OrderFilters", "Sort", "get_order", "get_refund", "list_orders", "list_refunds", "supplier_of"]
