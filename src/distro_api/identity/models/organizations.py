"""Organizations: the tenants."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.changes import TOLD
from distro_api.core.db import Versioned
from distro_api.identity.states import OrganizationStatus

CREDIT_CODE = "^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"
"""The form of a unified social credit code: authority and kind, division, organization, check character."""


class Kind(StrEnum):
    """What an organization is. A principal of kind `customer` acts for itself through a mini-program session."""

    ADMIN = "admin"
    SUPPLIER = "supplier"
    DISTRIBUTOR = "distributor"
    CUSTOMER = "customer"


class PartnerPolicy(StrEnum):
    """Who becomes a partner: whoever knows our code or id, at once; or whom we have accepted."""

    OPEN = "open"
    INVITATION = "invitation"


class Organization(Versioned):
    """A tenant. A supplier's built-in house distributor (`house_of`) carries its sales without a distributor."""

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("house_of"),
        CheckConstraint("house_of IS NULL OR kind = 'distributor'", name="a_house_is_a_distributor"),
        UniqueConstraint("partner_code"),
        CheckConstraint(
            "(partner_code IS NOT NULL) = (kind IN ('supplier', 'distributor') AND house_of IS NULL)",
            name="partners_have_a_code",
        ),
        CheckConstraint("(status = 'rejected') = (rejected_because IS NOT NULL)", name="rejected_for_a_reason"),
        Index("ix_organizations_kind_id", "kind", "id"),
        CheckConstraint(f"credit_code ~ '{CREDIT_CODE}'", name="credit_code_has_its_form"),
        Index(
            "uq_organizations_credit_code", "credit_code", unique=True, postgresql_where=text("status <> 'rejected'")
        ),
    )

    kind: Mapped[Kind]
    name: Mapped[str] = mapped_column(info=TOLD)
    status: Mapped[OrganizationStatus]
    credit_code: Mapped[str | None] = mapped_column(info=TOLD)
    """The unified social credit code on its licence; names one organization that is not rejected."""
    rejected_because: Mapped[str | None]
    """Why its application was not approved."""
    second_factor_required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    house_of: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    partner_code: Mapped[str | None]
    partner_policy: Mapped[PartnerPolicy] = mapped_column(default=PartnerPolicy.INVITATION)
    withheld: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"), info=TOLD)
    """Permissions of its kind that the platform does not let it use."""
