"""Upload, look at, download, delete."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from distro_api.core import tenancy
from distro_api.core.admission import body_limit
from distro_api.core.db import Read, Transactions, Tx, transaction_of
from distro_api.core.errors import BodyTooLarge, NotFoundHere
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute, Key, KeyOptional, fingerprint, handles_keys, once
from distro_api.core.pagination import Page, Paging, page
from distro_api.files import queries, service
from distro_api.files.errors import BadLink, FileGone, LinkExpired, MalformedForm, UnsupportedFile
from distro_api.files.models import File, Purpose
from distro_api.files.schemas import FileOut
from distro_api.files.service import CSV, XLSX, Links, Storage
from distro_api.files.service.contents import plain_name
from distro_api.identity.principal import Principal, Require

router = APIRouter(prefix=f"{API}/files", tags=["files"], route_class=IdempotentRoute)
MAX_UPLOAD_BYTES = 10 * 1024 * 1024
FORM_BYTES = 64 * 1024
"""What a form may have around its file."""
TAKEN = {Purpose.IMPORT: (XLSX, CSV)}
"""What may be uploaded, and what it may be."""
FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "At most 10 MiB"},
                    "purpose": {"type": "string", "enum": [purpose.value for purpose in TAKEN], "default": "import"},
                },
            }
        }
    },
}
User = Annotated[Principal, Require("files:use")]


async def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


async def _links(request: Request) -> Links:
    links: Links = request.app.state.links
    return links


FromStorage = Annotated[Storage, Depends(_storage)]
FromLinks = Annotated[Links, Depends(_links)]


def _file_out(file: File, links: Links) -> dict[str, Any]:
    link = links.make(file.organization_id, file.id)
    return {
        **{name: getattr(file, name) for name in FileOut.model_fields if hasattr(file, name)},
        "sha256": file.sha256.hex(),
        "url": link.path,
        "url_expires_at": link.expires_at,
    }


@router.post(
    "",
    response_model=FileOut,
    status_code=201,
    responses=problems(MalformedForm, UnsupportedFile, BodyTooLarge),
    openapi_extra={**capability("I10"), "requestBody": FORM},
)
@handles_keys
@body_limit(MAX_UPLOAD_BYTES + FORM_BYTES)
async def upload_file(
    request: Request,
    principal: User,
    transactions: Transactions,
    storage: FromStorage,
    links: FromLinks,
    key: KeyOptional,
) -> Response:
    """Upload a file to be imported: .xlsx or .csv, judged by its content. Only you and your organization's managers see it."""
    async with _form(request) as (purpose, given_name, source):
        content = await asyncio.to_thread(service.recognise, source, TAKEN[purpose])
        name = plain_name(given_name, content.content_type)
        draft = await service.write(
            transactions,
            storage,
            organization_id=principal.organization_id,
            user_id=principal.user_id,
            purpose=purpose,
            name=name,
            content_type=content.content_type,
            source=source,
        )

    async def keep(request: Request) -> Response:
        async with transaction_of(request) as session:
            kept = await service.keep(session, principal.actor, draft)
            body = jsonable_encoder(FileOut.model_validate(_file_out(kept, links)))
        return JSONResponse(body, 201, {"Location": f"{API}/files/{kept.id}"})

    if key is None:
        return await keep(request)
    asked = fingerprint(request, b"\0".join((purpose.encode(), name.encode(), draft.written.sha256)))
    return await once(request, Key(principal.organization_id, key, asked), keep, upload_file)


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[tuple[Purpose, str, IO[bytes]]]:
    """Purpose, name and content of an upload; what is large is spooled to disk while it arrives.

    Raises:
        MalformedForm, BodyTooLarge
    """
    try:
        form = await request.form(max_files=1, max_fields=1, max_part_size=1024)
    except HTTPException as error:
        raise MalformedForm(field="file") from error
    try:
        upload, purpose = form.get("file"), form.get("purpose", Purpose.IMPORT)
        if not isinstance(upload, UploadFile) or purpose not in TAKEN or form.keys() - {"file", "purpose"}:
            raise MalformedForm(field="file")
        if (upload.size or 0) > MAX_UPLOAD_BYTES:
            raise BodyTooLarge
        yield Purpose(str(purpose)), upload.filename or "", upload.file
    finally:
        await form.close()


@router.get("", response_model=Page[FileOut], openapi_extra=capability("I10"))
async def list_files(
    principal: User,
    session: Read,
    links: FromLinks,
    paging: Paging,
    purpose: Purpose | None = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """My files; with `files:manage` everybody's in my organization."""
    rows, cursor, total = await page(
        session,
        queries.files_where(principal, purpose),
        paging,
        sorts={"created_at": File.created_at},
        sort=sort,
        tie=File.id,
    )
    return {"items": [_file_out(row, links) for row in rows], "next_cursor": cursor, "total": total}


@router.get("/{file_id}", response_model=FileOut, responses=problems(NotFoundHere), openapi_extra=capability("I10"))
async def get_file(file_id: UUID, principal: User, session: Read, links: FromLinks) -> object:
    """What it is, and a link that downloads it within ten minutes."""
    return _file_out(await queries.file(session, principal, file_id), links)


@router.delete("/{file_id}", status_code=204, responses=problems(NotFoundHere), openapi_extra=capability("I10"))
async def delete_file(file_id: UUID, principal: User, session: Tx) -> None:
    """Delete it before its time."""
    await service.remove(session, principal, file_id)


@router.get(
    "/{file_id}/content",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, CSV)}},
        **problems(NotFoundHere, BadLink, LinkExpired, FileGone),
    },
    openapi_extra=capability("I10"),
)
async def download_file(
    file_id: UUID,
    organization_id: UUID,
    expires: Annotated[int, Query(ge=0, le=2**33, description="Unix time")],
    signature: Annotated[str, Query(max_length=100)],
    session: Read,
    storage: FromStorage,
    links: FromLinks,
) -> Response:
    """The content, to whoever has the link; take the whole `url` from `GET /files/{id}`."""
    links.check(organization_id, file_id, expires, signature)
    tenancy.enter(organization_id)
    if (file := await queries.stored(session, organization_id, file_id)) is None:
        raise NotFoundHere
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": disposition(file.name),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return StreamingResponse(await storage.stream(file.key), 200, headers, media_type=file.content_type)


def disposition(name: str) -> str:
    """A header that saves under `name` in every browser."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
