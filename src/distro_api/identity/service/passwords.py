"""Passwords: argon2id in a thread, one cost for known and unknown accounts, and what is too easy to guess."""

import asyncio
import secrets

from passlib.hash import argon2

from distro_api.identity.errors import WeakPassword
from distro_api.identity.schemas import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH

MEMORY_KIB, TIME_COST, PARALLELISM = 19 * 1024, 2, 1
_ARGON2 = argon2.using(type="ID", memory_cost=MEMORY_KIB, time_cost=TIME_COST, parallelism=PARALLELISM)
_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={PARALLELISM}${'A' * 22}${'A' * 43}"
"""A hash at the same cost that no password has: what is checked when the account does not exist."""
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters that look like another one: people type issued passwords from a message."""
_COMMON_TEXT = """
    00000000 11111111 22222222 66666666 88888888 99999999 12345678 123456789 1234567890 0123456789 87654321
    987654321 11223344 12341234 123123123 123321123 147258369 159357159 5201314520 20082008 13145200
    password password1 password123 passw0rd p@ssw0rd p@ssword qwertyui qwertyuiop qwerty123 qwer1234 1q2w3e4r
    1qaz2wsx 1qazxsw2 qazwsxedc asdfghjk asdfghjkl zxcvbnm1 zxcvbnm123 abcd1234 abc12345 abcd12345 a1234567
    a12345678 a123456789 aa123456 aa12345678 q1w2e3r4 q1w2e3r4t5 woaini1314 woaini520 woaini123 iloveyou
    iloveyou1 letmein1 welcome1 welcome123 admin123 admin1234 admin888 administrator administrator1 changeme
    changeme1 football baseball sunshine princess superman trustno1 monkey123 dragon123 test1234 root1234
"""
_COMMON = frozenset(_COMMON_TEXT.split())


async def hash_password(password: str) -> str:
    """The argon2id hash. Not for the event loop: it costs tens of milliseconds."""
    return str(await asyncio.to_thread(_ARGON2.hash, password))


async def verify(password: str, stored: str | None) -> bool:
    """Whether `password` is the one behind `stored`; an unknown account (None) costs the same and is never right."""
    right = await asyncio.to_thread(_verify, password, stored)
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made at another cost and should be made again while the password is at hand."""
    return bool(_ARGON2.needs_update(stored))


def refuse_weak(password: str, *names: str | None, old: str | None = None) -> None:
    """Length, the account's own names, the commonest passwords, and one character repeated.

    Raises:
        WeakPassword: with the `reason`.
    """
    lowered = password.lower()
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        reason = "length"
    elif lowered in {form for name in names if name for form in _forms(name)}:
        reason = "same_as_account"
    elif password == old:
        reason = "unchanged"
    elif lowered in _COMMON or len(set(lowered)) == 1:
        reason = "common"
    else:
        return
    raise WeakPassword(reason=reason, min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)


def generate() -> str:
    """A password that is read from a message and typed once: 12 characters, 59 bits."""
    return "".join(secrets.choice(_READABLE) for _ in range(12))


def unusable() -> str:
    """What is stored for somebody who cannot sign in any more: a hash that no password has."""
    return _NOBODY


def _verify(password: str, stored: str | None) -> bool:
    return bool(_ARGON2.verify(password, stored or _NOBODY))


def _forms(name: str) -> set[str]:
    """A phone number is known with and without its country code."""
    return {name.lower(), name.removeprefix("+"), name.removeprefix("+86")}
