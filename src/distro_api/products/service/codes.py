"""Product codes: short, readable aloud, with a check character that catches a wrong or swapped one."""

import secrets

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""31 characters, a prime number of them; without 0 O, I L and U, which are misread."""
PREFIX = "P"
LENGTH = 8


def check_character(body: str) -> str:
    """Of a code's body. Weights differ from place to place and 31 is prime: one wrong or two swapped ones show."""
    return ALPHABET[sum(weight * ALPHABET.index(ch) for weight, ch in enumerate(body, 1)) % len(ALPHABET)]


def new_code() -> str:
    """`P`, eight random characters, one check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return PREFIX + body + check_character(body)


def is_code(text: str) -> bool:
    """Whether `text` can be one of our codes."""
    body = text[1:-1]
    return (
        len(text) == LENGTH + 2
        and text[0] == PREFIX
        and all(ch in ALPHABET for ch in text[1:])
        and text[-1] == check_character(body)
    )
