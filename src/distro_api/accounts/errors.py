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
    detail = Text("账户状态：{status}", "Account status: {status}")


class NoAccount(Conflict):
    code, title = "no_account", Text("尚未开立该类账户", "There is no account of this kind with this supplier")


class AccountExists(Conflict):
    code, title = "account_exists", Text("账户已存在", "This account exists already")


class LimitNotForPrepaid(Conflict):
    code, title = "limit_not_for_prepaid", Text("预存账户没有信用额度", "A prepaid account has no credit limit")


class RechargeDecided(Conflict):
    code, title = "recharge_decided", Text("充值申请已处理", "This recharge has been decided already")
    detail = Text("当前状态：{status}", "Its status is {status}")
