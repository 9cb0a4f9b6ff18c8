"""What can be done with employees."""

from distro_api.staff.service.account import Doors, give_account
from distro_api.staff.service.manage import apply, create_employee, delete_employee, update_employee

__all__ = ["Doors", "apply", "create_employee", "delete_employee", "give_account", "update_employee"]
