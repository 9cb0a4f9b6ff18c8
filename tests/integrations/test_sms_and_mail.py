"""The clients against simulators on real ports: what is sent, and how each failure is told apart."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from distro_api.integrations.errors import Refused, Unavailable
from distro_api.integrations.service import smtp, web
from distro_api.integrations.service.aliyun import AliyunSms
from distro_api.integrations.service.smtp import Security, SmtpMail
from distro_api.integrations.service.tencent import TencentSms
from simulators.aliyun_sms import AliyunSmsSimulator
from simulators.mail_server import PASSWORD, USERNAME, MailBox, mail_server
from simulators.server import listening
from simulators.tencent_sms import TencentSmsSimulator

NUMBER = "+8613800138000"


@pytest.fixture
async def aliyun() -> AsyncIterator[tuple[AliyunSmsSimulator, AliyunSms]]:
    there = AliyunSmsSimulator(templates={"SMS_1": {"code"}})
    async with listening(there) as url:
        yield there, AliyunSms(there.key_id, there.key_secret, there.sign_name, url)


@pytest.fixture
async def tencent() -> AsyncIterator[tuple[TencentSmsSimulator, TencentSms]]:
    there = TencentSmsSimulator(templates={"1110": 2})
    async with listening(there) as url:
        yield there, TencentSms(there.key_id, there.key_secret, there.sign_name, there.app_id, url=url)


async def test_aliyun_takes_what_is_signed(aliyun: tuple[AliyunSmsSimulator, AliyunSms]) -> None:
    there, client = aliyun
    await client.send(NUMBER, "SMS_1", {"code": "012345", "who": "王 & 李~ /*"})
    await client.send("+85291234567", "SMS_1", {"code": "1"})
    first, second = there.accepted
    assert (first["PhoneNumbers"], second["PhoneNumbers"]) == ("13800138000", "85291234567")
    assert first["TemplateParam"] == {"code": "012345", "who": "王 & 李~ /*"}


async def test_aliyun_s_refusals(aliyun: tuple[AliyunSmsSimulator, AliyunSms]) -> None:
    there, client = aliyun
    url = client.url
    wrong: list[tuple[AliyunSms, str, str, dict[str, str], str]] = [
        (
            AliyunSms(there.key_id, "wrong", there.sign_name, url),
            NUMBER,
            "SMS_1",
            {"code": "1"},
            "SignatureDoesNotMatch",
        ),
        (AliyunSms("who", "x", there.sign_name, url), NUMBER, "SMS_1", {"code": "1"}, "InvalidAccessKeyId.NotFound"),
        (AliyunSms(there.key_id, there.key_secret, "别人", url), NUMBER, "SMS_1", {}, "isv.SMS_SIGNATURE_ILLEGAL"),
        (client, NUMBER, "SMS_2", {"code": "1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        (client, NUMBER, "SMS_1", {}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        (client, "+8612345", "SMS_1", {"code": "1"}, "isv.MOBILE_NUMBER_ILLEGAL"),
    ]
    for who, number, template, variables, code in wrong:
        with pytest.raises(Refused) as refused:
            await who.send(number, template, variables)
        assert refused.value.code == code
        assert NUMBER[3:] not in str(refused.value)
    there.per_number = 0
    with pytest.raises(Unavailable, match="BUSINESS_LIMIT_CONTROL"):
        await client.send(NUMBER, "SMS_1", {"code": "1"})
    for status, code in ((400, "Throttling.User"), (503, "ServiceUnavailable"), (200, "isv.AMOUNT_NOT_ENOUGH")):
        there.outage = (status, code)
        with pytest.raises(Unavailable):
            await client.send(NUMBER, "SMS_1", {"code": "1"})
    assert not there.accepted


async def test_long_values_are_cut_to_what_aliyun_takes(aliyun: tuple[AliyunSmsSimulator, AliyunSms]) -> None:
    there, client = aliyun
    await client.send(NUMBER, "SMS_1", {"code": "长" * 36, "empty": ""})
    assert there.accepted[0]["TemplateParam"] == {"code": "长" * 34 + "…", "empty": "-"}


async def test_tencent_takes_what_is_signed(tencent: tuple[TencentSmsSimulator, TencentSms]) -> None:
    there, client = tencent
    await client.send(NUMBER, "1110", ["012345", "五"])
    [sent] = there.accepted
    assert (sent["PhoneNumberSet"], sent["TemplateParamSet"]) == ([NUMBER], ["012345", "五"])


async def test_tencent_s_refusals(tencent: tuple[TencentSmsSimulator, TencentSms]) -> None:
    there, client = tencent
    known: dict[str, Any] = {"key_id": there.key_id, "key_secret": there.key_secret, "app_id": there.app_id}
    known |= {"sign_name": there.sign_name, "url": client.url}
    wrong: list[tuple[TencentSms, str, str, list[str], str]] = [
        (TencentSms(**known | {"key_secret": "x"}), NUMBER, "1110", ["1", "2"], "AuthFailure.SignatureFailure"),
        (TencentSms(**known | {"key_id": "x"}), NUMBER, "1110", ["1", "2"], "AuthFailure.SecretIdNotFound"),
        (
            TencentSms(**known | {"app_id": "1"}),
            NUMBER,
            "1110",
            ["1", "2"],
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        ),
        (client, NUMBER, "9", [], "FailedOperation.TemplateIncorrectOrUnapproved"),
        (client, NUMBER, "1110", ["1"], "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        (client, "138", "1110", ["1", "2"], "InvalidParameterValue.IncorrectPhoneNumber"),
    ]
    for who, number, template, variables, code in wrong:
        with pytest.raises(Refused) as refused:
            await who.send(number, template, variables)
        assert refused.value.code == code
    there.per_number = 0
    with pytest.raises(Unavailable, match="ThirtySecondLimit"):
        await client.send(NUMBER, "1110", ["1", "2"])
    for outage in ("InternalError.Timeout", "RequestLimitExceeded"):
        there.outage = outage
        with pytest.raises(Unavailable, match=outage):
            await client.send(NUMBER, "1110", ["1", "2"])
    assert not there.accepted


async def test_who_does_not_answer_is_asked_again_later(
    aliyun: tuple[AliyunSmsSimulator, AliyunSms], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, client = aliyun
    monkeypatch.setattr(web, "TIMEOUT", httpx.Timeout(0.2))
    there.delay_s = 1
    with pytest.raises(Unavailable, match="time_out"):
        await client.send(NUMBER, "SMS_1", {"code": "1"})
    nobody = AliyunSms(there.key_id, there.key_secret, there.sign_name, "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="no_connection"):
        await nobody.send(NUMBER, "SMS_1", {"code": "1"})


def _mail(port: int, folder: Path, security: Security, **more: Any) -> SmtpMail:
    login = {} if security is Security.NONE else {"username": USERNAME, "password": PASSWORD}
    how: dict[str, Any] = {"ca_file": folder / "ca.pem", **login, **more}
    return SmtpMail("127.0.0.1", port, "分销平台 <no-reply@example.com>", security, **how)


@pytest.mark.parametrize("security", list(Security))
async def test_a_mail_arrives(tmp_path: Path, security: Security) -> None:
    box = MailBox()
    async with mail_server(box, tmp_path, security) as port:
        await _mail(port, tmp_path, security).send("wang@example.com", "验证码\r\nBcc: x@example.com", "验证码：012345")
    [mail] = box.received
    assert (mail["To"], mail["Subject"]) == ("wang@example.com", "验证码 Bcc: x@example.com")
    assert mail["From"] == "分销平台 <no-reply@example.com>"
    assert mail["Bcc"] is None and mail["Message-ID"].endswith("@example.com>") and mail["Date"]
    assert mail.get_content().strip() == "验证码：012345"
    tls = security is not Security.NONE
    assert (box.secured, box.signed_in) == ([tls], [tls])


async def test_a_mail_server_s_refusals(tmp_path: Path) -> None:
    box = MailBox()
    async with mail_server(box, tmp_path, "tls") as port:
        client = _mail(port, tmp_path, Security.TLS)
        for line, kind in (("550 no such user", Refused), ("450 mailbox busy", Unavailable)):
            box.refuse = line
            with pytest.raises(kind, match=f"smtp_{line[:3]}"):
                await client.send("wang@example.com", "x", "x")
        with pytest.raises(Refused, match="smtp_535"):
            await _mail(port, tmp_path, Security.TLS, password="wrong").send("wang@example.com", "x", "x")
        with pytest.raises(Refused, match="untrusted_certificate"):
            await _mail(port, tmp_path, Security.TLS, ca_file=None).send("wang@example.com", "x", "x")
    with pytest.raises(Unavailable, match="no_connection"):
        await client.send("wang@example.com", "x", "x")
    assert not box.received


async def test_no_password_goes_to_a_server_without_tls(tmp_path: Path) -> None:
    box = MailBox()
    async with mail_server(box, tmp_path, "none") as port:
        with pytest.raises(Refused, match="not_possible"):
            await _mail(port, tmp_path, Security.STARTTLS, ca_file=None).send("wang@example.com", "x", "x")
    assert not box.received


async def test_a_slow_mail_server_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_S", 0.3)
    box = MailBox(delay_s=1)
    async with mail_server(box, tmp_path, "none") as port:
        with pytest.raises(Unavailable, match="time_out"):
            await _mail(port, tmp_path, Security.NONE).send("wang@example.com", "x", "x")


def test_the_ca_file_is_an_addition(tmp_path: Path) -> None:
    plain = SmtpMail("h", 465, "a@example.com")._trusted()
    assert plain is not None and plain.verify_mode is ssl.CERT_REQUIRED and plain.check_hostname
    assert "password=" not in repr(SmtpMail("h", 465, "a@example.com", password="secret"))
