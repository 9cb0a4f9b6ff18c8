"""The command line: options become settings, settings become calls."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError
from typer.core import TyperGroup

from distro_api import demo as demo_data
from distro_api import worker as worker_process
from distro_api.app import create_app
from distro_api.core import documents, logs, supervise
from distro_api.core import serve as serving
from distro_api.core.db import Database
from distro_api.core.errors import CATALOGUE, DomainError
from distro_api.core.provision import urls_of
from distro_api.core.settings import Settings
from distro_api.core.supervise import CannotStart
from distro_api.core.verify import run_checks
from distro_api.identity.schemas import Username
from distro_api.identity.service.demo import DEMO_ACCOUNTS
from distro_api.identity.service.organizations import create_admin as add_admin
from distro_api.notifications.service.templates import WORDINGS, fields_of
from distro_api.openapi.matrix import permissions_text
from distro_api.proofs import CHECKS

APPLICATION = "distro_api.app:create_app"
COUNTED = ("orders", "transfers", "entries", "inventory_movements", "tickets")
"""What the summary of a proof counts."""


class _Commands(TyperGroup):
    """What a person can mend is told in one line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (CannotStart, demo_data.DemoIncomplete, demo_data.NotEmpty) as error:
            message = str(error)
        except DomainError as error:
            message = f"{error.title.zh} / {error.title.en} ({error.code}) {error.extra or ''}"
        except ValidationError as error:
            message = "; ".join(f"DISTRO_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        except (OSError, asyncpg.PostgresError, SQLAlchemyError) as error:
            message = f"{type(error).__name__}: {logs.masked(str(error))}"
        typer.echo(f"distro: {message}", err=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=_Commands,
    help="Distribution platform API. Every setting is an environment variable DISTRO_*; see the README.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ledger = typer.Typer(help="The books.", no_args_is_help=True)
app.add_typer(ledger, name="ledger")

USERNAME_RULE = "3 to 32 letters, digits, dots, dashes, underscores; the first is a letter"
Var = Annotated[
    Path | None, typer.Option("--var", help="Folder of the embedded database, keys and messages [default: ./var]")
]
Write = Annotated[bool, typer.Option("--write", help="Write the file")]
Check = Annotated[bool, typer.Option("--check", help="Fail when the file says something else")]


def _settings(**given: Any) -> Settings:
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    logs.configure(settings.log_level)
    return settings


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(envvar="DISTRO_HOST", help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="DISTRO_PORT", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(envvar="DISTRO_WORKERS", min=1, max=64, help="Processes of the API")] = 1,
    var: Var = None,
    demo: Annotated[bool, typer.Option(help="Load the demo data into an empty database")] = False,
    worker: Annotated[bool, typer.Option(help="Run the worker beside the API")] = True,
    migrate: Annotated[bool, typer.Option(help="Bring the schema up to date first")] = True,
) -> None:
    """Serve the API and the worker, with everything they need; Ctrl-C ends it all."""
    settings = _settings(var=var)
    wanted = serving.Serving(host=host, port=port, workers=workers, with_worker=worker, migrate=migrate)

    accounts: dict[str, str] = {}

    async def seed() -> None:
        await _seed(settings)
        accounts.update(await _demo_accounts(settings))

    def announce() -> None:
        typer.echo(f"\ndistro-api is ready: {wanted.url}/docs")
        if accounts and wanted.loopback:
            width = max(map(len, accounts))
            typer.echo("Demo accounts (username, password):")
            for username, password in accounts.items():
                typer.echo(f"  {username:<{width}}  {password}")
        elif accounts:
            typer.echo(f"The demo passwords are published, so they do not sign in here: {host} is not loopback.")
        typer.echo("Ctrl-C stops it.")
        sys.stdout.flush()

    serving.serve(settings, wanted, seed=seed if demo else None, when_ready=announce)


@app.command(hidden=True)
def web(descriptor: Annotated[int, typer.Option()]) -> None:
    """One process of the API, on a socket that `serve` has opened."""
    supervise.die_with_parent()
    serving.web(descriptor, APPLICATION, _settings().trusted_proxies)


@app.command()
def worker(var: Var = None) -> None:
    """Run the worker: events, expiry, upkeep. Any number of them may run."""
    supervise.die_with_parent()
    settings = _settings(var=var)

    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await worker_process.run(settings, stop)

    with serving.database(settings):
        asyncio.run(work())


@app.command()
def migrate(var: Var = None) -> None:
    """Make the roles and bring the schema up to date."""
    settings = _settings(var=var)
    with serving.database(settings, migrated=False):
        asyncio.run(serving.prepare(settings))
    typer.echo("the schema is up to date")


@app.command()
def seed_demo(var: Var = None) -> None:
    """Load the demo data into an empty database."""
    settings = _settings(var=var)
    with serving.database(settings):
        loaded = asyncio.run(_seed(settings))
    typer.echo("the demo data is loaded" if loaded else "nothing done: the database holds data already")


@app.command()
def create_admin(
    username: Annotated[str, typer.Option(help=USERNAME_RULE)],
    password: Annotated[str | None, typer.Option(help="Generated and printed when not given")] = None,
    var: Var = None,
) -> None:
    """Add an administrator; a generated password is printed once."""
    settings = _settings(var=var)
    try:
        username = TypeAdapter(Username).validate_python(username)
    except ValidationError:
        raise CannotStart(f"--username: {username!r} is no username: {USERNAME_RULE}") from None

    async def add() -> str:
        urls = urls_of(settings)
        database = Database(urls.app, urls.engine, pool_size=1)
        try:
            async with database.sessions.begin() as session:
                return await add_admin(session, username, password)
        finally:
            await database.close()

    with serving.database(settings):
        used = asyncio.run(add())
    typer.echo(f"administrator {username.lower()} created" + ("" if password else f"; password: {used}"))


@ledger.command()
def verify(var: Var = None) -> None:
    """Prove the books, the stock and the orders; exit code 1 with the differences when something is wrong."""
    settings = _settings(var=var)

    async def prove() -> bool:
        connection = await asyncpg.connect(urls_of(settings).engine)
        try:
            # one snapshot for all checks: what a running server writes meanwhile is seen whole or not at all
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                findings = await run_checks(connection, CHECKS, settings.time_zone)
                counts = [f"{await connection.fetchval(f'SELECT count(*) FROM {name}')} {name}" for name in COUNTED]
        finally:
            await connection.close()
        for finding in findings:
            typer.echo(f"broken: {finding.name} ({finding.count})")
            for row in finding.first:
                typer.echo("  " + ", ".join(f"{key}={value}" for key, value in row.items()))
        summary = f"{len(CHECKS)} checks over {', '.join(counts).replace('_', ' ')}"
        typer.echo(f"{len(findings)} broken of {summary}" if findings else f"the books are proved: {summary}")
        return not findings

    with serving.database(settings, migrated=False, existing=True):
        proved = asyncio.run(prove())
    if not proved:
        raise typer.Exit(1)


@app.command()
def openapi(write: Write = False, check: Check = False) -> None:
    """The OpenAPI document: printed, or openapi/openapi.json."""
    _document(Path("openapi/openapi.json"), documents.openapi_text(create_app(_settings()).openapi()), write, check)


@app.command()
def errors(write: Write = False, check: Check = False) -> None:
    """The list of error codes: printed, or docs/errors.md."""
    create_app(_settings())
    _document(Path("docs/errors.md"), documents.errors_text(CATALOGUE), write, check)


@app.command()
def messages(write: Write = False, check: Check = False) -> None:
    """The texts of messages with their variables: printed, or docs/messages.md."""
    _document(Path("docs/messages.md"), documents.messages_text(WORDINGS.items(), fields_of), write, check)


@app.command()
def capabilities(write: Write = False, check: Check = False) -> None:
    """Which operations and tests serve which capability: printed, or docs/capabilities.md."""
    rows = json.loads(Path("docs/capability-rows.json").read_text())
    tests = documents.tests_by_capability(Path("tests"))
    text = documents.capabilities_text(rows, create_app(_settings()).openapi(), tests)
    _document(Path("docs/capabilities.md"), text, write, check)


@app.command()
def permissions(write: Write = False, check: Check = False) -> None:
    """What each role may do, permission by permission and route by route: printed, or docs/permissions.md."""
    _document(Path("docs/permissions.md"), permissions_text(create_app(_settings()).openapi()), write, check)


def _document(file: Path, text: str, write: bool, check: bool) -> None:
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    elif check:
        if not file.exists() or file.read_text() != text:
            raise CannotStart(f"{file} does not say what the code does: run `make openapi`")
    else:
        typer.echo(text, nl=False)


async def _demo_accounts(settings: Settings) -> dict[str, str]:
    """Username and password of the demo accounts that this database has."""
    connection = await asyncpg.connect(urls_of(settings).app)
    try:
        found = await connection.fetch("SELECT username FROM users WHERE username = ANY ($1)", list(DEMO_ACCOUNTS))
    finally:
        await connection.close()
    names = {row[0] for row in found}
    return {name: password for name, password in DEMO_ACCOUNTS.items() if name in names}


async def _seed(settings: Settings) -> bool:
    """Load the demo data with a progress display, if the database is empty; whether it was."""
    if not await demo_data.is_empty(settings):
        return False
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        stages: dict[str, Any] = {}
        told: dict[str, int] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done, total=total)
            quarter = 4 * done // max(total, 1)
            if not console.is_terminal and quarter > told.get(stage, 0):
                told[stage] = quarter
                typer.echo(f"demo data: {stage} {done}/{total}")
                sys.stdout.flush()

        await demo_data.load(settings, progress)
    return True


if __name__ == "__main__":
    app()
