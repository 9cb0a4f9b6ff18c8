"""SMS by Tencent Cloud: the action SendSms of sms 2021-01-11, signed by TC3-HMAC-SHA256 (signature version 3)."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from distro_api.core import clock
from distro_api.integrations.errors import Refused, Unavailable
from distro_api.integrations.service import web

SERVICE = "tencent_sms"
URL = "https://sms.tencentcloudapi.com"
VERSION = "2021-01-11"
ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
PASSING = (
    "LimitExceeded",
    "RequestLimitExceeded",
    "InternalError",
    "FailedOperation.InsufficientBalanceInSmsPackage",
    "FailedOperation.OtherError",
)
"""Refusals that pass begin so: flow limits, an account without money, the provider's own trouble."""


@dataclass(frozen=True, slots=True)
class TencentSms:
    """Sends by template id with variables in the template's order."""

    key_id: str
    key_secret: str = field(repr=False)
    sign_name: str
    app_id: str
    region: str = "ap-guangzhou"
    url: str = URL

    async def send(self, to: str, template_id: str, variables: Sequence[str]) -> None:
        """One message to an E.164 number; once accepted it is on its way.

        Raises:
            Unavailable, Refused
        """
        body = {
            "PhoneNumberSet": [to],
            "SmsSdkAppId": self.app_id,
            "SignName": self.sign_name,
            "TemplateId": template_id,
            "TemplateParamSet": list(variables),
        }
        content = json.dumps(body, ensure_ascii=False).encode()
        now = int(clock.now().timestamp())
        signed = {"content-type": CONTENT_TYPE, "host": urlsplit(self.url).netloc, "x-tc-action": "SendSms"}
        headers = signed | {
            "Authorization": authorization(self.key_id, self.key_secret, "sms", now, signed, content),
            "X-TC-Timestamp": str(now),
            "X-TC-Version": VERSION,
            "X-TC-Region": self.region,
        }
        answer = await web.post_json(SERVICE, f"{self.url}/", headers=headers, content=content)
        if (code := _code(answer.get("Response"))) != "Ok":
            raise (Unavailable if code.startswith(PASSING) else Refused)(SERVICE, code)


def authorization(key_id: str, key_secret: str, product: str, now: int, headers: dict[str, str], content: bytes) -> str:
    """The header of that name for a POST to `/`, with all of `headers` signed, by the key of the day and the product."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    names = sorted(headers)
    signed, scope = ";".join(names), f"{day}/{product}/tc3_request"
    canonical_headers = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
    canonical = "\n".join(("POST", "/", "", canonical_headers, signed, hashlib.sha256(content).hexdigest()))
    to_sign = "\n".join((ALGORITHM, str(now), scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"TC3{key_secret}".encode()
    for part in (day, product, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


def _code(response: Any) -> str:
    """`Ok`, or what was wrong with the request as a whole, or with its one number."""
    match response:
        case {"Error": {"Code": str(code)}}:
            return code
        case {"SendStatusSet": [{"Code": str(code)}]}:
            return code
        case _:
            return "InternalError.UnknownAnswer"
