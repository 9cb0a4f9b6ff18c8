"""What staff takes and gives."""

import unicodedata
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from distro_api.core.schemas import Command, Out, Patch, Phone, absent, printable
from distro_api.identity.models import UserStatus
from distro_api.identity.schemas import Email, Username
from distro_api.identity.service.accounts import normal_phone
from distro_api.spreadsheets.service import refusing
from distro_api.staff.models import EmployeeStatus


def _half_width(value: object) -> object:
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


def _text(limit: int) -> object:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=limit)


Number = Annotated[
    str,
    _text(32),
    AfterValidator(printable),
    BeforeValidator(_half_width),
    Field(description="Of the organization's own, unique in it", examples=["A0017"]),
]
EmployeeName = Annotated[str, _text(50), AfterValidator(printable), Field(examples=["王小明"])]
Department = Annotated[str, _text(50), AfterValidator(printable), Field(examples=["票务部"])]
Position = Annotated[str, _text(50), AfterValidator(printable), Field(examples=["售票员"])]
EmailAddress = Annotated[Email, AfterValidator(str.lower)]


class CreateEmployee(Command):
    number: Number
    name: EmployeeName
    department: Department | None = None
    position: Position | None = None
    phone: Annotated[Phone | None, Field(description="A mobile number: mainland China's, or any with its +code")] = None
    email: EmailAddress | None = None


class UpdateEmployee(Patch):
    clearable: ClassVar[frozenset[str]] = frozenset({"department", "position", "phone", "email"})

    number: Number = absent()
    name: EmployeeName = absent()
    department: Department | None = None
    position: Position | None = None
    phone: Phone | None = None
    email: EmailAddress | None = None


class GiveAccount(Command):
    username: Annotated[
        Username | None, Field(description="Left out: one is made up; the phone number serves for signing in too")
    ] = None
    role_ids: Annotated[
        list[UUID], Field(min_length=1, max_length=20, description="They add up; see `GET /api/v1/roles`")
    ]


class EmployeeRow(BaseModel):
    """A row of an import, valid by itself."""

    number: Number
    name: EmployeeName
    department: Department | None = None
    position: Position | None = None
    phone: Annotated[str, refusing(normal_phone)] | None = None
    email: EmailAddress | None = None
    status: EmployeeStatus | None = None


class EmployeeBase(Out):
    id: UUID
    number: str
    name: str
    department: str | None
    position: str | None
    status: EmployeeStatus
    has_account: bool
    created_at: datetime
    version: int


class EmployeeListed(EmployeeBase):
    """An employee in a list: phone and e-mail masked."""

    phone: Annotated[str | None, Field(description="Masked", examples=["+86****8000"])]
    email: Annotated[str | None, Field(description="Masked", examples=["w***@example.com"])]


class AccountOut(Out):
    id: UUID
    username: str
    status: UserStatus


class EmployeeOut(EmployeeBase):
    phone: Annotated[str | None, Field(description="E.164", examples=["+8613800138000"])]
    email: str | None
    account: Annotated[AccountOut | None, Field(description="To sign in with; see `GET /api/v1/users/{id}`")]
    updated_at: datetime
