"""Unified social credit codes, the numbers of business licences in mainland China (GB 32100-2015)."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters, without I, O, S, V, Z."""
LENGTH = 18


def check_character(body: str) -> str:
    """Of the first 17: weights are the powers of 3 modulo 31."""
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return ALPHABET[-total % 31]


def checks(code: str) -> bool:
    """Whether `code`, in capitals and of the right form, ends in the check character of the rest."""
    return len(code) == LENGTH and set(code) <= set(ALPHABET) and check_character(code[:-1]) == code[-1]
