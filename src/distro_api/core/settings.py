"""Every setting is an environment variable `DISTRO_*`; the README's table lists them."""

import ipaddress
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_LENGTH = 32


class Settings(BaseSettings):
    """Values are read once at start; a process is restarted to change them."""

    model_config = SettingsConfigDict(env_prefix="DISTRO_", extra="ignore")

    var: Annotated[Path, Field(description="Folder of the embedded database, keys, files and development messages")] = (
        Path("var")
    )
    database_url: Annotated[
        str | None,
        Field(
            description="The server to use, as the login that migrates; unset: the embedded PostgreSQL under `DISTRO_VAR`"
        ),
    ] = None
    app_database_url: Annotated[
        str | None,
        Field(description="Login of requests; unset: `distro_app` with a password derived from the secret key"),
    ] = None
    engine_database_url: Annotated[
        str | None, Field(description="Login of lanes and worker; unset: `distro_engine`, derived likewise")
    ] = None
    secret_key: Annotated[
        SecretStr | None,
        Field(
            description="Root of all keys, at least 32 characters, the same on every machine; unset: made once and kept in `DISTRO_VAR`/secret.key"
        ),
    ] = None
    time_zone: Annotated[str, Field(description="Time zone of service dates and days")] = "Asia/Shanghai"
    lanes: Annotated[int, Field(ge=1, le=64, description="Lanes per process, each one database connection")] = 1
    """One: its batches are as large as can be. Measured on two cores, two processes, 64 clients, spread over 20 suppliers:
    1,900 orders a second with one lane each, 1,500 with two. More of them pay where the database is far away."""
    lane_queue: Annotated[int, Field(ge=1, description="Commands a lane lets wait before it answers 503")] = 2000
    pool_size: Annotated[int, Field(ge=1, le=200, description="Database connections of requests per process")] = 20
    access_token_s: Annotated[int, Field(ge=60, le=3600, description="Life of an access token in seconds")] = 900
    refresh_token_s: Annotated[int, Field(ge=60, description="Life of a refresh token in seconds")] = 30 * 86400
    payment_window_s: Annotated[
        int, Field(ge=1, description="How long an unpaid order holds its stock, in seconds")
    ] = 1800
    idempotency_keep_s: Annotated[
        int, Field(ge=86400, description="How long an answer stays under its key, in seconds")
    ] = 7 * 86400
    event_keep_days: Annotated[
        int, Field(ge=1, description="How long the event log is kept at least, in days; whole months go")
    ] = 30
    bonus_point_amount: Annotated[
        int, Field(ge=1, description="What one bonus point is worth in prepaid money (fen)")
    ] = 1
    demo_passwords: Annotated[
        bool,
        Field(
            description="Whether the published passwords of the demo accounts may sign in; `distro serve` sets it to "
            "whether it listens on loopback only"
        ),
    ] = False
    smtp_host: Annotated[
        str | None,
        Field(
            description="Mail server; while neither this nor `DISTRO_SMS_PROVIDER` is set, messages are lines of "
            "`DISTRO_VAR`/messages.jsonl"
        ),
    ] = None
    smtp_port: Annotated[
        int | None, Field(ge=1, le=65535, description="Unset: 465 for tls, 587 for starttls, 25 for none")
    ] = None
    smtp_security: Annotated[
        Literal["tls", "starttls", "none"],
        Field(description="TLS at once, by STARTTLS, or none (a relay on the same machine; no password then)"),
    ] = "tls"
    smtp_username: Annotated[str | None, Field(description="Login of the mail server")] = None
    smtp_password: Annotated[SecretStr | None, Field(description="Its password")] = None
    smtp_ca_file: Annotated[Path | None, Field(description="Certificates to trust beside the public ones")] = None
    mail_from: Annotated[
        str | None,
        Field(description="From line of mails: an address, or `Name <address>`; needed with `DISTRO_SMTP_HOST`"),
    ] = None
    sms_provider: Annotated[
        Literal["aliyun", "tencent"] | None, Field(description="Who sends SMS: aliyun or tencent")
    ] = None
    sms_key_id: Annotated[str | None, Field(description="The provider's AccessKeyId or SecretId")] = None
    sms_key_secret: Annotated[SecretStr | None, Field(description="Its AccessKeySecret or SecretKey")] = None
    sms_sign_name: Annotated[str | None, Field(description="Signature of the SMS, as the provider approved it")] = None
    sms_app_id: Annotated[str | None, Field(description="SmsSdkAppId; tencent only")] = None
    sms_region: Annotated[str, Field(description="Region of the call; tencent only")] = "ap-guangzhou"
    sms_url: Annotated[str | None, Field(description="Another address of the provider's API than its public one")] = (
        None
    )
    sms_templates: Annotated[
        dict[str, str],
        Field(
            description="JSON: the provider's template code by our template's name, or by `name.en` for English; "
            "see [docs/messages.md](docs/messages.md)"
        ),
    ] = {}
    files_url: Annotated[
        str | None,
        Field(description="Where files are: `s3://bucket/prefix`; unset: the folder `files` under `DISTRO_VAR`"),
    ] = None
    files_endpoint: Annotated[
        str | None, Field(description="Address of an S3-compatible service; unset: that of the region")
    ] = None
    files_region: Annotated[str | None, Field(description="Region of the bucket")] = None
    files_access_key_id: Annotated[str | None, Field(description="Access key of the bucket")] = None
    files_secret_access_key: Annotated[SecretStr | None, Field(description="Its secret")] = None
    trusted_proxies: Annotated[
        str,
        Field(description="Addresses and networks, with commas, of proxies whose `X-Forwarded-For` is believed"),
    ] = "127.0.0.1"
    log_level: Annotated[str, Field(description="debug, info, warning or error")] = "info"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; names look like Asia/Shanghai") from None
        return name

    @field_validator("secret_key")
    @classmethod
    def _key_is_long(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and len(given.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"at least {SECRET_LENGTH} random characters are needed")
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, given: str) -> str:
        for part in filter(None, map(str.strip, given.split(","))):
            ipaddress.ip_network(part)
        return given

    @model_validator(mode="after")
    def _channels_are_complete(self) -> Self:
        needed = ["mail_from"] if self.smtp_host else []
        if self.sms_provider:
            needed += ["sms_key_id", "sms_key_secret", "sms_sign_name"]
            needed += ["sms_app_id"] if self.sms_provider == "tencent" else []
        if missing := [f"DISTRO_{name.upper()}" for name in needed if not getattr(self, name)]:
            raise ValueError(f"a message channel also needs {', '.join(missing)}")
        if self.smtp_security == "none" and self.smtp_password is not None:
            raise ValueError("DISTRO_SMTP_PASSWORD would be sent in the clear: set DISTRO_SMTP_SECURITY")
        return self

    @cached_property
    def root_key(self) -> bytes:
        """The secret that every other key is derived from (`core.crypto`)."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        file = self.var / "secret.key"
        if not file.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            made = self.var / f"secret.{secrets.token_hex(4)}"
            made.touch(mode=0o600)
            made.write_text(secrets.token_urlsafe(48))
            with suppress(FileExistsError):
                file.hardlink_to(made)  # the first of several starters wins; nobody reads half a key
            made.unlink()
        return file.read_text().strip().encode()
