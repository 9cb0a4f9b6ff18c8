"""Ticket codes: unguessable, readable aloud, with a check character."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
RANDOM_CHARACTERS = 11
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_READ_AS = str.maketrans("ILO", "110", "- ")


def new_code() -> str:
    """Twelve characters: 55 random bits and a check character."""
    bits = secrets.randbits(5 * RANDOM_CHARACTERS)
    body = "".join([ALPHABET[bits >> shift & 31] for shift in range(0, 5 * RANDOM_CHARACTERS, 5)])
    return body + _check(body)


def normalise(code: str) -> str:
    """The code as stored, whatever case, dashes and look-alike letters it was typed with."""
    return code.upper().translate(_READ_AS)


def is_well_formed(code: str) -> bool:
    """Whether the check character fits: a mistyped code is refused without a look-up."""
    return len(code) == RANDOM_CHARACTERS + 1 and set(code) <= set(ALPHABET) and _check(code[:-1]) == code[-1]


def _check(body: str) -> str:
    """Weighted sum modulo 31: finds every single wrong character but U-for-0 pairs and every swap of neighbours."""
    total = sum([weight * _VALUE[character] for weight, character in enumerate(body, 2)])
    return ALPHABET[total % 31]
