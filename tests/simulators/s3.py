"""S3's object API as far as we use it: put, get, delete, multipart uploads; nothing unsigned is answered.

By AWS's "Authenticating Requests (AWS Signature Version 4)" and the API reference of each call. Path-style addresses.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
SMALLEST_PART = 5 * 1024 * 1024


@dataclass
class S3Simulator:
    """One bucket."""

    bucket: str = "files"
    key_id: str = "AKIA-SIMULATED"
    secret: str = "a secret of the simulator"
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    largest_body: int = 0
    refused: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.largest_body = max(self.largest_body, len(body))
        await self._answer(request, body)(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if not self._is_signed(request, body):
            self.refused += 1
            return _error(403, "SignatureDoesNotMatch")
        bucket, _, key = unquote(request.url.path).lstrip("/").partition("/")
        if bucket != self.bucket:
            return _error(404, "NoSuchBucket")
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        match request.method:
            case "POST" if "uploads" in query:
                upload = f"upload-{len(self.uploads)}"
                self.uploads[upload] = {}
                return _xml(
                    f"<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                )
            case "PUT" if "partNumber" in query:
                self.uploads[query["uploadId"]][int(query["partNumber"])] = body
                return Response(headers={"ETag": _etag(body)})
            case "POST" if "uploadId" in query:
                return self._complete(key, query["uploadId"], body)
            case "POST" if "delete" in query:
                keys = [found.text or "" for found in ElementTree.fromstring(body).iter() if found.tag.endswith("Key")]
                for found in keys:
                    self.objects.pop(found, None)
                return _xml(
                    "<DeleteResult>"
                    + "".join(f"<Deleted><Key>{escape(k)}</Key></Deleted>" for k in keys)
                    + "</DeleteResult>"
                )
            case "DELETE" if "uploadId" in query:
                self.uploads.pop(query["uploadId"], None)
                return Response(status_code=204)
            case "DELETE":
                self.objects.pop(key, None)
                return Response(status_code=204)
            case "PUT":
                self.objects[key] = body
                return Response(headers={"ETag": _etag(body)})
            case "GET" | "HEAD" if key in self.objects:
                found_body = self.objects[key]
                headers = {"ETag": _etag(found_body), "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}
                return Response(found_body, headers=headers)
        return _error(404, "NoSuchKey")

    def _complete(self, key: str, upload: str, body: bytes) -> Response:
        parts = self.uploads.pop(upload, None)
        if parts is None:
            return _error(404, "NoSuchUpload")
        told = [
            int(found.text or 0) for found in ElementTree.fromstring(body).iter() if found.tag.endswith("PartNumber")
        ]
        if told != sorted(parts):
            return _error(400, "InvalidPart")
        if any(len(parts[number]) < SMALLEST_PART for number in told[:-1]):
            return _error(400, "EntityTooSmall")
        self.objects[key] = b"".join(parts[number] for number in told)
        return _xml(
            f"<CompleteMultipartUploadResult><Key>{escape(key)}</Key><ETag>{escape(_etag(self.objects[key]))}</ETag></CompleteMultipartUploadResult>"
        )

    def _is_signed(self, request: Request, body: bytes) -> bool:
        found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None or found[1] != self.key_id:
            return False
        told = request.headers.get("x-amz-content-sha256", "")
        if told not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        _, day, region, names, signature = found.groups()
        query = sorted(parse_qsl(request.url.query, keep_blank_values=True))
        canonical = "\n".join(
            [
                request.method,
                quote(unquote(request.url.path), safe="/-_.~"),
                "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query),
                *(f"{name}:{request.headers.get(name, '').strip()}" for name in names.split(";")),
                "",
                names,
                told,
            ]
        )
        scope = f"{day}/{region}/s3/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
        )
        key = b"AWS4" + self.secret.encode()
        for part in (day, region, "s3", "aws4_request", text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(key.hex(), signature)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _xml(text: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', media_type="application/xml")


def _error(status: int, code: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Response(text, status, media_type="application/xml")
