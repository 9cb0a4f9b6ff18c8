"""Tencent Cloud's sms: the checks of a TC3 signature, and what SendSms answers.

By its documents "Signature v3" and "SendSms" (2021-01-11): every answer has status 200; an error of the request stands in
`Response.Error`, one of a number in `Response.SendStatusSet`.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request, "
    r"SignedHeaders=([a-z;-]+), Signature=([0-9a-f]{64})"
)


@dataclass
class TencentSmsSimulator:
    """One application with one signature and some templates (how many variables each has)."""

    key_id: str = "AKID-simulated"
    key_secret: str = "a secret of the simulator"
    app_id: str = "1400006666"
    sign_name: str = "分销平台"
    templates: Mapping[str, int] = field(default_factory=dict)
    per_number: int = 5
    delay_s: float = 0
    outage: str | None = None
    accepted: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    _numbers: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        code = self.outage or self._signed(request, body)
        if code is None:
            status = self._send(json.loads(body))
            found = {"PhoneNumber": json.loads(body)["PhoneNumberSet"][0], "Fee": int(status == "Ok"), "Code": status}
            answer: dict[str, Any] = {"SendStatusSet": [found | {"SerialNo": "5000:1", "Message": status}]}
        else:
            answer = {"Error": {"Code": code, "Message": f"in words: {code}"}}
        return JSONResponse({"Response": answer | {"RequestId": "a0aabda6"}})

    def _signed(self, request: Request, body: bytes) -> str | None:
        found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return "AuthFailure.InvalidAuthorization"
        key_id, day, product, names, signature = found.groups()
        if key_id != self.key_id:
            return "AuthFailure.SecretIdNotFound"
        if (request.headers.get("x-tc-action"), request.headers.get("x-tc-version")) != ("SendSms", "2021-01-11"):
            return "InvalidAction"
        now = int(request.headers["x-tc-timestamp"])
        if abs(datetime.now(UTC).timestamp() - now) > 300:
            return "AuthFailure.SignatureExpire"
        if product != "sms" or day != datetime.fromtimestamp(now, UTC).date().isoformat():
            return "AuthFailure.SignatureFailure"
        if not {"content-type", "host"} <= set(names.split(";")):
            return "AuthFailure.SignatureFailure"
        if not hmac.compare_digest(signature, signature_of(self.key_secret, request, body, day, product, names)):
            return "AuthFailure.SignatureFailure"
        return None

    def _send(self, given: dict[str, Any]) -> str:
        [number] = given["PhoneNumberSet"]
        if given["SmsSdkAppId"] != self.app_id:
            return "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
        if given["SignName"] != self.sign_name:
            return "FailedOperation.SignatureIncorrectOrUnapproved"
        if given["TemplateId"] not in self.templates:
            return "FailedOperation.TemplateIncorrectOrUnapproved"
        if len(given["TemplateParamSet"]) != self.templates[given["TemplateId"]]:
            return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
        if not re.fullmatch(r"\+\d{8,15}", number):
            return "InvalidParameterValue.IncorrectPhoneNumber"
        self._numbers[number] += 1
        if self._numbers[number] > self.per_number:
            return "LimitExceeded.PhoneNumberThirtySecondLimit"
        self.accepted.append(given)
        return "Ok"


def signature_of(secret: str, request: Request, body: bytes, day: str, product: str, names: str) -> str:
    """The signature the request ought to have."""
    lines = [request.method, request.url.path, request.url.query]
    lines += [f"{name}:{request.headers[name].strip().lower()}" for name in names.split(";")]
    lines += ["", names, hashlib.sha256(body).hexdigest()]
    hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{request.headers['x-tc-timestamp']}\n{day}/{product}/tc3_request\n{hashed}"
    by_day = hmac.digest(b"TC3" + secret.encode(), day.encode(), "sha256")
    by_product = hmac.digest(by_day, product.encode(), "sha256")
    return hmac.digest(hmac.digest(by_product, b"tc3_request", "sha256"), text.encode(), "sha256").hex()
