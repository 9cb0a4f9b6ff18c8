"""Swagger UI in a real browser: a distributor signs in and places an order, and no other host is asked for anything."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from make.product import Served, distro, served
from make.shop import ADMIN, DISTRIBUTOR, PASSWORD, Shop, open_shop

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SCREENSHOT = Path(__file__).parents[2] / "var" / "swagger-order.png"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

pytestmark = [pytest.mark.browser, pytest.mark.capability("K4", "O1")]


@pytest.fixture(scope="module")
def product() -> Iterator[Served]:
    home = Path(tempfile.mkdtemp(prefix="distro-browser-"))
    with served(home / "var") as running:
        yield running
        running.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def shop(product: Served) -> Shop:
    made = distro("create-admin", "--username", ADMIN, "--password", PASSWORD, "--var", str(product.var))
    assert made.returncode == 0, made.stderr

    async def opened() -> Shop:
        async with httpx.AsyncClient(base_url=product.url, timeout=30) as http:
            return await open_shop(http)

    return asyncio.run(opened())


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        made = browser.new_page(viewport={"width": 1280, "height": 1600})
        made.set_default_timeout(10_000)
        yield made
        browser.close()


def test_a_distributor_places_an_order_by_hand(product: Served, shop: Shop, page: Page) -> None:
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(f"{product.url}/docs")
    page.locator(".auth-wrapper .btn.authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.locator("#oauth_username").fill(DISTRIBUTOR)
    dialog.locator("#oauth_password").fill(PASSWORD)
    dialog.get_by_role("button", name="Apply given OAuth2 credentials").click()
    expect(dialog.get_by_text("Authorized", exact=True)).to_be_visible()
    dialog.locator("button.btn-done").first.click()  # each way of signing in has one

    page.locator(".operation-filter-input").fill("orders")  # what is far down the page is drawn when it comes near
    order = page.locator("#operations-orders-place_order")
    order.locator(".opblock-summary-control").click()
    order.locator("button.try-out__btn").click()
    order.locator("tr[data-param-name='Idempotency-Key'] input").fill("by-hand-1")
    order.locator("textarea.body-param__text").fill(json.dumps(shop.order(0), ensure_ascii=False, indent=2))
    order.locator("button.execute").click()
    answer = order.locator(".live-responses-table")
    expect(answer.locator("tbody .response-col_status")).to_contain_text("201")
    body = answer.locator("tbody .response-col_description .highlight-code").first.inner_text()
    assert '"status": "paid"' in body

    SCREENSHOT.parent.mkdir(exist_ok=True)
    order.screenshot(path=SCREENSHOT)
    assert hosts == {"127.0.0.1"}
