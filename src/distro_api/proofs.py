"""Every proof of the house: what must hold of the books, the stock, the orders and the points at any moment."""

from distro_api.accounts.service.verify import CHECKS as BOOKS
from distro_api.incentives.service.verify import CHECKS as POINTS
from distro_api.inventory.service.verify import CHECKS as STOCK
from distro_api.orders.service.verify import CHECKS as ORDERS

CHECKS = (*BOOKS, *STOCK, *ORDERS, *POINTS)
