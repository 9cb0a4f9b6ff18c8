"""What a table has: columns with titles in both languages, a model for a row, and words for what is wrong with one."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from distro_api.core.errors import DomainError, Text

RowT = TypeVar("RowT", bound=BaseModel)
LANGUAGES = ("zh", "en")
ROW_TITLE, REASON_TITLE = Text("原行号", "Row"), Text("错误原因", "What is wrong")
"""Columns that a result file has besides: it can be mended and imported again as it is."""
_NOISE = re.compile(r"[\s*＊]+|[（(](必填|选填|required|optional)[）)]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. `choices` are the values of a cell by what is stored; a cell may also name the stored value itself."""

    field: str
    title: Text
    note: Text
    example: Text
    required: bool = False
    choices: Mapping[str, Text] = dataclasses.field(default_factory=dict)
    aliases: Sequence[str] = ()
    width: int = 16

    def choice(self, written: str) -> str | None:
        """What a cell chooses, None when that is nothing to choose."""
        asked = plain(written)
        for value, told in self.choices.items():
            if asked in {plain(value), plain(told.zh), plain(told.en)}:
                return value
        return None


@dataclass(frozen=True)
class Sheet(Generic[RowT]):
    """A table that is imported and exported. Titles are found in either language, whatever their order."""

    name: Text
    model: type[RowT]
    columns: Sequence[Column]
    max_rows: int = 10_000
    read_only: Sequence[Column] = ()
    """Columns that exports have and imports pass over."""

    @cached_property
    def titles(self) -> Mapping[str, tuple[Column | None, frozenset[str]]]:
        """Plain title → its column and the languages it is in; None: one that is passed over."""
        found: dict[str, tuple[Column | None, frozenset[str]]] = {}
        known: list[tuple[Column | None, str, str]] = [
            (None, language, title.of(language)) for title in (ROW_TITLE, REASON_TITLE) for language in LANGUAGES
        ]
        for column, target in [*((c, c) for c in self.columns), *((c, None) for c in self.read_only)]:
            known += [(target, language, column.title.of(language)) for language in LANGUAGES]
            known += [(target, "zh" if _is_chinese(alias) else "en", alias) for alias in column.aliases]
        for target, language, title in known:
            column_there, languages = found.get(plain(title), (target, frozenset()))
            assert column_there is target, f"two columns are called {title}"
            found[plain(title)] = (target, languages | {language})
        return found

    def title_of(self, name: str | None, language: str) -> str | None:
        """The title of a field's column."""
        return next((column.title.of(language) for column in self.columns if column.field == name), None)


@dataclass(frozen=True, slots=True)
class Row(Generic[RowT]):
    """A valid row. `fields` are those that have a column: an empty cell of theirs empties, no column leaves alone."""

    number: int
    value: RowT
    fields: frozenset[str]


CELL = {
    "formula": Text("单元格是公式，请粘贴为数值", "The cell is a formula: paste its value instead"),
    "cell_error": Text("单元格的值为错误", "The cell shows an error"),
    "merged_cell": Text("合并单元格，请取消合并后填写", "The cell is merged with others: unmerge and fill in each"),
    "missing": Text("缺少必填内容", "This is needed"),
    "unknown_choice": Text("应为以下之一：{choices}", "One of: {choices}"),
    "duplicate_row": Text("与第 {row} 行重复", "The same as in row {row}"),
}
"""What can be wrong with a cell whatever it is about, by code."""


def plain(text: str) -> str:
    """Text as it is compared: full-width forms, capitals, blanks and marks of required fields do not count."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


def cell_error(
    sheet: Sheet[Any], language: str, name: str | None, code: str, told: str | None = None, **words: object
) -> dict[str, str | None]:
    """One entry of a row's errors."""
    message = told or CELL[code].of(language).format_map(words)
    return {"field": name, "column": sheet.title_of(name, language), "code": code, "message": message}


def refusing(check: Callable[[str], str]) -> AfterValidator:
    """A validator out of a function that raises refusals, whose code and words in both languages are kept."""

    def validate(value: str) -> str:
        try:
            return check(value)
        except DomainError as error:
            raise PydanticCustomError(error.code, "{zh} / {en}", error.title._asdict()) from error

    return AfterValidator(validate)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
