"""What can be done with accounts."""

from distro_api.accounts.service.manage import change_status, edit_account, open_account
from distro_api.accounts.service.recharge import approve_recharge, reject_recharge, request_recharge

__all__ = ["approve_recharge", "change_status", "edit_account", "open_account", "reject_recharge", "request_recharge"]
