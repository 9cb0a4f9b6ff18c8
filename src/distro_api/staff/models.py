"""The people who work for an organization."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.changes import TOLD
from distro_api.core.db import Versioned
from distro_api.staff.states import EmployeeStatus as EmployeeStatus


class Employee(Versioned):
    """An employee, known by a number of the organization's own. `user_id` once there is an account to sign in with."""

    __tablename__ = "employees"
    __table_args__ = (
        UniqueConstraint("organization_id", "number"),
        UniqueConstraint("organization_id", "phone"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint("number <> '' AND name <> ''", name="number_and_name"),
        Index("ix_employees_organization_id_id", "organization_id", "id"),
        Index("ix_employees_organization_id_name_id", "organization_id", "name", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    number: Mapped[str] = mapped_column(info=TOLD)
    name: Mapped[str]
    department: Mapped[str | None] = mapped_column(info=TOLD)
    position: Mapped[str | None] = mapped_column(info=TOLD)
    phone: Mapped[str | None]
    email: Mapped[str | None]
    status: Mapped[EmployeeStatus]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), unique=True)
