"""Refusals of identity."""

from distro_api.core.errors import Conflict, Forbidden, Text, TooManyRequests, Unauthorized, Unprocessable


class BadCredentials(Unauthorized):
    """The same answer for an unknown account and a wrong password."""

    code, title = "bad_credentials", Text("账号或密码错误", "Wrong account or password")


class CaptchaRequired(Unauthorized):
    """Nothing was looked at yet: the same attempt with a captcha may succeed."""

    code, title = "captcha_required", Text("请输入图形验证码", "A captcha is needed to sign in")
    detail = Text("请调用 POST /api/v1/auth/captcha", "Get one from POST /api/v1/auth/captcha")


class CaptchaInvalid(Unauthorized):
    """Wrong, expired or used: each serves one attempt."""

    code, title = "captcha_invalid", Text("图形验证码错误或已失效", "The captcha is wrong or not valid any more")
    detail = Text("请重新获取图形验证码", "Get a new one from POST /api/v1/auth/captcha")


class AccountLocked(TooManyRequests):
    code, title = "account_locked", Text("登录失败次数过多，请稍后再试", "Too many failed logins, try again later")


class AddressLocked(TooManyRequests):
    code = "address_locked"
    title = Text("该网络登录失败次数过多，请稍后再试", "Too many failed logins from this network, try again later")


class SecondFactorRequired(Unauthorized):
    """The password was right. `challenge` is answered at POST /auth/second-factor, for `expires_in` seconds."""

    code = "second_factor_required"
    title = Text("请输入两步验证码", "A code of your authenticator is needed to sign in")
    detail = Text(
        "请调用 POST /api/v1/auth/second-factor，或登录时一并提交 otp",
        "Answer the challenge at POST /api/v1/auth/second-factor, or sign in with otp",
    )


class WrongSecondFactor(Unauthorized):
    code = "wrong_second_factor"
    title = Text("两步验证码错误或已使用", "The code is wrong, or was used already")


class InvalidChallenge(Unauthorized):
    code, title = "invalid_challenge", Text("登录已超时，请重新登录", "This sign-in is not valid any more, start again")


class SecondFactorRefused(Unprocessable):
    """As `wrong_second_factor`, of somebody who is signed in."""

    code = "second_factor_refused"
    title = Text(
        "两步验证码缺失、错误或已使用", "The code of your authenticator is missing, wrong, or was used already"
    )


class WrongPassword(Unprocessable):
    code, title = "wrong_password", Text("登录密码错误", "The login password is wrong")


class SecondFactorEnforced(Conflict):
    code = "second_factor_enforced"
    title = Text("所在机构要求启用两步验证", "Your organization demands a second factor")
    detail = Text("更换设备请重新绑定", "Set up a new device by enrolling again")


class SecondFactorEnrolmentRequired(Forbidden):
    code = "second_factor_enrolment_required"
    title = Text("所在机构要求启用两步验证，请先绑定", "Your organization demands a second factor: set one up first")
    detail = Text(
        "请调用 POST /api/v1/me/second-factor，完成后刷新令牌",
        "Call POST /api/v1/me/second-factor, then renew your tokens",
    )


class PaymentPasswordExists(Conflict):
    code, title = "payment_password_exists", Text("支付密码已设置", "There is a payment password already")
    detail = Text("请修改或重置支付密码", "Change or reset it")


class PaymentPasswordNotSet(Conflict):
    code, title = "payment_password_not_set", Text("请先设置支付密码", "Set a payment password first")
    detail = Text("请调用 POST /api/v1/me/payment-password", "Call POST /api/v1/me/payment-password")


class WrongPaymentPassword(Unprocessable):
    """`attempts_left` until it is locked."""

    code, title = "wrong_payment_password", Text("支付密码错误", "The payment password is wrong")
    detail = Text("还可尝试 {attempts_left} 次", "Attempts left: {attempts_left}")


class PaymentPasswordLocked(TooManyRequests):
    code = "payment_password_locked"
    title = Text("支付密码错误次数过多，请稍后再试", "Too many wrong payment passwords, try again later")


class WeakPaymentPassword(Unprocessable):
    code, title = "weak_payment_password", Text("支付密码过于简单", "The payment password is too easy to guess")
    detail = Text(
        "不能为重复、连续的数字，也不能取自手机号", "No repeated or consecutive digits, none of your phone number"
    )


class NoContact(Conflict):
    code, title = "no_contact", Text("账号没有手机号或邮箱", "There is no phone number or e-mail address to write to")


class InvalidRefreshToken(Unauthorized):
    code, title = "invalid_refresh_token", Text("刷新令牌无效或已过期", "The refresh token is not valid any more")


class PasswordChangeRequired(Forbidden):
    code = "password_change_required"
    title = Text("首次登录须先修改密码", "Set a new password first")
    detail = Text("请调用 POST /api/v1/me/password", "Call POST /api/v1/me/password")


class OrganizationNotActive(Forbidden):
    code, title = "organization_not_active", Text("机构未启用或已停用", "The organization is not active")


class OrganizationPending(Forbidden):
    code, title = "organization_pending", Text("入驻申请正在审核", "Your application is being reviewed")
    detail = Text("{organization} 的申请审核通过后即可登录", "You can sign in once {organization} is approved")


class OrganizationRejected(Forbidden):
    code, title = "organization_rejected", Text("入驻申请未通过", "Your application was not approved")
    detail = Text("原因：{reason}。可修改后重新申请", "Reason: {reason}. You may correct it and apply again")


class InvalidCode(Unprocessable):
    """The same answer for a wrong, old, used or replaced code, for too many attempts, and for an unknown account."""

    code, title = "invalid_code", Text("验证码错误或已失效", "The code is wrong, or good no more")


class CodesAskedTooOften(TooManyRequests):
    code, title = "codes_asked_too_often", Text("获取验证码过于频繁，请稍后再试", "Too many codes asked for, try later")


class WrongOldPassword(Unprocessable):
    code, title = "wrong_old_password", Text("原密码错误", "The old password is wrong")


class WeakPassword(Unprocessable):
    code, title = "weak_password", Text("密码过于简单", "The password is too easy to guess")
    detail = Text(
        "密码须为 {min_length} 至 {max_length} 个字符，且不能与账号相同或为常见密码",
        "{min_length} to {max_length} characters, not the account's name, not a common password",
    )


class UsernameTaken(Conflict):
    code, title = "username_taken", Text("用户名已被使用", "This username is taken")


class PhoneTaken(Conflict):
    code, title = "phone_taken", Text("手机号已被使用", "This phone number is taken")


class EmailTaken(Conflict):
    code, title = "email_taken", Text("邮箱已被使用", "This e-mail address is taken")


class InvalidPhone(Unprocessable):
    code, title = "invalid_phone", Text("手机号无效", "This is not a valid phone number")


class ParameterValueNotAllowed(Unprocessable):
    code, title = "parameter_value_not_allowed", Text("参数不能取此值", "The parameter can't have this value")
    detail = Text("允许的取值：{allowed}", "Allowed: {allowed}")


class InvalidScope(Unprocessable):
    code, title = "invalid_scope", Text("没有这些权限范围", "None of these scopes exists")


class CannotGrant(Forbidden):
    """Nobody gives or takes what he does not hold, nor touches the account of somebody who may do more."""

    code, title = "cannot_grant", Text("不能授予或变更超出自身权限的内容", "This is more than you may do yourself")


class UnknownPermission(Unprocessable):
    code, title = (
        "unknown_permission",
        Text("没有这些权限，或本类机构不能拥有", "No such permissions for this kind of organization"),
    )


class UnknownRole(Unprocessable):
    code, title = "unknown_role", Text("本机构没有这些角色", "Your organization has no such roles")


class RoleNameTaken(Conflict):
    code, title = "role_name_taken", Text("角色名称已被使用", "This name is taken by another role")


class BuiltInRole(Conflict):
    code, title = "built_in_role", Text("内置角色不可修改或删除", "Built-in roles cannot be changed or deleted")


class RoleInUse(Conflict):
    code, title = "role_in_use", Text("仍有员工持有该角色", "Somebody still holds this role")
    detail = Text("{users} 人持有该角色", "{users} hold it")


class LastOwner(Conflict):
    code, title = (
        "last_owner",
        Text("机构至少须有一名可登录的所有者", "An organization keeps at least one owner who may sign in"),
    )


class OwnAccount(Conflict):
    code = "own_account"
    title = Text("不能对自己的账号执行此操作，请由其他管理员操作", "Somebody else has to do this to your account")


class PhoneNeeded(Unprocessable):
    code, title = "phone_needed", Text("没有手机号，无法发送短信", "Without a phone number no SMS can be sent")


class InvalidCreditCode(Unprocessable):
    code = "invalid_credit_code"
    title = Text("统一社会信用代码有误", "This is not a unified social credit code")
    detail = Text("校验位不符，请核对营业执照", "Its check character does not fit: compare it with the licence")


class CreditCodeTaken(Conflict):
    code = "credit_code_taken"
    title = Text("统一社会信用代码已被登记", "Another organization is registered with this credit code")


class UnknownRegion(Unprocessable):
    code, title = "unknown_region", Text("没有这个行政区划代码", "There is no such administrative division")
    detail = Text("须为区县级代码", "Give the code of a district")


class NothingToChange(Unprocessable):
    code, title = "nothing_to_change", Text("没有任何变更", "Nothing would change")


class ChangePending(Conflict):
    code, title = "change_pending", Text("已有变更申请在审核中", "Another change is being reviewed")
    detail = Text("请先撤回：{change_id}", "Withdraw it first: {change_id}")


class AddressNotAllowed(Forbidden):
    """Whoever uses a stolen key learns that it is one; the partner whose address has changed learns why it fails."""

    code, title = (
        "address_not_allowed",
        Text("该 API 密钥不允许从此地址使用", "This API key may not be used from your address"),
    )


class NotForKeys(Unprocessable):
    code, title = "not_for_keys", Text("API 密钥不能拥有这些权限", "An API key cannot have these permissions")


class ExpiryInThePast(Unprocessable):
    code, title = "expiry_in_the_past", Text("到期时间必须晚于当前时间", "The expiry has to be in the future")


class TooManyKeys(Conflict):
    code, title = (
        "too_many_keys",
        Text("API 密钥数量已达上限", "There are as many API keys as an organization may have"),
    )
    detail = Text("上限 {limit} 个", "At most {limit}")
