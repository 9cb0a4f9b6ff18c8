"""Every platform parameter. A room declares its own here, and reads it with `parameters.get(catalogue.ITS_NAME)`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import Field

from distro_api.core.errors import Text
from distro_api.identity.models import Kind
from distro_api.identity.service.parameters.declaration import Parameter

ValueT = TypeVar("ValueT")
CATALOGUE: dict[str, Parameter[Any]] = {}
"""By name, in the order in which they are shown."""


def _declare(name: str, kind: Any, default: ValueT, *, title: Text, description: Text) -> Parameter[ValueT]:
    assert name not in CATALOGUE, name
    CATALOGUE[name] = made = Parameter(name, kind, default, title=title, description=description)
    return made


class CaptchaPolicy(StrEnum):
    """When a sign-in must solve a captcha."""

    ALWAYS = "always"
    ADAPTIVE = "adaptive"
    OFF = "off"


CAPTCHA_POLICY = _declare(
    "captcha_policy",
    CaptchaPolicy,
    CaptchaPolicy.ADAPTIVE,
    title=Text("登录图形验证码", "Captcha at sign-in"),
    description=Text(
        "always：每次登录都要；adaptive：出现失败或可疑情况后才要；off：不要",
        "always: at each sign-in; adaptive: after failures or when something is odd; off: never",
    ),
)

CAPTCHA_AFTER_FAILURES = _declare(
    "captcha_after_failures",
    Annotated[int, Field(ge=1, le=20)],
    3,
    title=Text("账号失败几次后要验证码", "Failed sign-ins of an account before a captcha"),
    description=Text(
        "adaptive 策略下，同一账号连续失败达到该次数后须输入图形验证码",
        "Under the adaptive policy, so many failures in a row under one account's name ask for a captcha",
    ),
)

CAPTCHA_AFTER_ADDRESS_FAILURES = _declare(
    "captcha_after_address_failures",
    Annotated[int, Field(ge=1, le=1000)],
    20,
    title=Text("网络地址失败几次后要验证码", "Failed sign-ins of an address before a captcha"),
    description=Text(
        "adaptive 策略下，同一网络地址一小时内失败达到该次数后须输入图形验证码",
        "Under the adaptive policy, so many failures from one address within an hour ask for a captcha",
    ),
)

CAPTCHAS_PER_MINUTE = _declare(
    "captchas_per_minute",
    Annotated[int, Field(ge=5, le=1000)],
    60,
    title=Text("每分钟图形验证码数", "Captchas a minute"),
    description=Text("同一网络地址每分钟最多获取的数量", "At most so many to one address"),
)

ADDRESS_FAILURES_ALLOWED = _declare(
    "address_failures_allowed",
    Annotated[int, Field(ge=20, le=10_000)],
    200,
    title=Text("网络地址登录失败次数上限", "Failed sign-ins from an address before a lock"),
    description=Text(
        "同一网络地址一小时内失败达到该次数后锁定；同一办公室常共用一个地址，不宜过小",
        "So many failures within an hour lock the address; a whole office often shares one, so keep it wide",
    ),
)


def _second_factor_of(kind: Kind, zh: str, en: str) -> Parameter[bool]:
    return _declare(
        f"second_factor_required_of_{kind}",
        bool,
        False,
        title=Text(f"{zh}须启用两步验证", f"Second factor demanded of {en}"),
        description=Text(
            f"{zh}的所有用户须绑定两步验证后才能使用；机构自己的设置也可以要求",
            f"Everybody of {en} must set one up before anything else; an organization may demand it by itself, too",
        ),
    )


SECOND_FACTOR_REQUIRED: Mapping[Kind, Parameter[bool]] = {
    Kind.ADMIN: _second_factor_of(Kind.ADMIN, "平台", "the platform"),
    Kind.SUPPLIER: _second_factor_of(Kind.SUPPLIER, "供应商", "suppliers"),
    Kind.DISTRIBUTOR: _second_factor_of(Kind.DISTRIBUTOR, "分销商", "distributors"),
}

LOGIN_FAILURES_ALLOWED = _declare(
    "login_failures_allowed",
    Annotated[int, Field(ge=3, le=20)],
    5,
    title=Text("连续登录失败次数上限", "Failed sign-ins before a lock"),
    description=Text("同一账号连续失败达到该次数后锁定", "So many failures in a row lock the account's name"),
)

LOGIN_LOCK_S = _declare(
    "login_lock_s",
    Annotated[int, Field(ge=10, le=3600)],
    30,
    title=Text("首次锁定时长（秒）", "First lock in seconds"),
    description=Text("之后每次失败加倍，直至最长锁定时长", "Doubles with each further failure, up to the longest lock"),
)

LOGIN_LOCK_LONGEST_S = _declare(
    "login_lock_longest_s",
    Annotated[int, Field(ge=60, le=86_400)],
    3600,
    title=Text("最长锁定时长（秒）", "Longest lock in seconds"),
    description=Text("锁定时长加倍的上限", "Where the doubling of locks ends"),
)

PAYMENT_PASSWORD_ATTEMPTS = _declare(
    "payment_password_attempts",
    Annotated[int, Field(ge=3, le=10)],
    5,
    title=Text("支付密码可试次数", "Attempts at a payment password"),
    description=Text("连续输错达到该次数后锁定", "So many wrong ones in a row lock it"),
)

PAYMENT_PASSWORD_LOCK_S = _declare(
    "payment_password_lock_s",
    Annotated[int, Field(ge=60, le=86_400)],
    600,
    title=Text("支付密码首次锁定时长（秒）", "First lock of a payment password in seconds"),
    description=Text("之后每次输错加倍，最长一天", "Doubles with each further wrong one, up to a day"),
)

CODE_LIFE_S = _declare(
    "code_life_s",
    Annotated[int, Field(ge=60, le=1800)],
    300,
    title=Text("验证码有效期（秒）", "Life of a confirmation code in seconds"),
    description=Text("短信、邮件验证码在此时间后失效", "A code sent by SMS or mail is good for so long"),
)

CODE_ATTEMPTS = _declare(
    "code_attempts",
    Annotated[int, Field(ge=3, le=10)],
    5,
    title=Text("验证码可试次数", "Attempts at a confirmation code"),
    description=Text("输错达到该次数后验证码作废", "After so many wrong entries the code is void"),
)

CODE_RESEND_S = _declare(
    "code_resend_s",
    Annotated[int, Field(ge=30, le=600)],
    60,
    title=Text("验证码重发间隔（秒）", "Seconds between two confirmation codes"),
    description=Text(
        "同一号码或邮箱两次发送的最短间隔", "The shortest time between two codes to one number or address"
    ),
)

CODES_PER_DAY = _declare(
    "codes_per_day",
    Annotated[int, Field(ge=3, le=50)],
    10,
    title=Text("每日验证码条数", "Confirmation codes a day"),
    description=Text("同一号码或邮箱每日最多发送条数", "At most so many codes a day to one number or address"),
)

CODES_PER_ADDRESS = _declare(
    "codes_per_address_per_hour",
    Annotated[int, Field(ge=5, le=1000)],
    30,
    title=Text("每个网络地址每小时验证码条数", "Confirmation codes an hour for one network address"),
    description=Text("同一网络地址每小时最多获取条数", "At most so many codes an hour for one network address"),
)

INVITATION_LIFE_DAYS = _declare(
    "invitation_life_days",
    Annotated[int, Field(ge=1, le=90)],
    14,
    title=Text("合作邀请有效期（天）", "Life of a partner invitation in days"),
    description=Text("到期未答复的邀请自动失效", "Unanswered, an invitation expires after so long"),
)

PARTNER_LOOKUPS_PER_HOUR = _declare(
    "partner_lookups_per_hour",
    Annotated[int, Field(ge=5, le=1000)],
    60,
    title=Text("每小时查找合作方次数", "Partners looked up in an hour"),
    description=Text(
        "每个机构每小时按合作码或手机号发出邀请的次数上限，防止逐个试探",
        "How often an organization may invite by code or number in an hour, so that nobody tries them through",
    ),
)

FEEDBACK_PER_DAY = _declare(
    "feedback_per_day",
    Annotated[int, Field(ge=1, le=200)],
    20,
    title=Text("每人每日反馈条数", "Feedback a day by one person"),
    description=Text("同一用户 24 小时内最多提交条数", "One person may give so much feedback in 24 hours"),
)
