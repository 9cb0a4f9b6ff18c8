"""The ways a message goes out, behind one interface; the settings say which are there."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import structlog

from distro_api.core.settings import Settings
from distro_api.integrations.errors import Refused
from distro_api.integrations.service import aliyun, tencent
from distro_api.integrations.service.aliyun import AliyunSms
from distro_api.integrations.service.smtp import Security, SmtpMail
from distro_api.integrations.service.tencent import TencentSms
from distro_api.notifications.service.templates import WORDINGS, Template, fields_of

log = structlog.get_logger()
FILE_NAME = "messages.jsonl"
PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


class Channel(StrEnum):
    SMS = "sms"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one number or address."""

    to: str
    template: Template
    params: Mapping[str, str]
    language: str
    created_at: str

    @property
    def channel(self) -> Channel:
        return Channel.MAIL if "@" in self.to else Channel.SMS

    @property
    def subject(self) -> str:
        return WORDINGS[self.template].subject.of(self.language)

    @property
    def text(self) -> str:
        return WORDINGS[self.template].text.of(self.language).format_map(self.params)


class Outlet(Protocol):
    """Where messages of a channel go out."""

    async def deliver(self, message: Message) -> None:
        """Hand it over.

        Raises:
            Unavailable, Refused
        """
        ...


@dataclass(frozen=True, slots=True)
class FileOutlet:
    """Appends one JSON line a message. For development only: it writes secrets in the clear."""

    file: Path

    async def deliver(self, message: Message) -> None:
        line = {
            "channel": message.channel,
            "to": message.to,
            "template": message.template,
            "text": message.text,
            "created_at": message.created_at,
        }
        await asyncio.to_thread(append, self.file, line)


@dataclass(frozen=True, slots=True)
class NoOutlet:
    """A channel that is not set while another one is: nothing of it is written anywhere."""

    channel: Channel

    async def deliver(self, message: Message) -> None:
        raise Refused(self.channel, "channel_not_set")


@dataclass(frozen=True, slots=True)
class MailOutlet:
    server: SmtpMail

    async def deliver(self, message: Message) -> None:
        await self.server.send(message.to, message.subject, message.text)


@dataclass(frozen=True, slots=True)
class SmsOutlet:
    """By the provider's templates: `codes` has them by our names, in English by `name.en` where there is one."""

    provider: AliyunSms | TencentSms
    codes: Mapping[str, str]

    async def deliver(self, message: Message) -> None:
        english = self.codes.get(f"{message.template}.en") if message.language != "zh" else None
        code, language = (english, "en") if english else (self.codes.get(message.template), "zh")
        if code is None:
            raise Refused(Channel.SMS, "template_not_mapped")
        if isinstance(self.provider, AliyunSms):
            await self.provider.send(message.to, code, message.params)
        else:
            order = fields_of(WORDINGS[message.template].text.of(language))
            await self.provider.send(message.to, code, [message.params[name] for name in order])


def outlets(settings: Settings) -> Mapping[Channel, Outlet]:
    """What the settings name; the file under `DISTRO_VAR` for both only while neither is set.

    Raises:
        ValueError: `DISTRO_SMS_TEMPLATES` names a template that we do not have.
    """
    if settings.sms_provider is None and settings.smtp_host is None:
        file = FileOutlet(settings.var / FILE_NAME)
        if settings.database_url is not None:  # not the embedded one: this may be meant for people
            log.warning("messages_go_to_a_file", file=str(file.file))
        return {Channel.SMS: file, Channel.MAIL: file}
    found: dict[Channel, Outlet] = {channel: NoOutlet(channel) for channel in Channel}
    if settings.smtp_host is not None:
        found[Channel.MAIL] = MailOutlet(_mail(settings, settings.smtp_host))
    if settings.sms_provider is not None:
        found[Channel.SMS] = SmsOutlet(_sms(settings), settings.sms_templates)
        if unknown := settings.sms_templates.keys() - {name + end for name in Template for end in ("", ".en")}:
            raise ValueError(f"DISTRO_SMS_TEMPLATES: there is no {', '.join(sorted(unknown))}")
        if missing := set(Template) - settings.sms_templates.keys():
            log.warning("sms_templates_not_mapped", templates=sorted(missing))
    return found


def _mail(settings: Settings, host: str) -> SmtpMail:
    assert settings.mail_from is not None
    security = Security(settings.smtp_security)
    return SmtpMail(
        host=host,
        port=settings.smtp_port or PORTS[security],
        sender=settings.mail_from,
        security=security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        ca_file=settings.smtp_ca_file,
    )


def _sms(settings: Settings) -> AliyunSms | TencentSms:
    assert settings.sms_key_id and settings.sms_key_secret and settings.sms_sign_name
    key_secret = settings.sms_key_secret.get_secret_value()
    if settings.sms_provider == "aliyun":
        return AliyunSms(settings.sms_key_id, key_secret, settings.sms_sign_name, settings.sms_url or aliyun.URL)
    assert settings.sms_app_id
    return TencentSms(
        settings.sms_key_id,
        key_secret,
        settings.sms_sign_name,
        settings.sms_app_id,
        settings.sms_region,
        settings.sms_url or tencent.URL,
    )


def append(file: Path, line: Mapping[str, str]) -> None:
    """One write on an append-only descriptor: lines of several workers never mix."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(line, ensure_ascii=False).encode() + b"\n")
    finally:
        os.close(descriptor)
