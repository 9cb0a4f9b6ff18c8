"""Idempotency keys: the first answer under a key is the answer.

Two ways, one table. Outside the lanes, `IdempotentRoute` claims the key, runs the handler in a SAVEPOINT of the same
transaction and stores what it answered. Lanes (`read_keys`, `store_keys`) look keys up first and insert them with the
outcome last: a key that another process committed meanwhile makes the batch run again and find it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from sqlalchemy import Index, SmallInteger, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.admission import ApiRoute, Handler
from distro_api.core.db import Base, Connection
from distro_api.core.errors import BadRequest, Conflict, DomainError, IdempotencyKeyRequired, IdempotencyKeyReused, Text
from distro_api.core.http import etag_of, problem_response
from distro_api.core.writes import Writes

KEY_LIMIT = 255
KEY_HEADER = "Idempotency-Key"


class KeyRow(Base):
    """An answer under its key. `body` is the answer of a success, code and fields of a refusal."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at", postgresql_using="brin"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None]
    location: Mapped[str | None]
    created_at: Mapped[datetime]


class IdempotencyKeyInvalid(BadRequest):
    code, title = (
        "idempotency_key_invalid",
        Text("幂等键须为 1 至 255 个可见字符", "A key has 1 to 255 visible characters"),
    )


@dataclass(frozen=True, slots=True)
class Key:
    """A request's identity: whose, which key, and what was asked."""

    organization_id: UUID
    key: str
    fingerprint: bytes


Name = tuple[UUID, str]
"""A key by organization and text."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    fingerprint: bytes
    status: int
    body: bytes
    location: str | None


def fingerprint(request: Request, body: bytes) -> bytes:
    """Keyed BLAKE2 over method, path and body: another of them is another request; a password in it can't be guessed."""
    asked = b"\0".join((request.method.encode(), request.scope["path"].encode(), body))
    return hashlib.blake2b(asked, key=request.app.state.fingerprint_key, digest_size=32).digest()


async def optional_key(
    value: Annotated[str | None, Header(alias=KEY_HEADER)] = None,
) -> str | None:
    if value is not None and not (0 < len(value) <= KEY_LIMIT and value.isprintable()):
        raise IdempotencyKeyInvalid
    return value


async def required_key(
    value: Annotated[str | None, Header(alias=KEY_HEADER, json_schema_extra={"x-required": True})] = None,
) -> str:
    """The key of a route that moves money or stock.

    Raises:
        IdempotencyKeyRequired, IdempotencyKeyInvalid
    """
    if (key := await optional_key(value)) is None:
        raise IdempotencyKeyRequired
    return key


KeyOptional = Annotated[str | None, Depends(optional_key)]
KeyRequired = Annotated[str, Depends(required_key)]
"""Name it after the caller, so that nobody learns what a route asks for before he may call it."""


async def key_of(request: Request, organization_id: UUID, key: str) -> Key:
    """The key of a request to a lane."""
    return Key(organization_id, key, fingerprint(request, await request.body()))


def replay(request: Request, stored: StoredAnswer, asked: bytes) -> Response:
    """The stored answer, marked as such.

    Raises:
        IdempotencyKeyReused: the key was used for another request.
    """
    if stored.fingerprint != asked:
        raise IdempotencyKeyReused
    if stored.status >= 400:
        response = problem_response(request, DomainError.restored(stored.body))
    else:
        response = Response(stored.body, stored.status, media_type="application/json")
        if (tag := etag_of(stored.body)) is not None:
            response.headers["ETag"] = tag
    if stored.location:
        response.headers["Location"] = stored.location
    response.headers["Idempotency-Replayed"] = "true"
    return response


class IdempotentRoute(ApiRoute):
    """The route class of every router: a POST with an Idempotency-Key runs once.

    The caller is asked for first (`app.state.authenticate`), as the endpoint would: who may not call it gets no stored
    answer either. Where nobody is asked for (signing in) a key means nothing.
    """

    def get_route_handler(self) -> Handler:
        handler, scopes = super().get_route_handler(), self.scopes
        if self.methods != {"POST"} or getattr(self.endpoint, "handles_keys_itself", False) or not scopes:
            return handler

        async def with_key(request: Request) -> Response:
            named = await optional_key(request.headers.get("idempotency-key"))
            if named is None:
                return await handler(request)
            caller = await request.app.state.authenticate(scopes, request)
            key = Key(caller.organization_id, named, fingerprint(request, await request.body()))
            return await once(request, key, handler, self.endpoint)

        return with_key


async def once(request: Request, key: Key, handler: Handler, endpoint: Any) -> Response:
    """What `handler` answers, or has answered before under this key, in a transaction of its own that it is given as `Tx`.

    For endpoints that handle keys themselves because the body is not what is asked (an upload's parts are).

    Raises:
        IdempotencyKeyReused
    """
    database = request.app.state.database
    try:
        async with database.claims, database.sessions.begin() as session:
            return await _once(session, request, handler, key, endpoint)
    except _NotStored as outcome:
        return outcome.response


def handles_keys(endpoint: Any) -> Any:
    """Mark an endpoint that stores the answer with its effect itself: by a lane, or by `once`."""
    endpoint.handles_keys_itself = True
    return endpoint


def secret_answer(*fields: str) -> Callable[[Any], Any]:
    """Mark an endpoint whose answer holds secrets in these top-level fields: a replay has null there."""

    def mark(endpoint: Any) -> Any:
        endpoint.secret_fields = fields
        return endpoint

    return mark


class _NotStored(Exception):
    """Rolls the claim back with everything else: the same key may succeed later."""

    def __init__(self, response: Response) -> None:
        self.response = response


_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:organization_id AS text) || :key, 0))")
"""Whose turn it is to insert a key. The unique index decides; the lock is for lanes, which can try it and need not wait
on the index, with a whole batch's rows locked, until a slow request under the same key is over."""


async def _once(
    session: AsyncSession,
    request: Request,
    handler: Handler,
    key: Key,
    endpoint: Any,
) -> Response:
    await session.execute(_TAKE_TURN, {"organization_id": str(key.organization_id), "key": key.key})
    claim = insert(KeyRow).values(
        organization_id=key.organization_id, key=key.key, fingerprint=key.fingerprint, created_at=clock.now()
    )
    claimed = await session.execute(claim.on_conflict_do_nothing().returning(KeyRow.key))
    if claimed.first() is None:  # a concurrent duplicate has waited until the first one committed
        row = (await session.scalars(select(KeyRow).filter_by(organization_id=key.organization_id, key=key.key))).one()
        return replay(
            request, StoredAnswer(row.fingerprint, row.status or 500, row.body or b"", row.location), key.fingerprint
        )
    stored: bytes
    request.state.idempotent_session = session
    try:
        async with session.begin_nested():
            response = await handler(request)
            await session.flush()
        stored = _redacted(bytes(response.body), getattr(endpoint, "secret_fields", ()))
    except Conflict as refusal:
        response, stored = problem_response(request, refusal), refusal.stored()
    if response.status_code >= 400 and response.status_code != 409:
        raise _NotStored(response)
    row = (await session.scalars(select(KeyRow).filter_by(organization_id=key.organization_id, key=key.key))).one()
    row.status, row.body, row.location = response.status_code, stored, response.headers.get("location")
    return response


def _redacted(body: bytes, fields: Iterable[str]) -> bytes:
    if not fields:
        return body
    value = json.loads(body)
    return json.dumps(value | dict.fromkeys(fields)).encode()


_READ = """
SELECT w.organization_id, w.key, pg_try_advisory_xact_lock(hashtextextended(w.organization_id::text || w.key, 0)),
    k.fingerprint, k.status, k.body, k.location
FROM unnest($1::uuid[], $2::text[]) AS w(organization_id, key) LEFT JOIN idempotency_keys k USING (organization_id, key)
"""


async def read_keys(connection: Connection, keys: Iterable[Key]) -> tuple[Mapping[Name, StoredAnswer], set[Name]]:
    """(the answers that are already stored under these keys, the keys that another transaction is using just now)."""
    wanted = list(keys)
    if not wanted:
        return {}, set()
    rows = await connection.fetch(_READ, [key.organization_id for key in wanted], [key.key for key in wanted])
    stored = {(r[0], r[1]): StoredAnswer(r[3], r[4], r[5], r[6]) for r in rows if r[4] is not None}
    return stored, {(r[0], r[1]) for r in rows if not r[2]} - stored.keys()


_KEY_COLUMNS = (
    ("organization_id", "uuid"),
    ("key", "text"),
    ("fingerprint", "bytea"),
    ("status", "smallint"),
    ("body", "bytea"),
    ("location", "text"),
    ("created_at", "timestamptz"),
)


def store_keys(writes: Writes, answers: Iterable[tuple[Key, int, bytes, str | None, datetime]]) -> None:
    """Insert (key, status, body, location, instant) in key order.

    A key that was taken meanwhile is not written: the batch is then rolled back and run again.
    """
    rows = sorted(
        (k.organization_id, k.key, k.fingerprint, status, body, location, at)
        for k, status, body, location, at in answers
    )
    writes.insert("idempotency_keys", _KEY_COLUMNS, rows, "ON CONFLICT DO NOTHING")
