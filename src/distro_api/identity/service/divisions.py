"""Administrative divisions of mainland China, from the list beside this file: code, name, and what belongs to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

IN_BETWEEN = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
"""Levels of the list that nobody writes in an address."""


@dataclass(frozen=True, slots=True)
class Division:
    """A province (2 digits), a city (4), a district (6) or, where a city has none, a town (9)."""

    code: str
    name: str
    full_name: str
    """With what it is part of, as an address begins."""
    is_smallest: bool


def division(code: str) -> Division | None:
    """By its code; a city without districts also by its official six digits (`441900`)."""
    found = _divisions().get(code)
    return _divisions().get(code[:4]) if found is None and len(code) == 6 and code.endswith("00") else found


def is_place(code: str) -> bool:
    """Whether an address can name it: a smallest division, or a city without districts by its official code."""
    found = division(code)
    return found is not None and (found.is_smallest or (found.code != code and _is_without_districts(found.code)))


def parts_of(code: str | None) -> Sequence[Division]:
    """What a division is made of, in the list's order; the provinces when no code is given."""
    return _parts().get(code or "", ())


def _is_without_districts(city: str) -> bool:
    return all(len(part.code) > 6 for part in parts_of(city))


@cache
def _divisions() -> Mapping[str, Division]:
    text = (files("distro_api.identity.service") / "divisions.txt").read_text("utf-8")
    names = dict(line.split(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    larger = {_whole(code) for code in names}
    return {code: Division(code, name, _full_name(code, names), code not in larger) for code, name in names.items()}


@cache
def _parts() -> Mapping[str, Sequence[Division]]:
    found: dict[str, list[Division]] = {}
    for code, part in _divisions().items():
        found.setdefault(_whole(code), []).append(part)
    return found


def _whole(code: str) -> str:
    """The code of what a division is part of; empty for a province."""
    return code[:4] if len(code) > 4 else code[:2] if len(code) == 4 else ""


def _full_name(code: str, names: Mapping[str, str]) -> str:
    chain = [code]
    while whole := _whole(chain[-1]):
        chain.append(whole)
    return "".join(names[part] for part in reversed(chain) if part == code or names[part] not in IN_BETWEEN)
