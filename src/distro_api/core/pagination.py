"""Lists: keyset pages by (sort column, id), stable under inserts, with an optional total."""

import base64
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from distro_api.core.errors import BadCursor

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")
TOTAL_LIMIT = 10_000
"""`total` is counted up to here: a client that sees this number reads it as "or more"."""


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    next_cursor: Annotated[str | None, Field(description="Give it back as `cursor` for the next page; null: the end")]
    total: Annotated[
        int | None,
        Field(description=f"Only with `with_total=true`; counted up to {TOTAL_LIMIT}, then read as 'or more'"),
    ] = None


class PageRequest(BaseModel):
    """The paging part of a list request."""

    limit: int
    cursor: str | None
    with_total: bool


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Items on a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
    with_total: Annotated[bool, Query(description="Add `total`")] = False,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor, with_total=with_total)


Paging = Annotated[PageRequest, Depends(_page_request)]


FiltersT = TypeVar("FiltersT", bound=BaseModel)


def filters(model: type[FiltersT]) -> Callable[..., Awaitable[FiltersT]]:
    """A dependency that makes `model` from query parameters, in the event loop: a class would be called in a thread."""

    async def make(**values: Any) -> FiltersT:
        return model(**values)

    make.__signature__ = inspect.signature(model)  # type: ignore[attr-defined]
    return make


def encode_cursor(sort: str, value: Any, last_id: UUID) -> str:
    text = value.isoformat() if isinstance(value, date | datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort, text, str(last_id)]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str) -> tuple[Any, UUID]:
    """(value, id) of the last row seen.

    Raises:
        BadCursor: not ours, or made under another order.
    """
    try:
        made_for, value, last_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != sort:
            raise BadCursor
        return value, UUID(last_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadCursor from error


async def page(
    session: AsyncSession,
    query: Select[Any],
    paging: PageRequest,
    *,
    sorts: Mapping[str, InstrumentedAttribute[Any]],
    sort: str,
    tie: InstrumentedAttribute[UUID],
) -> tuple[Sequence[Any], str | None, int | None]:
    """One page of `query` (of entities): rows, next cursor, total.

    Args:
        sorts: the closed list of sort names and their columns (never null).
        sort: one of them, `-` before it for descending; enforced by the route's Literal type.
        tie: the unique column that orders rows of equal value.
    """
    descending, column = sort.startswith("-"), sorts[sort.removeprefix("-")]
    total = None
    if paging.with_total:
        counted = query.with_only_columns(tie).order_by(None).limit(TOTAL_LIMIT).subquery()
        total = await session.scalar(select(func.count()).select_from(counted))
    if paging.cursor is not None:
        value, last_id = decode_cursor(paging.cursor, sort)
        query = query.where(_after(column, tie, value, last_id, descending))
    if column is tie:
        query = query.order_by(tie.desc() if descending else tie)
    elif descending:
        query = query.order_by(column.desc(), tie.desc())
    else:
        query = query.order_by(column, tie)
    rows = (await session.scalars(query.limit(paging.limit + 1))).all()
    if len(rows) <= paging.limit:
        return rows, None, total
    last = rows[paging.limit - 1]
    return rows[: paging.limit], encode_cursor(sort, _sort_value(last, column), getattr(last, tie.key)), total


def _sort_value(row: Any, column: InstrumentedAttribute[Any]) -> Any:
    value = getattr(row, column.key)
    return str(value) if isinstance(value, UUID) else value


def _after(
    column: InstrumentedAttribute[Any], tie: InstrumentedAttribute[UUID], value: Any, last_id: UUID, descending: bool
) -> ColumnElement[bool]:
    if column is tie:
        return tie < last_id if descending else tie > last_id
    bound = _bound(column.type.python_type, value)
    beyond = column < bound if descending else column > bound
    return or_(beyond, and_(column == bound, tie < last_id if descending else tie > last_id))


def _bound(python_type: Callable[..., Any], value: Any) -> Any:
    """The value of a cursor, which anybody may have written, as the column's type.

    Raises:
        BadCursor: the database could not take it.
    """
    try:
        if python_type is datetime:
            bound = datetime.fromisoformat(value)
            if bound.tzinfo is None:
                raise BadCursor
            return bound.astimezone(UTC)
        if python_type is date:
            return date.fromisoformat(value)
        bound = python_type(value)
        if isinstance(bound, str) and b"\0" in bound.encode():  # encode() refuses a lone surrogate
            raise BadCursor
    except (ValueError, TypeError, OverflowError) as error:
        raise BadCursor from error
    if isinstance(bound, int) and not -(2**63) <= bound < 2**63:
        raise BadCursor
    return bound
