"""Product codes: short, readable aloud, with a check character that catches a wrong or swapped one."""

from distro_api.core.codes import check_character, checks, new_body

PREFIX = "P"
LENGTH = 8


def new_code() -> str:
    """`P`, eight random characters, one check character."""
    body = new_body(LENGTH)
    return PREFIX + body + check_character(body)


def is_code(text: str) -> bool:
    """Whether `text` can be one of our codes."""
    return len(text) == LENGTH + 2 and text[0] == PREFIX and checks(text[1:])
