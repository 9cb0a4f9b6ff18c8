"""Messages: sealed while they wait, one line each when they are delivered, and nothing of them in the log."""

import json
import logging
import stat
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core.outbox import Subscriber
from distro_api.core.settings import Settings
from distro_api.identity.events import PasswordChanged
from distro_api.notifications import service
from distro_api.notifications.service import Template
from distro_api.notifications.service.channels import append
from distro_api.notifications.service.templates import WORDINGS, fields_of
from make import identity as make
from make.jobs import deliver_messages, work_off

PARAMS = {"supplier": "西湖景区\n换行", "name": "{password}", "username": "west", "password": "s3cret-word"}


@pytest.mark.capability("R1")
async def test_a_message_is_sealed_then_one_line(
    app: FastAPI,
    clean: None,
    settings: Settings,
    owner_connection: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    async with app.state.database.sessions.begin() as session:
        await app.state.notifier.send(session, to="+8613800138000", template=Template.ONE_TIME_PASSWORD, params=PARAMS)
    waiting = str(await owner_connection.fetch("SELECT convert_from(payload, 'UTF8') FROM jobs.pgqueuer"))
    assert "sealed" in waiting
    assert "s3cret" not in waiting
    assert "13800138000" not in waiting
    [message] = await deliver_messages(app, owner_connection)
    assert list(message) == ["channel", "to", "template", "text", "created_at"]
    assert (message["channel"], message["to"]) == ("sms", "+8613800138000")
    assert "s3cret-word" in message["text"]
    assert "“{password}”" in message["text"]  # what a supplier writes is never a template
    assert message["created_at"].endswith("Z")
    assert stat.S_IMODE((settings.var / service.FILE_NAME).stat().st_mode) == 0o600
    out, err = capsys.readouterr()
    assert "s3cret" not in caplog.text + out + err


async def test_lines_of_many_writers_do_not_mix(tmp_path: Path) -> None:
    for number in range(200):
        append(tmp_path / "m.jsonl", {"text": "多行\n" * 50, "number": str(number)})
    lines = (tmp_path / "m.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [str(number) for number in range(200)]


def test_every_template_takes_the_same_fields_in_both_languages() -> None:
    assert set(WORDINGS) == set(Template)
    for subject, text in WORDINGS.values():
        assert set(fields_of(text.zh)) == set(fields_of(text.en))
        assert not fields_of(subject.zh) + fields_of(subject.en)


@pytest.mark.capability("I6")
async def test_a_changed_password_is_told(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    assert (await client.post("/api/v1/me/password", json=body, headers=supplier.headers)).status_code == 200
    subscriber = Subscriber("notices", frozenset({PasswordChanged.name}), service.account_notices(app.state.notifier))
    await work_off(app, subscriber)
    [message] = await deliver_messages(app, owner_connection)
    assert (message["to"], message["template"]) == (supplier.phone, "password_changed")
    assert "Another-Horse-8" not in message["text"]
