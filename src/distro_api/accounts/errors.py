"""Refusals of accounts."""

from distro_api.core.errors import Conflict, Text


class InsufficientFunds(Conflict):
    code, title = "insufficient_funds", Text("账户可用余额不足", "Not enough money available")
    detail = Text("需要 {amount}，可用 {available_amount}（分）", "Needed {amount}, available {available_amount} (fen)")


class AccountNotUsable(Conflict):
    code, title = (
        "account_not_usable",
        Text("账户未启用、已停用或不在有效期内", "The account is not active or not valid today"),
    )
    detail = Text("账户状态：{account_status}", "Account status: {account_status}")


class NoAccount(Conflict):
    code, title = "no_account", Text("尚未开立该类账户", "There is no account of this kind with this supplier")


class AccountExists(Conflict):
    code, title = "account_exists", Text("账户已存在", "This account exists already")


class LimitNotForPrepaid(Conflict):
    code, title = "limit_not_for_prepaid", Text("预存账户没有信用额度", "A prepaid account has no credit limit")


class WrongAccountKind(Conflict):
    code, title = "wrong_account_kind", Text("账户类型不支持此操作", "This is not for that kind of account")
    detail = Text(
        "账户类型：{kind}；预存账户充值，信用账户还款",
        "It is {kind}: prepaid accounts are recharged, credit accounts repaid",
    )


class RelationStopped(Conflict):
    code, title = "relation_stopped", Text("双方已停止合作，不可充值", "Cooperation has stopped: no new recharge")
