"""What people type to say who they are: username, phone or e-mail, each in its one normal form."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from distro_api.identity.errors import InvalidPhone

DEFAULT_REGION = "CN"
_LOOKS_LIKE_PHONE = re.compile(r"^\+?[0-9][0-9 ()-]{4,30}$")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normal_account(typed: str) -> str:
    """The form under which an account is found: usernames start with a letter, phones with `+`, e-mails have an `@`."""
    account = typed.strip().lower()
    if "@" not in account and _LOOKS_LIKE_PHONE.match(account):
        return _e164(account, mobile=False) or account
    return account


def normal_phone(typed: str) -> str:
    """A mobile number as E.164, mainland China when no country code is given.

    Raises:
        InvalidPhone: no number, or one that gets no messages.
    """
    if (number := _e164(typed, mobile=True)) is None:
        raise InvalidPhone
    return number


def normal_contact(typed: str) -> str:
    """A number or an e-mail address, whichever it is.

    Raises:
        InvalidPhone
    """
    return typed.strip().lower() if "@" in typed else normal_phone(typed)


def _e164(typed: str, *, mobile: bool) -> str | None:
    try:
        number = phonenumbers.parse(typed, DEFAULT_REGION)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or (mobile and phonenumbers.number_type(number) not in _MOBILE):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
