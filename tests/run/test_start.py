"""What a process refuses to start with, and what it takes from its environment."""

import pytest
from pydantic import ValidationError

from distro_api.app import create_app
from distro_api.core import serve
from distro_api.core.provision import embedded_server
from distro_api.core.settings import Settings
from make.product import distro


@pytest.mark.parametrize("key", ["", "x", "x" * 31])
def test_a_secret_key_that_can_be_guessed_is_refused_in_one_line(key: str) -> None:
    refused = distro("openapi", env={"DISTRO_SECRET_KEY": key})
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert line.startswith("distro: DISTRO_SECRET_KEY: ") and "at least 32 random characters" in line


@pytest.mark.parametrize("login", ["app_database_url", "engine_database_url"])
async def test_neither_login_is_a_superuser(settings: Settings, login: str) -> None:
    app = create_app(settings.model_copy(update={login: settings.database_url}))
    with pytest.raises(RuntimeError, match="superuser"):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.parametrize(
    "given, host, wanted",
    [
        ({}, "127.0.0.1", "true"),
        ({"demo_passwords": False}, "127.0.0.1", "false"),
        ({"demo_passwords": True}, "127.0.0.1", "true"),
        ({}, "0.0.0.0", "false"),
        ({"demo_passwords": True}, "0.0.0.0", "false"),
    ],
)
def test_published_passwords_sign_in_on_loopback_unless_told_otherwise(
    given: dict[str, bool], host: str, wanted: str
) -> None:
    serving = serve.Serving(host=host, port=1, workers=1, with_worker=False, migrate=False)
    assert serve._environment(Settings(**given), serving)["DISTRO_DEMO_PASSWORDS"] == wanted  # type: ignore[arg-type]


def test_proxies_are_addresses_and_networks() -> None:
    Settings(trusted_proxies="10.0.0.0/8, 192.0.2.7,::1")
    for wrong in ("*", "proxy.example", "10.0.0.0/99"):
        with pytest.raises(ValidationError):
            Settings(trusted_proxies=wrong)


def test_the_embedded_server_has_room_for_every_process() -> None:
    room = {}
    for workers in (1, 16):
        count = workers * 22 + serve.OTHER_CONNECTIONS
        server = embedded_server(Settings(), connections=count)
        assert server is not None
        room[workers] = int(server.settings["max_connections"])
    assert room == {1: 100, 16: 16 * 22 + serve.OTHER_CONNECTIONS}
