"""Field types that every room's inputs share: bounded, stripped, free of characters that text columns refuse."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError


def printable(value: str) -> str:
    """Refuse control characters, null bytes among them."""
    if any(ch < " " and ch not in "\n\t" for ch in value):
        raise ValueError("不能包含控制字符 / control characters are not allowed")
    return value


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("应为日期 YYYY-MM-DD / a date is written YYYY-MM-DD")
    if not isinstance(value, str | date):
        raise ValueError("应为日期 YYYY-MM-DD / a date is written YYYY-MM-DD")
    return value


def _plausible(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise ValueError("日期须在 2000 至 2100 年之间 / a year from 2000 to 2100")
    return value


def _plausible_instant(value: datetime) -> datetime:
    _plausible(value)
    return value.astimezone(UTC)


Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    AfterValidator(_plausible),
    Field(description="YYYY-MM-DD where the platform is", examples=["2026-10-01"]),
]
"""A calendar day; numbers and instants, which a plain `date` would take, are refused."""

Instant = Annotated[
    AwareDatetime,
    AfterValidator(_plausible_instant),
    Field(description="RFC 3339, with `Z` or an offset", examples=["2026-10-01T00:00:00Z"]),
]
"""An instant; one without a zone, which would be read in the server's own, is refused."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(printable)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(printable)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)
]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), AfterValidator(printable)]
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
]
Phone = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=5, max_length=32, pattern=r"^[+]?[(]?[0-9](?:[ ()-]{0,2}[0-9]){4,19}$"
    ),
    Field(description="Mainland China number, or any with +country code", examples=["13800138000"]),
]


def _encodable(value: SecretStr) -> SecretStr:
    """Refuse half a character, as `str` does; `SecretStr` takes it and fails where it is hashed."""
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("string_unicode", "Input should be a valid string without lone surrogates") from None
    return value


Secret = Annotated[SecretStr, AfterValidator(_encodable)]
"""A password or token. Inputs use this one, never `SecretStr` itself."""


def absent() -> Any:
    """The default of a PATCH field that may be left out but not be null: `model_fields_set` says whether it came."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Command(BaseModel):
    """An input: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """An output, made from rows; without defaults, so that OpenAPI marks every field required."""

    model_config = ConfigDict(from_attributes=True)


class Patch(Command):
    """A merge: only the fields sent change. Null empties a field that may be empty (`clearable`)."""

    clearable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _null_only_where_empty_is_possible(self) -> Self:
        for name in sorted(self.model_fields_set - self.clearable):
            if getattr(self, name) is None:
                raise ValueError(f"{name} 不能为空 / {name} cannot be null")
        return self

    def sent(self) -> dict[str, Any]:
        """The fields the client sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}
