"""What the tests of signing in set: the captcha policy, and the letters that a picture shows."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.service import captchas
from make.parameters import set_parameter

LETTERS = "KXM47"


@pytest.fixture
async def no_captcha(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Captchas are off: the test is about what comes after them."""
    await set_parameter(client, app, "captcha_policy", "off")


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every picture shows the same letters: nothing else tells what they are."""
    monkeypatch.setattr(captchas, "random_code", lambda: LETTERS)
    return LETTERS
