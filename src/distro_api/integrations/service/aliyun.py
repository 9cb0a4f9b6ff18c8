"""SMS by Alibaba Cloud: the action SendSms of Dysmsapi 2017-05-25, signed by ACS3-HMAC-SHA256 (signature version 3)."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from distro_api.core import clock
from distro_api.integrations.errors import Refused, Unavailable
from distro_api.integrations.service import web

SERVICE = "aliyun_sms"
URL = "https://dysmsapi.aliyuncs.com"
VERSION = "2017-05-25"
ALGORITHM = "ACS3-HMAC-SHA256"
VARIABLE_LENGTH = 35
PASSING = ("isv.BUSINESS_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isp.SYSTEM_ERROR")
"""Refusals that pass: the flow of one number, an account without money, the provider's own trouble."""
PASSING_PREFIXES = ("Throttling", "ServiceUnavailable", "InternalError")


@dataclass(frozen=True, slots=True)
class AliyunSms:
    """Sends by template code with named variables."""

    key_id: str
    key_secret: str = field(repr=False)
    sign_name: str
    url: str = URL

    async def send(self, to: str, template_code: str, variables: Mapping[str, str]) -> None:
        """One message to an E.164 number; once accepted it is on its way.

        Raises:
            Unavailable, Refused
        """
        query = {
            "PhoneNumbers": local_number(to),
            "SignName": self.sign_name,
            "TemplateCode": template_code,
            "TemplateParam": json.dumps(
                {name: _fitting(value) for name, value in variables.items()}, ensure_ascii=False
            ),
        }
        headers = {
            "host": urlsplit(self.url).netloc,
            "x-acs-action": "SendSms",
            "x-acs-version": VERSION,
            "x-acs-date": acs_instant(clock.now()),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        }
        headers["Authorization"] = authorization(self.key_id, self.key_secret, "POST", "/", query, headers)
        answer = await web.post_json(SERVICE, f"{self.url}/?{canonical_query(query)}", headers=headers)
        code = str(answer.get("Code"))
        if code == "OK":
            return
        passing = code in PASSING or code.startswith(PASSING_PREFIXES)
        raise (Unavailable if passing else Refused)(SERVICE, code)


def authorization(
    key_id: str, key_secret: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """The header of that name: all of `headers` are signed, and with the hash among them the body."""
    lines = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(lines)
    signed = ";".join(names)
    canonical_headers = "".join(f"{name}:{lines[name]}\n" for name in names)
    canonical = "\n".join(
        (method, path, canonical_query(query), canonical_headers, signed, lines["x-acs-content-sha256"])
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={signed},Signature={signature}"


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted, and encoded as RFC 3986 has it: a space is %20, `~` stays."""
    return "&".join(f"{_encoded(name)}={_encoded(query[name])}" for name in sorted(query))


def acs_instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_number(number: str) -> str:
    """Mainland numbers without country code, others with it and without the plus sign."""
    return number.removeprefix("+86").removeprefix("+")


def _fitting(value: str) -> str:
    """A variable has 1 to 35 characters; a longer one would have the whole message refused."""
    return (value if len(value) <= VARIABLE_LENGTH else value[: VARIABLE_LENGTH - 1] + "…") or "-"


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
