"""How each state-changing operation is called with success, for the test of the audit trail.

What the schema's smallest value does on the strangers' world needs nothing here. For the rest a room adds a recipe:
`@calls("operation_id")` on a function that makes what the call needs and answers (who, path values, body).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg

from distro_api.core import outbox
from distro_api.identity.models import Kind, PartnerPolicy
from make import codes, identity, incentives, products, relations, second_factor, strategies
from make.identity import PASSWORD, Signed
from strangers import World

UNTOLD = {
    "refresh_token": "each client, each quarter of an hour; the session tells when it was last used",
    "create_captcha": "a picture for whoever asks",
    "forgot_password": "who asks is not known; what a code was used for is told",
    "ask_registration_code": "who asks is not known; what a code was used for is told",
    "ask_contact_code": "what a code was used for is told",
    "ask_payment_password_code": "what a code was used for is told",
    "request_quote": "changes nothing",
    "touch_menu": "how one person's screen looks",
    "forget_recent_menus": "how one person's screen looks",
}
"""Operations that leave no row, and why."""


@dataclass(frozen=True)
class Call:
    """One call: by whom, with which values in the path, with which body."""

    who: Signed
    path: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    form: Any = None
    files: Any = None


_numbers = count(1)
Recipe = Callable[[World], Awaitable[Call]]
CALLS: dict[str, Recipe] = {}


def calls(*operations: str) -> Callable[[Recipe], Recipe]:
    """Register how these operations succeed."""

    def register(recipe: Recipe) -> Recipe:
        for operation in operations:
            assert operation not in CALLS, operation
            CALLS[operation] = recipe
        return recipe

    return register


@calls("get_token")
async def _form(world: World) -> Call:
    return Call(world.supplier, form={"username": world.supplier.username, "password": PASSWORD})


@calls("log_in")
async def _log_in(world: World) -> Call:
    return Call(world.supplier, body={"username": world.supplier.username, "password": PASSWORD})


@calls("log_out")
async def _log_out(world: World) -> Call:
    leaving = await identity.supplier(world.app)
    return Call(leaving, body={"refresh_token": leaving.refresh_token})


@calls("change_password")
async def _password(world: World) -> Call:
    return Call(await identity.supplier(world.app), body={"old_password": PASSWORD, "new_password": "Another-Horse-8"})


@calls("answer_challenge")
async def _challenge(world: World) -> Call:
    who = await identity.supplier(world.app)
    phone = await second_factor.enrolled(world.client, who)
    body = {"username": who.username, "password": PASSWORD}
    asked = await world.client.post("/api/v1/auth/login", json=body)
    return Call(who, body={"challenge": asked.json()["challenge"], "otp": phone.code()})


@calls("enrol_second_factor")
async def _enrol(world: World) -> Call:
    return Call(await identity.supplier(world.app), body={"password": PASSWORD})


@calls("confirm_second_factor")
async def _confirm(world: World) -> Call:
    who = await identity.supplier(world.app)
    started = await world.client.post("/api/v1/me/second-factor", json={"password": PASSWORD}, headers=who.headers)
    return Call(who, body={"otp": second_factor.App(started.json()["secret"], []).code()})


@calls("renew_recovery_codes", "disable_second_factor")
async def _second_factor(world: World) -> Call:
    who = await identity.supplier(world.app)
    phone = await second_factor.enrolled(world.client, who)
    return Call(who, body={"password": PASSWORD, "otp": phone.code()})


@calls("reset_user_second_factor")
async def _lost_phone(world: World) -> Call:
    who = await identity.colleague(world.app, world.supplier, "viewer")
    await second_factor.enrolled(world.client, who)
    return Call(world.supplier, {"user_id": who.user_id})


@calls("reset_second_factor")
async def _lost_owner(world: World) -> Call:
    who = await identity.distributor(world.app)
    await second_factor.enrolled(world.client, who)
    body = {"account": who.username, "reason": "手机丢失，已核实身份"}
    return Call(world.admin, {"organization_id": who.organization_id}, body)


@calls("set_payment_password")
async def _payment_password(world: World) -> Call:
    return Call(await identity.supplier(world.app), body={"value": "730164", "password": PASSWORD})


@calls("change_payment_password")
async def _other_payment_password(world: World) -> Call:
    call = await _payment_password(world)
    await world.client.post("/api/v1/me/payment-password", json=call.body, headers=call.who.headers)
    return Call(call.who, body={"old_value": "730164", "value": "940275"})


@calls("set_security")
async def _security(world: World) -> Call:
    made = await identity.distributor(world.app)
    return Call(world.admin, {"organization_id": made.organization_id}, {"second_factor_required": True})


@calls("end_my_session")
async def _session(world: World) -> Call:
    leaving = await identity.supplier(world.app)
    listed = await world.client.get("/api/v1/me/sessions", headers=leaving.headers)
    return Call(leaving, {"session_id": listed.json()["items"][0]["id"]})


@calls("end_my_sessions")
async def _sessions(world: World) -> Call:
    return Call(await identity.supplier(world.app))


@calls("update_me")
async def _me(world: World) -> Call:
    return Call(world.supplier, body={"name": "王芳"})


@calls("set_parameter", "reset_parameter")
async def _parameter(world: World) -> Call:
    path = {"parameter": "login_failures_allowed"}
    now = await world.do("admin", "PUT", "/parameters/login_failures_allowed", {"value": 7})
    return Call(world.admin, path, {"value": now["value"] + 1})


@calls("create_organization")
async def _organization(world: World) -> Call:
    owner = {"username": "west-lake", "password": PASSWORD}
    return Call(world.admin, body={"kind": "supplier", "name": "西湖景区", "owner": owner})


@asynccontextmanager
async def _database(world: World) -> AsyncIterator[asyncpg.Connection]:
    """Its owner's connection, for what no call tells; codes may be asked for again at once."""
    connection = await asyncpg.connect(world.app.state.settings.database_url)
    try:
        await codes.forget_quotas(connection)
        yield connection
    finally:
        await connection.close()


@calls("reset_password")
async def _forgotten(world: World) -> Call:
    who = await identity.supplier(world.app)
    async with _database(world) as connection:
        await world.client.post("/api/v1/auth/password/forgot", json={"account": who.username})
        [code] = (await codes.codes(world.app, connection)).values()
    return Call(who, body={"account": who.username, "code": code, "new_password": "Another-Horse-8"})


@calls("reset_payment_password")
async def _forgotten_payment_password(world: World) -> Call:
    who = (await _other_payment_password(world)).who
    async with _database(world) as connection:
        await world.client.post("/api/v1/me/payment-password/codes", headers=who.headers)
        [code] = (await codes.codes(world.app, connection)).values()
    return Call(who, body={"code": code, "value": "940275", "password": PASSWORD})


@calls("register")
async def _register(world: World) -> Call:
    number = identity.phone()
    body = codes.application(f"applicant-{number[-4:]}", number, f"{number}@example.com")
    async with _database(world) as connection:
        return Call(world.supplier, body=await codes.with_codes(world.app, world.client, connection, body))


@calls("approve_organization", "reject_organization")
async def _applicant(world: World) -> Call:
    made = await world.client.post("/api/v1/auth/register", json=(await _register(world)).body)
    return Call(world.admin, {"organization_id": made.json()["id"]}, {"reason": "资质过期"})


async def _changed(world: World, who: Signed) -> str:
    body = {"address": "龙井路1号"}
    path = f"/api/v1/organizations/{who.organization_id}/changes"
    return str((await world.client.post(path, json=body, headers=who.headers)).json()["id"])


@calls("request_organization_change")
async def _change(world: World) -> Call:
    who = await identity.supplier(world.app)
    return Call(who, {"organization_id": who.organization_id}, {"address": "龙井路1号"})


@calls("approve_organization_change", "reject_organization_change")
async def _review_change(world: World) -> Call:
    change_id = await _changed(world, await identity.supplier(world.app))
    return Call(world.admin, {"change_id": change_id}, {"reason": "与执照不符"})


@calls("withdraw_organization_change")
async def _withdraw_change(world: World) -> Call:
    who = await identity.supplier(world.app)
    return Call(who, {"change_id": await _changed(world, who)})


async def _contact(world: World, field: str, to: str) -> Call:
    who = await identity.supplier(world.app)
    async with _database(world) as connection:
        await world.client.post("/api/v1/me/codes", json={"to": to}, headers=who.headers)
        [code] = (await codes.codes(world.app, connection)).values()
    return Call(who, body={field: to, "code": code, "password": PASSWORD})


@calls("change_phone")
async def _phone(world: World) -> Call:
    return await _contact(world, "phone", identity.phone())


@calls("change_email")
async def _email(world: World) -> Call:
    return await _contact(world, "email", "wang@example.com")


@calls("suspend_organization")
async def _suspend(world: World) -> Call:
    made = await identity.distributor(world.app)
    return Call(world.admin, {"organization_id": made.organization_id}, {"reason": "资质到期"})


@calls("resume_organization")
async def _resume(world: World) -> Call:
    call = await _suspend(world)
    await world.do("admin", "POST", f"/organizations/{call.path['organization_id']}/suspend", call.body)
    return call


@calls("create_user")
async def _hire(world: World) -> Call:
    role_id = await world.id("role_id")
    return Call(world.supplier, body={"username": "gate-2", "name": "王芳", "role_ids": [role_id], "deliver": "shown"})


@calls("update_user", "set_user_roles", "disable_user", "reset_user_password", "delete_user")
async def _staff(world: World) -> Call:
    hired = (await identity.colleague(world.app, world.supplier, "viewer")).user_id
    body = {"name": "王芳", "role_ids": [await world.id("role_id")], "reason": "离职", "deliver": "shown"}
    return Call(world.supplier, {"user_id": hired}, body)


@calls("enable_user")
async def _enable_user(world: World) -> Call:
    call = await _staff(world)
    await world.do("supplier", "POST", f"/users/{call.path['user_id']}/disable", {"reason": "休假"})
    return call


@calls("create_role")
async def _role(world: World) -> Call:
    return Call(world.supplier, body={"name": "闸机", "permissions": ["tickets:redeem"]})


@calls("update_role", "delete_role")
async def _custom_role(world: World) -> Call:
    made = await world.do(
        "supplier", "POST", "/roles", {"name": f"角色 {len(world.made)}", "permissions": ["orders:read"]}
    )
    world.made[made["id"]] = made
    return Call(world.supplier, {"role_id": made["id"]}, {"permissions": ["tickets:read"]})


@calls("create_api_key")
async def _new_key(world: World) -> Call:
    return Call(world.supplier, body={"name": "官网商城", "scopes": ["orders:read"]})


@calls("update_api_key", "rotate_api_key", "revoke_api_key")
async def _key(world: World) -> Call:
    made = await world.do("supplier", "POST", "/api-keys", (await _new_key(world)).body)
    return Call(world.supplier, {"key_id": made["id"]}, {"scopes": ["tickets:read"], "overlap_s": 60})


@calls("limit_organization")
async def _limits(world: World) -> Call:
    made = await identity.distributor(world.app)
    body = {"withheld": ["orders:place"], "reason": "整改"}
    return Call(world.admin, {"organization_id": made.organization_id}, body)


@calls("set_partner_policy")
async def _policy(world: World) -> Call:
    return Call(world.supplier, body={"partner_policy": "invitation"})


@calls("open_supply_relation")
async def _partner(world: World) -> Call:
    made = await identity.distributor(world.app)
    return Call(world.supplier, body={"distributor_id": str(made.organization_id)})


@calls("update_supply_relation")
async def _tier(world: World) -> Call:
    return Call(world.supplier, {"relation_id": await world.id("relation_id")}, {"tier": "金牌"})


@calls("invite_partner")
async def _invite(world: World) -> Call:
    asked = await identity.distributor(world.app)
    return Call(world.supplier, body={"partner_code": await relations.code_of(world.client, asked), "message": "王芳"})


@calls("accept_invitation", "decline_invitation")
async def _answer(world: World) -> Call:
    asked = await identity.organization(world.app, Kind.DISTRIBUTOR, partner_policy=PartnerPolicy.INVITATION)
    made = await relations.invitation(world.client, world.supplier, asked)
    return Call(asked, {"invitation_id": made["id"]}, {"reason": "暂无此类客源"})


@calls("withdraw_invitation")
async def _withdraw(world: World) -> Call:
    call = await _answer(world)
    return Call(world.supplier, call.path, call.body)


@calls("withdraw_product_authorizations", "withdraw_product_authorization")
async def _withdraw_many(world: World) -> Call:
    sku_id, relation_id = await world.id("sku_id"), await world.id("relation_id")
    line = {"sku_id": sku_id, "settlement_price": 100}
    await world.do("supplier", "POST", f"/supply-relations/{relation_id}/product-authorizations", {"lines": [line]})
    return Call(world.supplier, {"relation_id": relation_id, "sku_id": sku_id}, {"sku_ids": [sku_id]})


@calls("start_feedback", "answer_feedback", "close_feedback")
async def _feedback(world: World) -> Call:
    given = await world.do("distributor", "POST", "/feedback", {"category": "other", "text": "王芳 13800138000"})
    return Call(world.admin, {"feedback_id": given["id"]}, {"answer": "王芳，您好"})


@calls("reopen_feedback")
async def _reopen(world: World) -> Call:
    call = await _feedback(world)
    await world.do("admin", "POST", f"/feedback/{call.path['feedback_id']}/answer", call.body)
    return call


@calls("set_tier")
async def _set_tier(world: World) -> Call:
    return Call(world.supplier, body={"relation_ids": [await world.id("relation_id")], "tier": "钻石"})


@calls("create_tier", "edit_tier", "delete_tier")
async def _tiers(world: World) -> Call:
    made = await world.do("supplier", "POST", "/distributor-tiers", {"name": f"等级{len(world.made)}"})
    world.made[made["id"]] = made
    return Call(world.supplier, {"tier_id": made["id"]}, {"name": made["name"] + "新"})


@calls("stop_supply_relation")
async def _stop(world: World) -> Call:
    made = await relations.relation(world.client, world.supplier, await identity.distributor(world.app))
    return Call(world.supplier, {"relation_id": made["id"]})


@calls("resume_supply_relation")
async def _resume_relation(world: World) -> Call:
    call = await _stop(world)
    await world.do("supplier", "POST", f"/supply-relations/{call.path['relation_id']}/stop")
    return call


@calls("authorize_products")
async def _authorize(world: World) -> Call:
    line = {"sku_id": await world.id("sku_id"), "settlement_price": 8888}
    return Call(world.supplier, {"relation_id": await world.id("relation_id")}, {"lines": [line]})


@calls("open_account")
async def _account(world: World) -> Call:
    partner = await identity.distributor(world.app)
    await relations.relation(world.client, world.supplier, partner)
    body = {"distributor_id": str(partner.organization_id), "kind": "credit", "credit_limit_amount": 100}
    return Call(world.supplier, body=body)


@calls("edit_account", "suspend_account")
async def _limit(world: World) -> Call:
    account = await world.do("supplier", "POST", "/accounts", (await _account(world)).body)
    return Call(world.supplier, {"account_id": account["id"]}, {"credit_limit_amount": 900})


@calls("enable_account")
async def _enable(world: World) -> Call:
    account = await world.id("account_id")
    await world.do("supplier", "POST", f"/accounts/{account}/suspend")
    return Call(world.supplier, {"account_id": account})


@calls("request_repayment")
async def _repayment(world: World) -> Call:
    account = await world.do("supplier", "POST", "/accounts", (await _account(world)).body)
    return Call(world.supplier, {"account_id": account["id"]}, {"amount": 100, "method": "offline"})


@calls("approve_recharge", "reject_recharge")
async def _recharge(world: World) -> Call:
    body = {"amount": 100, "method": "offline"}
    made = await world.do("supplier", "POST", f"/accounts/{await world.id('account_id')}/recharges", body)
    return Call(world.supplier, {"recharge_id": made["id"]}, {"reason": "未到账"})


@calls("set_stock", "adjust_stock")
async def _stock(world: World) -> Call:
    item = await world.do("supplier", "POST", "/inventory/items", {"name": "礼盒", "mode": "total"})
    await world.do("supplier", "PUT", f"/inventory/items/{item['id']}/stock", {"capacity": 5})
    return Call(world.supplier, {"item_id": item["id"]}, {"capacity": 9, "delta": 4, "reason": "盘点"})


@calls("edit_product")
async def _edit_product(world: World) -> Call:
    made = await products.product(world.client, world.supplier)
    return Call(world.supplier, {"product_id": made["id"]}, {"name": "云海山夜场门票"})


@calls("delete_product", "submit_product")
async def _draft(world: World) -> Call:
    return Call(world.supplier, {"product_id": (await products.product(world.client, world.supplier))["id"]})


@calls("approve_product", "reject_product")
async def _review(world: World) -> Call:
    made = await products.product(world.client, world.supplier)
    await products.act(world.client, world.supplier, made, "submit")
    return Call(world.admin, {"product_id": made["id"]}, {"reason": "图片不清"})


@calls("publish_product")
async def _publish(world: World) -> Call:
    made = await products.on_sale(world.client, world.supplier, world.admin)
    await products.act(world.client, world.supplier, made, "unpublish")
    return Call(world.supplier, {"product_id": made["id"]})


@calls("unpublish_product")
async def _unpublish(world: World) -> Call:
    made = await products.on_sale(world.client, world.supplier, world.admin)
    return Call(world.supplier, {"product_id": made["id"]})


@calls("rename_category", "delete_category")
async def _category(world: World) -> Call:
    made = await world.do("admin", "POST", "/categories", {"name": f"品类 {len(world.made)}"})
    world.made[made["id"]] = made
    return Call(world.admin, {"category_id": made["id"]}, {"name": f"{made['name']}（新）"})


@calls("rename_brand", "delete_brand")
async def _brand(world: World) -> Call:
    made = await world.do("admin", "POST", "/brands", {"name": f"品牌 {len(world.made)}"})
    world.made[made["id"]] = made
    return Call(world.admin, {"brand_id": made["id"]}, {"name": f"{made['name']}（新）"})


@calls("put_holiday", "delete_holiday")
async def _holiday(world: World) -> Call:
    await world.do("admin", "PUT", "/holidays/2030-05-06", {"name": "调休", "kind": "workday"})
    return Call(world.admin, {"day": "2030-05-06"}, {"name": "劳动节", "kind": "holiday"})


@calls("edit_strategy", "activate_strategy")
async def _strategy(world: World) -> Call:
    made = await strategies.draft(world.client, world.supplier, _item(await world.id("sku_id")))
    return Call(world.supplier, {"strategy_id": made["id"]}, {"name": "暑期策略"})


@calls("pause_strategy")
async def _pause(world: World) -> Call:
    made = await strategies.active(world.client, world.supplier, _item(await world.id("sku_id"), 20_000))
    return Call(world.supplier, {"strategy_id": made["id"]})


@calls("put_strategy_items")
async def _items(world: World) -> Call:
    call = await _strategy(world)
    return Call(call.who, call.path, {"items": [_item(await world.id("sku_id"), 8000)]})


@calls("put_strategy_item")
async def _one_item(world: World) -> Call:
    call = await _strategy(world)
    return Call(call.who, {**call.path, "sku_id": await world.id("sku_id")}, {"settlement_price": 8000})


@calls("delete_strategy_item")
async def _no_item(world: World) -> Call:
    call = await _strategy(world)
    return Call(call.who, {**call.path, "sku_id": await world.id("sku_id")})


def _item(sku_id: str, price: int = 9000) -> dict[str, Any]:
    return {"sku_id": sku_id, "settlement_price": price}


@calls("edit_incentive_rule", "stop_incentive_rule")
async def _rule(world: World) -> Call:
    made = await incentives.add_rule(world.client, world.supplier)
    return Call(world.supplier, {"rule_id": made["id"]}, {"rate": "2"})


@calls("redeem_bonus_points")
async def _bonus(world: World) -> Call:
    await world.id("redemption_id")
    return Call(world.distributor, body={"supplier_id": str(world.supplier.organization_id), "points": 1})


@calls("place_order")
async def _place(world: World) -> Call:
    await world.id("order_id")
    return Call(world.distributor, body=await _order(world))


@calls("pay_order")
async def _pay(world: World) -> Call:
    placed = await world.do("distributor", "POST", "/orders", (await _place(world)).body)
    return Call(world.distributor, {"order_id": placed["id"]}, {"method": "prepaid"})


@calls("approve_order", "reject_order")
async def _approve(world: World) -> Call:
    await world.id("order_id")
    item = _item(await world.id("sku_id"))
    await strategies.active(world.client, world.supplier, item, channel="enterprise", order_approval=True)
    body = await _order(world) | {"channel": "enterprise", "pay": {"method": "prepaid"}}
    placed = await world.do("distributor", "POST", "/orders", body)
    assert placed["status"] == "pending_approval"
    return Call(world.supplier, {"order_id": placed["id"]}, {"reason": "名额留给散客"})


@calls("cancel_order", "refund_order")
async def _cancel(world: World) -> Call:
    return Call(world.distributor, {"order_id": (await world.ordered())["id"]}, {"reason": "行程有变"})


async def _order(world: World) -> dict[str, Any]:
    return {
        "channel": "individual",
        "customer": {"name": "王芳", "phone": "13800138000"},
        "lines": [{"sku_id": await world.id("sku_id"), "quantity": 1, "date": str(world.day)}],
    }


@calls("redeem_ticket")
async def _redeem(world: World) -> Call:
    ticket = (await world.ordered())["lines"][0]["tickets"][0]
    return Call(world.supplier, body={"code": ticket["code"], "quantity": 1})


@calls("reverse_ticket")
async def _reverse(world: World) -> Call:
    used = await world.do("supplier", "POST", "/tickets/redeem", (await _redeem(world)).body)
    return Call(world.supplier, {"ticket_id": used["id"]}, {"reason": "误核销"})


@calls("retry_parked_event")
async def _parked(world: World) -> Call:
    row = {
        "subscriber": "orders.follow_tickets",
        "position": 7,
        "aggregate_id": world.supplier.organization_id,
        "name": "tests.happened",
        "payload": {},
        "occurred_at": world.now,
        "attempts": 1,
        "next_try_at": world.now,
        "error": "not today",
    }
    async with world.app.state.database.sessions.begin() as session:
        session.add(outbox.ParkedRow(**row))
    return Call(world.admin, {"subscriber": "orders.follow_tickets", "position": 7})


@calls("update_employee")
async def _edit_employee(world: World) -> Call:
    made = await _employee(world)
    return Call(world.supplier, {"employee_id": made}, {"department": "票务部"})


@calls("disable_employee", "delete_employee")
async def _leaving_employee(world: World) -> Call:
    return Call(world.supplier, {"employee_id": await _employee(world)})


@calls("enable_employee")
async def _returning_employee(world: World) -> Call:
    made = await _employee(world)
    await world.do("supplier", "POST", f"/employees/{made}/disable")
    return Call(world.supplier, {"employee_id": made})


async def _employee(world: World) -> str:
    body = {"number": f"T{next(_numbers)}", "name": "王芳"}
    return str((await world.do("supplier", "POST", "/employees", body))["id"])


@calls("upload_file")
async def _upload(world: World) -> Call:
    return Call(world.supplier, files={"file": ("employees.csv", "工号,姓名\r\nA1,王芳\r\n".encode())})


@calls("import_employees")
async def _import(world: World) -> Call:
    return Call(world.supplier, body={"file_id": await world.id("file_id"), "mode": "valid_only"})


@calls("delete_file")
async def _unwanted_file(world: World) -> Call:
    upload = await _upload(world)
    answer = await world.client.post("/api/v1/files", files=upload.files, headers=world.supplier.headers)
    return Call(world.supplier, {"file_id": answer.json()["id"]})


@calls("cancel_job")
async def _job(world: World) -> Call:
    started = await world.do("supplier", "POST", "/employees/imports", (await _import(world)).body)
    return Call(world.supplier, {"job_id": started["id"]})


@calls("give_employee_account")
async def _account_of_employee(world: World) -> Call:
    made = await _employee(world)
    await world.do("supplier", "PATCH", f"/employees/{made}", {"phone": identity.phone()})
    return Call(world.supplier, {"employee_id": made}, {"role_ids": [await world.id("role_id")]})
