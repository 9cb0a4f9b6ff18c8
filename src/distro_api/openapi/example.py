"""What an example of a request body is: it works on the demo data.

What cannot be known beforehand is a `Find`: the document shows a placeholder and says which call gives the value; a test
makes those calls on the demo data and sends every example.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NO_ID = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Find:
    """`at` (dotted, numbers are positions) in the answer of GET `path`, asked by whoever sends the example."""

    path: str
    at: str = "items.0.id"
    who: str | None = None
    shown: str = NO_ID

    def hint(self) -> str:
        asker = "" if self.who is None else f" asked by {self.who}"
        return f"`{self.at}` of `GET /api/v1{self.path}`{asker}"


@dataclass(frozen=True, slots=True)
class Ahead:
    """A day so many days from today; the document shows some day and says so."""

    days: int
    shown: str = "2030-05-01"

    def hint(self) -> str:
        return "a day in the next 90 days"


@dataclass(frozen=True, slots=True)
class Example:
    """A body, who may send it (a demo account), and what the path names."""

    who: str
    summary: str
    value: Any
    path: Mapping[str, Find] = field(default_factory=dict)

    def shown(self) -> Any:
        """The body with placeholders."""
        return _with_placeholders(self.value)

    def hints(self) -> list[str]:
        """What is to be put in before sending."""
        found = [*((name, find) for name, find in self.path.items()), *_finds(self.value, "")]
        return [f"`{name}` = {find.hint()}" for name, find in found]


def _with_placeholders(value: Any) -> Any:
    match value:
        case Find() | Ahead():
            return value.shown
        case dict():
            return {name: _with_placeholders(part) for name, part in value.items()}
        case list():
            return [_with_placeholders(part) for part in value]
        case _:
            return value


def _finds(value: Any, at: str) -> Iterator[tuple[str, Find | Ahead]]:
    match value:
        case Find() | Ahead():
            yield at, value
        case dict():
            for name, part in value.items():
                yield from _finds(part, f"{at}.{name}" if at else name)
        case list():
            for number, part in enumerate(value):
                yield from _finds(part, f"{at}.{number}")
