"""What can be done with employees."""

from distro_api.staff.service.manage import apply, create_employee, delete_employee, update_employee

__all__ = ["apply", "create_employee", "delete_employee", "update_employee"]
