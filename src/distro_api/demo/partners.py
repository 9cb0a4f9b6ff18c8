"""Who works with whom: relations, authorisations, accounts and the money on them."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts import service as accounts
from distro_api.accounts.models import Account, AccountKind, AccountStatus
from distro_api.accounts.schemas import OpenAccount, PayIn
from distro_api.core import clock
from distro_api.demo.plans import YUAN
from distro_api.demo.stage import Market, Stage, read_market, relations
from distro_api.relations import service as partners
from distro_api.relations.models import RelationStatus, Sells, SupplyRelation
from distro_api.relations.schemas import AuthorizationLine
from distro_api.relations.states import RelationAction

TOP_UP_BELOW = 0.6
"""An account is topped up when less than this share of what it should hold is left."""


async def open_relations(session: AsyncSession, stage: Stage) -> None:
    """Partners with their tiers; one relation sells only what is listed, at settlement prices of its own."""
    market = await read_market(session)
    minutes = stage.minutes(stage.first_day - timedelta(days=10), 10)
    for distributor, plan in relations():
        supplier = market.people[plan.supplier]
        with clock.at(next(minutes)):
            opened = await partners.open_relation(
                session,
                supplier.actor,
                supplier.organization_id,
                distributor_id=market.people[distributor.username].organization_id,
                tier=plan.tier,
                sells=Sells.LISTED if plan.listed else Sells.ALL,
            )
            lines = [
                AuthorizationLine(sku_id=market.wares[code].id, settlement_price=price)
                for code, price in plan.authorised
                if code in market.wares
            ]
            if lines:
                await partners.authorize_products(session, supplier, opened.id, lines)


async def open_accounts(session: AsyncSession, stage: Stage) -> None:
    """Prepaid and credit accounts, the prepaid ones with money on them."""
    market = await read_market(session)
    opened = stage.first_day - timedelta(days=6)
    minutes = stage.minutes(opened, 10)
    for distributor, plan in relations():
        owner = market.people[distributor.username].organization_id
        supplier = market.people[plan.supplier]
        with clock.at(next(minutes)):
            if plan.prepaid:
                await accounts.open_account(session, supplier, OpenAccount(distributor_id=owner, kind="prepaid"))
            if plan.credit:
                command = OpenAccount(
                    distributor_id=owner,
                    kind="credit",
                    credit_limit_amount=plan.credit,
                    valid_from=opened,
                    valid_to=stage.last_day + timedelta(days=180),
                )
                await accounts.open_account(session, supplier, command)
    with clock.at(stage.instant(opened, 15)):
        await top_up(session, market)


async def top_up(session: AsyncSession, market: Market) -> None:
    """Recharge prepaid accounts and repay credit accounts that have run low, by request and approval."""
    plans = {
        (market.people[plan.supplier].organization_id, market.people[distributor.username].organization_id): (
            market.people[plan.supplier],
            market.people[distributor.username],
            plan,
        )
        for distributor, plan in relations()
    }
    money = select(Account).where(
        Account.kind.in_((AccountKind.PREPAID, AccountKind.CREDIT)), Account.status == AccountStatus.ACTIVE
    )
    for account in (await session.scalars(money.order_by(Account.id))).all():
        if (found := plans.get((account.supplier_id, account.owner_id))) is None:
            continue
        supplier, distributor, plan = found
        if account.kind is AccountKind.PREPAID:
            kind, wanted, note = "recharge", plan.prepaid, "对公转账"
            missing = wanted - account.posted
        else:
            kind, wanted, note = "repayment", plan.credit, "月结还款"
            missing = -account.posted
        if missing <= wanted * (1 - TOP_UP_BELOW):
            continue
        amount = missing if kind == "repayment" else round(missing, -6)
        command = PayIn(amount=amount, method="offline", note=note)
        asked = await accounts.request_recharge(session, distributor, account.id, command, kind=kind)
        await accounts.approve_recharge(session, supplier, asked.id)


async def unfinished(session: AsyncSession, stage: Stage) -> None:
    """What waits for somebody: a recharge to approve, one refused, a cooperation that has ended."""
    market = await read_market(session)
    first, supplier = market.people["distributor"], market.people["supplier"]
    account = await session.scalar(
        select(Account).where(
            Account.owner_id == first.organization_id,
            Account.supplier_id == supplier.organization_id,
            Account.kind == AccountKind.PREPAID,
        )
    )
    assert account is not None
    with clock.at(stage.anchor - timedelta(days=3)):
        command = PayIn(amount=8_000 * YUAN, method="offline", note="对公转账，流水号待补")
        refused = await accounts.request_recharge(session, first, account.id, command, kind="recharge")
        await accounts.reject_recharge(
            session, supplier, refused.id, reason="未查到该笔到账，请核对付款账户后重新提交。"
        )
    with clock.at(stage.anchor - timedelta(hours=3)):
        command = PayIn(amount=50_000 * YUAN, method="offline", note="对公转账")
        await accounts.request_recharge(session, first, account.id, command, kind="recharge")
    with clock.at(stage.anchor - timedelta(days=12)):
        for distributor, plan in relations():
            if plan.stopped:
                supplier = market.people[plan.supplier]
                relation = await session.scalar(
                    select(SupplyRelation).where(
                        SupplyRelation.supplier_id == supplier.organization_id,
                        SupplyRelation.distributor_id == market.people[distributor.username].organization_id,
                        SupplyRelation.status == RelationStatus.ACTIVE,
                    )
                )
                assert relation is not None
                await partners.apply(session, supplier, relation.id, RelationAction.STOP, None)
