"""Settings choose the channels; the worker delivers, tries again what may pass, and gives up what will not."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from distro_api.core.logs import QUIET
from distro_api.core.settings import Settings
from distro_api.jobs import service as jobs
from distro_api.jobs.service import queue
from distro_api.notifications import service as notifications
from distro_api.notifications.service import Template
from make import identity as make
from simulators.aliyun_sms import AliyunSmsSimulator
from simulators.mail_server import PASSWORD, USERNAME, MailBox, mail_server
from simulators.server import listening
from simulators.tencent_sms import TencentSmsSimulator

pytestmark = [pytest.mark.capability("I3", "I5", "R1"), pytest.mark.usefixtures("clean")]
CODE = {"template": Template.CODE_REGISTRATION, "params": {"code": "004711", "minutes": "5"}}
SMS = {"to": "+8613800138000", **CODE}
MAIL = {"to": "wang@example.com", **CODE}


@asynccontextmanager
async def delivering(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """The worker's queue, with the channels that `settings` name."""
    assert settings.engine_database_url is not None
    delivery = notifications.entrypoints(settings, app.state.database.sessions)
    working = asyncio.create_task(jobs.run(settings.engine_database_url, delivery))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait([working])


async def send(app: FastAPI, **message: Any) -> None:
    async with app.state.database.sessions.begin() as session:
        await app.state.notifier.send(session, **message)


async def waiting(connection: asyncpg.Connection) -> list[tuple[str, int]]:
    """Status and attempts of the messages that are not delivered."""
    return [tuple(row) for row in await connection.fetch("SELECT status::text, attempts FROM jobs.pgqueuer")]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 (another process's tables)
            await asyncio.sleep(0.02)


def of_aliyun(settings: Settings, there: AliyunSmsSimulator, url: str) -> Settings:
    there.templates = {"SMS_ZH": {"code"}, "SMS_EN": {"code", "minutes"}}
    update = {
        "sms_provider": "aliyun",
        "sms_key_id": there.key_id,
        "sms_key_secret": there.key_secret,
        "sms_sign_name": there.sign_name,
        "sms_url": url,
        "sms_templates": {"code_registration": "SMS_ZH", "code_registration.en": "SMS_EN"},
    }
    return Settings(**settings.model_dump() | update)


async def test_sms_by_aliyun_in_the_persons_language(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    there = AliyunSmsSimulator()
    async with listening(there) as url, delivering(app, of_aliyun(settings, there, url)):
        await send(app, **SMS)
        await send(app, **SMS, language="en")
        await until(lambda: _empty(owner_connection))
    assert [sms["TemplateCode"] for sms in there.accepted] == ["SMS_ZH", "SMS_EN"]
    assert there.accepted[0]["TemplateParam"] == CODE["params"]
    assert there.accepted[0]["PhoneNumbers"] == "13800138000"


async def test_sms_by_tencent_with_variables_in_order(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    there = TencentSmsSimulator(templates={"77": 4})
    async with listening(there) as url:
        update = {
            "sms_provider": "tencent",
            "sms_key_id": there.key_id,
            "sms_key_secret": there.key_secret,
            "sms_sign_name": there.sign_name,
            "sms_app_id": there.app_id,
            "sms_url": url,
            "sms_templates": {"one_time_password": "77"},
        }
        async with delivering(app, Settings(**settings.model_dump() | update)):
            params = {"password": "p-4", "username": "u-3", "name": "n-2", "supplier": "s-1"}
            await send(app, to=SMS["to"], template=Template.ONE_TIME_PASSWORD, params=params, language="en")
            await until(lambda: _empty(owner_connection))
    assert there.accepted[0]["TemplateParamSet"] == ["s-1", "n-2", "u-3", "p-4"]


async def test_mail_by_smtp(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection, tmp_path: Path
) -> None:
    box = MailBox()
    async with mail_server(box, tmp_path, "tls") as port:
        update = {
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_username": USERNAME,
            "smtp_password": PASSWORD,
            "smtp_ca_file": tmp_path / "ca.pem",
            "mail_from": "分销平台 <no-reply@example.com>",
        }
        async with delivering(app, Settings(**settings.model_dump() | update)):
            await send(app, **MAIL, language="en")
            await until(lambda: _empty(owner_connection))
    [mail] = box.received
    assert mail["Subject"] == "Your code for registering"
    assert "004711" in mail.get_content()
    assert box.secured == [True]


async def test_the_file_is_off_as_soon_as_a_channel_is_set(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection, tmp_path: Path
) -> None:
    there = AliyunSmsSimulator()
    async with listening(there) as url:
        real = of_aliyun(settings, there, url).model_copy(update={"var": tmp_path})
        real.__dict__["root_key"] = settings.root_key
        async with delivering(app, real):
            await send(app, **MAIL)
            await send(app, **SMS)
            await until(lambda: _is(owner_connection, [("failed", 0)]))
    assert not (tmp_path / notifications.FILE_NAME).exists()
    assert len(there.accepted) == 1


async def test_what_may_pass_is_tried_again(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "FIRST_RETRY", timedelta(milliseconds=50))
    there = AliyunSmsSimulator(outage=(503, "ServiceUnavailable"))
    async with listening(there) as url, delivering(app, of_aliyun(settings, there, url)):
        await send(app, **SMS)
        await until(lambda: _called(there, 2))
        there.outage = None
        await until(lambda: _empty(owner_connection))
    assert len(there.accepted) == 1


async def test_what_will_not_pass_is_held_at_once_and_its_content_is_in_no_log(
    app: FastAPI,
    settings: Settings,
    owner_connection: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for library in QUIET:  # as every process of the product has it: they would show what was called
        caplog.set_level(logging.WARNING, logger=library)
    there = AliyunSmsSimulator()
    async with listening(there) as url:
        real = of_aliyun(settings, there, url)
        there.templates = {}
        async with delivering(app, real):
            await send(app, **SMS)
            await until(lambda: _is(owner_connection, [("failed", 0)]))
            await asyncio.sleep(0.3)
    assert there.calls == 1
    out, err = capsys.readouterr()
    told = caplog.text + out + err
    assert "isv.SMS_TEMPLATE_ILLEGAL" in told
    assert "004711" not in told
    assert "13800138000" not in told
    kept = await owner_connection.fetch("SELECT * FROM jobs.pgqueuer_log")
    assert "13800138000" not in str(kept) and "004711" not in str(kept)


async def test_a_template_without_a_code_is_not_sent(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    there = AliyunSmsSimulator()
    async with listening(there) as url, delivering(app, of_aliyun(settings, there, url)):
        await send(app, to=SMS["to"], template=Template.PASSWORD_CHANGED, params={"username": "x"})
        await until(lambda: _is(owner_connection, [("failed", 0)]))
    assert there.calls == 0


async def test_a_code_that_is_too_old_is_not_sent(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    there = AliyunSmsSimulator()
    await send(app, **SMS, lasts=timedelta(milliseconds=1))
    await asyncio.sleep(0.01)
    async with listening(there) as url, delivering(app, of_aliyun(settings, there, url)):
        await until(lambda: _empty(owner_connection))
    assert there.calls == 0


async def test_to_an_account_by_the_name_that_was_typed(
    app: FastAPI, settings: Settings, owner_connection: asyncpg.Connection, tmp_path: Path
) -> None:
    known = await make.supplier(app)
    to_file = settings.model_copy(update={"var": tmp_path})
    to_file.__dict__["root_key"] = settings.root_key
    async with app.state.database.sessions.begin() as session:
        for account in (known.username, known.phone, "nobody", "+8613700000001", "nobody@example.com"):
            await app.state.notifier.send_to_account(session, account=account, **CODE)
    async with delivering(app, to_file):
        await until(lambda: _empty(owner_connection))
    lines = [json.loads(line) for line in (tmp_path / notifications.FILE_NAME).read_text().splitlines()]
    assert [line["to"] for line in lines] == [known.phone, known.phone]


@pytest.mark.parametrize(
    "given",
    [
        {"sms_provider": "aliyun"},
        {"sms_provider": "tencent", "sms_key_id": "x", "sms_key_secret": "x", "sms_sign_name": "x"},
        {"sms_provider": "other"},
        {"smtp_host": "mail.example.com"},
        {"smtp_security": "none", "smtp_password": "x"},
    ],
)
def test_half_a_channel_does_not_start(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**given)


def test_an_unknown_template_does_not_start(app: FastAPI, settings: Settings) -> None:
    wrong = of_aliyun(settings, AliyunSmsSimulator(), "http://127.0.0.1:1")
    wrong.sms_templates["code_registraton"] = "SMS_3"
    with pytest.raises(ValueError, match="code_registraton"):
        notifications.entrypoints(wrong, app.state.database.sessions)


async def _empty(connection: asyncpg.Connection) -> bool:
    return await waiting(connection) == []


async def _is(connection: asyncpg.Connection, rows: list[tuple[str, int]]) -> bool:
    return await waiting(connection) == rows


async def _called(there: AliyunSmsSimulator, times: int) -> bool:
    return there.calls >= times
