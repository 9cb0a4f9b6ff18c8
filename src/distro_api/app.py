"""The web application: rooms wired to one FastAPI app, and what a process opens and closes."""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from distro_api import openapi
from distro_api.accounts import router as accounts
from distro_api.core import health, http
from distro_api.core.admission import BodyLimit
from distro_api.core.crypto import derive
from distro_api.core.db import Database
from distro_api.core.lanes import Lanes
from distro_api.core.provision import refuse_superuser, urls_of
from distro_api.core.rates import Rates
from distro_api.core.settings import Settings
from distro_api.feedback import router as feedback
from distro_api.files import router as files
from distro_api.files.service import Links, open_storage
from distro_api.identity import principal
from distro_api.identity import router as identity
from distro_api.identity.service.access import Access
from distro_api.identity.service.keyring import Keyring
from distro_api.identity.service.parameters import Parameters
from distro_api.identity.service.revocations import Revocations
from distro_api.identity.service.tokens import Tokens
from distro_api.incentives import router as incentives
from distro_api.inventory import router as inventory
from distro_api.jobs import router as long_work
from distro_api.notifications.service import Notifier
from distro_api.offers import router as offers
from distro_api.offers.service import Terms
from distro_api.orders import router as orders
from distro_api.orders.service.batch import executor
from distro_api.orders.service.desk import Desk
from distro_api.orders.service.source import RandomSource
from distro_api.products import router as products
from distro_api.relations import router as relations
from distro_api.staff import router as staff
from distro_api.strategies import router as strategies
from distro_api.tickets import router as tickets
from distro_api.webhooks import router as webhooks

ROUTERS: tuple[APIRouter, ...] = (
    orders.router,
    tickets.router,
    offers.quotes,
    offers.router,
    orders.refunds,
    accounts.router,
    accounts.recharges,
    inventory.router,
    products.stock,
    products.router,
    products.categories,
    products.brands,
    strategies.router,
    strategies.holidays,
    *relations.routers,
    feedback.router,
    incentives.router,
    webhooks.router,
    staff.router,
    long_work.router,
    files.router,
    *identity.routers,
)
"""Routes are matched in this order: what is called most comes first."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """One process's application. Everything it holds is opened by its lifespan and reachable as `app.state`."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, stack)
            _rarely_collect()
            yield

    app = FastAPI(
        title="distro-api",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the target would be made of the caller's Host header
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    http.install(app)
    app.add_middleware(BodyLimit)
    for router in ROUTERS:
        app.router.routes.extend(openapi.named(router.routes))
    _add_docs(app)
    openapi.install(app)
    return app


def _rarely_collect() -> None:
    """Collect garbage by the ten thousand: a request leaves thousands of objects that die by themselves.

    Measured on placing orders: a third of the process's CPU went into looking for cycles that were not there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _open(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    urls = urls_of(settings)
    for url in (urls.app, urls.engine):
        await refuse_superuser(url)
    app.state.settings = settings
    app.state.database = Database(urls.app, urls.engine, settings.pool_size)
    stack.push_async_callback(app.state.database.close)
    app.state.tokens = Tokens(settings.root_key, settings.access_token_s)
    app.state.storage = open_storage(settings)
    app.state.links = Links(settings.root_key)
    app.state.notifier = Notifier(settings.root_key)
    app.state.authenticate = principal.authenticate
    app.state.fingerprint_key = derive(settings.root_key, "idempotency")
    app.state.rates = Rates()
    app.state.terms = Terms(app.state.database.sessions)
    app.state.revocations = await stack.enter_async_context(Revocations(app.state.database.sessions))
    app.state.parameters = await stack.enter_async_context(Parameters(app.state.database.sessions))
    app.state.access = await stack.enter_async_context(Access(app.state.database.sessions))
    keyring = Keyring(app.state.database.sessions, settings.root_key, app.state.access)
    app.state.keyring = await stack.enter_async_context(keyring)
    run_batch = executor(RandomSource(settings.time_zone), settings.time_zone)
    lanes = Lanes(urls.engine, run_batch, count=settings.lanes, queue_limit=settings.lane_queue)
    app.state.lanes = await stack.enter_async_context(lanes)
    app.state.desk = Desk(
        app.state.lanes, app.state.terms, app.state.database.sessions, settings.time_zone, settings.payment_window_s
    )


def _add_docs(app: FastAPI) -> None:
    """Swagger UI from our own process: the package is used as a store of files only, and no outside host is named."""
    spec = find_spec("fastapi_swagger")
    assert spec is not None and spec.submodule_search_locations is not None
    app.mount("/docs/assets", StaticFiles(directory=Path(spec.submodule_search_locations[0], "resources")), name="docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            oauth2_redirect_url="/docs/oauth2-redirect",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": True, "filter": True},
        )

    @app.get("/docs/oauth2-redirect", include_in_schema=False)
    async def oauth2_redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        return await health.readiness(request)
