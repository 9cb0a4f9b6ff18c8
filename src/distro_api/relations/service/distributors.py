"""Distributors that a supplier creates."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import Kind, Organization, User
from distro_api.identity.service import passwords
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.organizations import NewUser, create_organization
from distro_api.notifications.service import Notifier, Template
from distro_api.relations import queries
from distro_api.relations.models import Sells, SupplyRelation
from distro_api.relations.service.opening import establish

_USERNAME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class NewDistributor:
    organization: Organization
    owner: User
    relation: SupplyRelation


async def create_distributor(
    session: AsyncSession,
    notifier: Notifier,
    actor: Actor,
    supplier_id: UUID,
    *,
    name: str,
    phone: str,
    contact_name: str | None,
) -> NewDistributor:
    """A distributor from a name and a number: its relation is open, and the number gets a one-time password.

    Raises:
        InvalidPhone
        PhoneTaken: by whom is not said; a distributor can be invited by its number.
    """
    number, password = normal_phone(phone), passwords.generate()
    owner = NewUser(
        username="d-" + "".join(secrets.choice(_USERNAME_LETTERS) for _ in range(8)),
        password=password,
        name=contact_name or name,
        phone=number,
        password_change_required=True,
    )
    made, user = await create_organization(session, actor, kind=Kind.DISTRIBUTOR, name=name, owner=owner)
    supplier = (await queries.organizations(session, [supplier_id]))[supplier_id]
    await notifier.send(
        session,
        to=number,
        template=Template.ONE_TIME_PASSWORD,
        params={"supplier": supplier.name, "name": name, "username": user.username, "password": password},
    )
    opened = await establish(
        session, actor, supplier_id=supplier_id, distributor_id=made.id, tier=None, sells=Sells.ALL
    )
    return NewDistributor(made, user, opened)
