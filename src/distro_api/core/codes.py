"""Codes that people read aloud and type: no look-alikes, and a check character that catches a wrong or swapped one."""

import secrets

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""31 characters, a prime number of them; without 0 O, I L and U, which are misread."""


def new_body(length: int) -> str:
    """So many random characters, unguessable."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def check_character(body: str) -> str:
    """Of a code's body. Weights differ from place to place and 31 is prime: one wrong or two swapped ones show."""
    return ALPHABET[sum(weight * ALPHABET.index(ch) for weight, ch in enumerate(body, 1)) % len(ALPHABET)]


def checks(code: str) -> bool:
    """Whether `code` is of our characters and ends in the check character of what stands before it."""
    return len(code) > 1 and set(code) <= set(ALPHABET) and check_character(code[:-1]) == code[-1]
