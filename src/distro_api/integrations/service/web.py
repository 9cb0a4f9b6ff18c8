"""HTTP to another company: with time-outs, without redirects, its failures in our words."""

import ssl
from functools import cache
from typing import Any

import httpx

from distro_api.integrations.errors import Unavailable

TIMEOUT = httpx.Timeout(10.0, connect=5.0)


async def post_json(service: str, url: str, *, headers: dict[str, str], content: bytes = b"") -> dict[str, Any]:
    """What the service answered, whatever the status below 500: providers put their errors into the body.

    Raises:
        Unavailable: nobody there, no answer in time, status 5xx or 429, or an answer that is no JSON object.
    """
    try:
        async with httpx.AsyncClient(verify=_certificates(), timeout=TIMEOUT) as client:
            answer = await client.post(url, headers=headers, content=content)
    except httpx.TimeoutException as error:
        raise Unavailable(service, "time_out") from error
    except httpx.TransportError as error:
        raise Unavailable(service, "no_connection") from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unavailable(service, f"http_{answer.status_code}")
    try:
        body = answer.json()
    except ValueError as error:
        raise Unavailable(service, f"http_{answer.status_code}_without_json") from error
    if not isinstance(body, dict):
        raise Unavailable(service, f"http_{answer.status_code}_without_object")
    return body


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes longer than most calls."""
    return httpx.create_ssl_context()
