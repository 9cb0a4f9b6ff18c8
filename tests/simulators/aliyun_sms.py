"""Alibaba Cloud's Dysmsapi: the gateway's checks of a version 3 signature, and what SendSms answers.

By its documents "V3 request body & signature" and "SendSms": the request is signed over method, path, query, the
headers named in SignedHeaders and the hash of the body; errors of the gateway have status 4xx, of the action 200.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

AUTHORIZATION = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})")


@dataclass
class AliyunSmsSimulator:
    """One account with one signature and some templates (the variables of each)."""

    key_id: str = "LTAI-simulated"
    key_secret: str = "a secret of the simulator"
    sign_name: str = "分销平台"
    templates: Mapping[str, set[str]] = field(default_factory=dict)
    per_number: int = 5
    delay_s: float = 0
    outage: tuple[int, str] | None = None
    """Answer every call with this status and code."""
    accepted: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    _nonces: set[str] = field(default_factory=set)
    _numbers: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if self.outage:
            return self._error(*self.outage)
        if (refusal := self._gateway(request, body)) is not None:
            return refusal
        code = self._send(dict(parse_qsl(request.url.query, keep_blank_values=True)))
        answer = {"Code": code, "Message": code, "RequestId": "9B6D7A4C"}
        return JSONResponse(answer | ({"BizId": f"biz-{len(self.accepted)}"} if code == "OK" else {}))

    def _gateway(self, request: Request, body: bytes) -> Response | None:
        found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return self._error(400, "IncompleteSignature")
        key_id, names, signature = found.groups()
        if key_id != self.key_id:
            return self._error(404, "InvalidAccessKeyId.NotFound")
        if (request.headers.get("x-acs-action"), request.headers.get("x-acs-version")) != ("SendSms", "2017-05-25"):
            return self._error(404, "InvalidAction.NotFound")
        required = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"}
        if not required <= set(names.split(";")):
            return self._error(400, "IncompleteSignature")
        at = datetime.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - at) > timedelta(minutes=15):
            return self._error(400, "InvalidTimeStamp.Expired")
        if request.headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
            return self._error(400, "SignatureDoesNotMatch")
        if not hmac.compare_digest(signature, signature_of(self.key_secret, request, names)):
            return self._error(400, "SignatureDoesNotMatch")
        if (nonce := request.headers["x-acs-signature-nonce"]) in self._nonces:
            return self._error(400, "SignatureNonceUsed")
        self._nonces.add(nonce)
        return None

    def _send(self, given: dict[str, str]) -> str:
        if given.get("SignName") != self.sign_name:
            return "isv.SMS_SIGNATURE_ILLEGAL"
        if given.get("TemplateCode") not in self.templates:
            return "isv.SMS_TEMPLATE_ILLEGAL"
        if not re.fullmatch(r"1[3-9]\d{9}|(?!86)\d{8,15}", given.get("PhoneNumbers", "")):
            return "isv.MOBILE_NUMBER_ILLEGAL"
        try:
            variables = json.loads(given.get("TemplateParam", "{}"))
        except ValueError:
            return "isv.INVALID_JSON_PARAM"
        if not self.templates[given["TemplateCode"]] <= variables.keys():
            return "isv.TEMPLATE_MISSING_PARAMETERS"
        if any(not 1 <= len(str(value)) <= 35 for value in variables.values()):
            return "isv.PARAM_LENGTH_LIMIT"
        self._numbers[given["PhoneNumbers"]] += 1
        if self._numbers[given["PhoneNumbers"]] > self.per_number:
            return "isv.BUSINESS_LIMIT_CONTROL"
        self.accepted.append(given | {"TemplateParam": variables})
        return "OK"

    def _error(self, status: int, code: str) -> Response:
        return JSONResponse({"Code": code, "Message": code, "RequestId": "9B6D7A4C", "HostId": "here"}, status)


def signature_of(secret: str, request: Request, names: str) -> str:
    """The signature the request ought to have."""
    pairs = sorted(parse_qsl(request.url.query, keep_blank_values=True))
    query = "&".join("=".join(quote(part, safe="~") for part in pair) for pair in pairs)
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    parts = [request.method, request.url.path or "/", query, headers, names, request.headers["x-acs-content-sha256"]]
    hashed = hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()
    return hmac.digest(secret.encode(), f"ACS3-HMAC-SHA256\n{hashed}".encode(), "sha256").hex()
