"""What can be said to people, in both languages: the one catalogue of texts.

SMS providers send by a template of their own with variables: `DISTRO_SMS_TEMPLATES` says which is which. The order of
a text's fields is the order of the variables where a provider numbers them.
"""

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import NamedTuple

from distro_api.core.errors import Text


class Template(StrEnum):
    """What can be said."""

    ONE_TIME_PASSWORD = "one_time_password"  # noqa: S105
    STAFF_ACCOUNT = "staff_account"
    STAFF_PASSWORD = "staff_password"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PAYMENT_PASSWORD_CHANGED = "payment_password_changed"  # noqa: S105
    SECOND_FACTOR_ENABLED = "second_factor_enabled"
    SECOND_FACTOR_DISABLED = "second_factor_disabled"
    SECOND_FACTOR_RESET = "second_factor_reset"
    CODE_PASSWORD_RESET = "code_password_reset"  # noqa: S105
    CODE_REGISTRATION = "code_registration"
    CODE_NEW_CONTACT = "code_new_contact"
    CODE_PAYMENT_PASSWORD = "code_payment_password"  # noqa: S105
    CONTACT_CHANGED = "contact_changed"
    ORGANIZATION_APPROVED = "organization_approved"
    ORGANIZATION_REJECTED = "organization_rejected"
    CHANGE_APPROVED = "change_approved"
    CHANGE_REJECTED = "change_rejected"


class Wording(NamedTuple):
    """The subject of a mail, and the text of mails and SMS, which says who writes."""

    subject: Text
    text: Text


_NOTHING = Text("", "")
_DISTURBED = Text("如非本人操作，请立即联系平台。", "If this was not you, contact us at once.")
_SECRET = Text(
    "{minutes}分钟内有效，请勿告诉他人。如非本人操作，请忽略。",
    "It is good for {minutes} minutes; tell nobody. If you did not ask for it, ignore this.",
)


def _said(subject: Text, text: Text, end: Text = _NOTHING) -> Wording:
    return Wording(
        subject, Text("【分销平台】" + text.zh + end.zh, f"[Distribution platform] {text.en} {end.en}".rstrip())
    )


WORDINGS: Mapping[Template, Wording] = {
    Template.ONE_TIME_PASSWORD: _said(
        Text("您的分销商账号已开通", "Your distributor account is open"),
        Text(
            "{supplier}已为“{name}”开通分销商账号。登录账号：{username}（或本手机号），初始密码：{password}，首次登录须修改密码。",
            "{supplier} has opened a distributor account for {name}. Sign in as {username} (or with this number), "
            "one-time password: {password}. You will be asked to set a new one.",
        ),
    ),
    Template.STAFF_ACCOUNT: _said(
        Text("您的员工账号已开通", "Your account is open"),
        Text(
            "{organization}已为您开通员工账号。登录账号：{username}（或本手机号），初始密码：{password}，首次登录须修改密码。",
            "{organization} has opened an account for you. Sign in as {username} (or with this number), one-time "
            "password: {password}. You will be asked to set a new one.",
        ),
    ),
    Template.STAFF_PASSWORD: _said(
        Text("您的密码已重置", "Your password was set anew"),
        Text(
            "{organization}已重置账号 {username} 的密码。临时密码：{password}，登录后须修改密码。",
            "{organization} has set a new password for {username}: {password}. You will be asked to change it.",
        ),
    ),
    Template.PASSWORD_CHANGED: _said(
        Text("登录密码已修改", "Your password was changed"),
        Text("账号 {username} 的登录密码已修改。", "The password of {username} was changed."),
        _DISTURBED,
    ),
    Template.PAYMENT_PASSWORD_CHANGED: _said(
        Text("支付密码已设置", "Your payment password was set"),
        Text("账号 {username} 的支付密码已设置或修改。", "The payment password of {username} was set or changed."),
        _DISTURBED,
    ),
    Template.SECOND_FACTOR_ENABLED: _said(
        Text("两步验证已启用", "Your second factor is in force"),
        Text("账号 {username} 已启用两步验证。", "Signing in as {username} now asks for a code of your authenticator."),
        _DISTURBED,
    ),
    Template.SECOND_FACTOR_DISABLED: _said(
        Text("两步验证已关闭", "Your second factor was given up"),
        Text("账号 {username} 已关闭两步验证。", "Signing in as {username} asks for the password only."),
        _DISTURBED,
    ),
    Template.SECOND_FACTOR_RESET: _said(
        Text("两步验证已被重置", "Your second factor was reset"),
        Text(
            "账号 {username} 的两步验证已由机构管理员重置，请重新绑定。",
            "Your organization has reset the second factor of {username}; please set one up again.",
        ),
        _DISTURBED,
    ),
    Template.CODE_PASSWORD_RESET: _said(
        Text("找回密码的验证码", "Your code for a new password"),
        Text("找回密码的验证码：{code}，", "Your code for a new password: {code}."),
        _SECRET,
    ),
    Template.CODE_REGISTRATION: _said(
        Text("注册验证码", "Your code for registering"),
        Text("注册验证码：{code}，", "Your code for registering: {code}."),
        _SECRET,
    ),
    Template.CODE_NEW_CONTACT: _said(
        Text("更换联系方式的验证码", "Your code for a new contact"),
        Text("更换手机号或邮箱的验证码：{code}，", "Your code for a new phone number or e-mail address: {code}."),
        _SECRET,
    ),
    Template.CODE_PAYMENT_PASSWORD: _said(
        Text("重置支付密码的验证码", "Your code for a new payment password"),
        Text("重置支付密码的验证码：{code}，", "Your code for a new payment password: {code}."),
        _SECRET,
    ),
    Template.CONTACT_CHANGED: _said(
        Text("绑定的联系方式已修改", "Your contact was changed"),
        Text(
            "账号 {username} 绑定的联系方式已改为 {contact}，此处不再接收该账号的消息。",
            "The contact of {username} is now {contact}; messages will not come here any more.",
        ),
        _DISTURBED,
    ),
    Template.ORGANIZATION_APPROVED: _said(
        Text("入驻申请已通过", "Your application is approved"),
        Text("“{name}”的入驻申请已通过，现在可以登录。", "{name} is approved. You can sign in now."),
    ),
    Template.ORGANIZATION_REJECTED: _said(
        Text("入驻申请未通过", "Your application is not approved"),
        Text(
            "“{name}”的入驻申请未通过，原因：{reason}。您可以修改后重新申请。",
            "{name} is not approved. Reason: {reason}. You may correct it and apply again.",
        ),
    ),
    Template.CHANGE_APPROVED: _said(
        Text("企业资料变更已通过", "Your organization's new data is approved"),
        Text("“{name}”的资料变更申请已通过并生效。", "The new data of {name} is approved and in force."),
    ),
    Template.CHANGE_REJECTED: _said(
        Text("企业资料变更未通过", "Your organization's new data is not approved"),
        Text(
            "“{name}”的资料变更申请未通过，原因：{reason}。现有资料不变。",
            "The new data of {name} is not approved. Reason: {reason}. What was there stays.",
        ),
    ),
}


def fields_of(text: str) -> list[str]:
    """The parameters that a text takes, each once, in the order in which it takes them."""
    return list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(text) if name is not None))
