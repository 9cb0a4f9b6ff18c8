"""What can be done with tickets."""

from distro_api.tickets.service.qr import qr_png
from distro_api.tickets.service.use import redeem_ticket, reverse_ticket

__all__ = ["qr_png", "redeem_ticket", "reverse_ticket"]
