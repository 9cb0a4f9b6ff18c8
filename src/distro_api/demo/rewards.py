"""Synergy and bonus points: rules that were there before the first order, and points turned into money."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.demo.buyers import AGENT, GOLD
from distro_api.demo.stage import SUPPLIERS, Stage, read_market
from distro_api.incentives import service as incentives
from distro_api.incentives.models import Basis, EarnedOn, Earner, Unit
from distro_api.incentives.schemas import CreateIncentiveRule, RedeemBonus, RuleScope
from distro_api.products.models import ProductKind

REDEEMED = 800


async def open_rules(session: AsyncSession, stage: Stage) -> None:
    """Of each supplier: synergy for both sides, bonus for the better tiers; one action that has ended."""
    market = await read_market(session)
    since = stage.first_day - timedelta(days=5)
    with clock.at(stage.instant(since, 10)):
        for plan in SUPPLIERS:
            rules = [
                CreateIncentiveRule(
                    name="分销商履约协同值",
                    unit=Unit.SYNERGY,
                    earner=Earner.DISTRIBUTOR,
                    event=EarnedOn.ORDER_COMPLETED,
                    basis=Basis.AMOUNT,
                    rate="1",
                    valid_from=since,
                ),
                CreateIncentiveRule(
                    name="供应商服务协同值",
                    unit=Unit.SYNERGY,
                    earner=Earner.SUPPLIER,
                    event=EarnedOn.ORDER_COMPLETED,
                    basis=Basis.ORDER,
                    rate="5",
                    valid_from=since,
                ),
                CreateIncentiveRule(
                    name="核心分销商奖金值",
                    unit=Unit.BONUS,
                    earner=Earner.DISTRIBUTOR,
                    event=EarnedOn.ORDER_PAID,
                    basis=Basis.AMOUNT,
                    rate="0.5",
                    scope=RuleScope(tiers=[GOLD, AGENT]),
                    valid_from=since,
                ),
            ]
            for rule in rules:
                await incentives.create_rule(session, market.people[plan.username], rule)
        action = CreateIncentiveRule(
            name="开季门票冲量奖金值",
            unit=Unit.BONUS,
            earner=Earner.DISTRIBUTOR,
            event=EarnedOn.ORDER_PAID,
            basis=Basis.QUANTITY,
            rate="2",
            scope=RuleScope(kinds=[ProductKind.TICKET]),
            valid_from=stage.first_day,
            valid_to=stage.first_day + timedelta(days=29),
        )
        await incentives.create_rule(session, market.people[SUPPLIERS[0].username], action)


async def redeem(session: AsyncSession, stage: Stage) -> None:
    """The first distributor turns points into money."""
    market = await read_market(session)
    with clock.at(stage.anchor):
        command = RedeemBonus(supplier_id=market.people["supplier"].organization_id, points=REDEEMED)
        await incentives.redeem_bonus(
            session, market.people["distributor"], command, point_amount=stage.bonus_point_amount
        )
