"""Messages to people: what is said (`templates`), asking for it (`notifier`), the ways out (`channels`), the worker's
part (`deliver`), and what follows from events (`notices`)."""

from distro_api.notifications.service.channels import FILE_NAME, Channel
from distro_api.notifications.service.deliver import entrypoints
from distro_api.notifications.service.notices import ACCOUNT_EVENTS, account_notices
from distro_api.notifications.service.notifier import FromNotifier, Notifier
from distro_api.notifications.service.templates import Template

__all__ = [
    "ACCOUNT_EVENTS",
    "FILE_NAME",
    "Channel",
    "FromNotifier",
    "Notifier",
    "Template",
    "account_notices",
    "entrypoints",
]
