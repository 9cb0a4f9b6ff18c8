"""What an organization is registered with, and requests to change it."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from distro_api.core.schemas import Command, Name, Out, Patch, Phone, Reason, ShortText, absent, printable
from distro_api.identity.models import CREDIT_CODE, ChangeStatus
from distro_api.identity.schemas.fields import Email

MAX_CONTACTS = 10


def _in_capitals(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


CreditCode = Annotated[
    str,
    BeforeValidator(_in_capitals),
    StringConstraints(pattern=CREDIT_CODE),
    Field(
        description="Unified social credit code, the number on the business licence (GB 32100-2015)",
        examples=["91330100799655058B"],
    ),
]
RegionCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{6}([0-9]{3})?$"),
    Field(description="Code of the district, from GET /divisions", examples=["330106"]),
]
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
    Field(description="Street and number; the division is in front of it", examples=["龙井路1号"]),
]
AccountNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{8,30}$"), Field(examples=["6222020200112233445"])
]


class ContactPerson(Command):
    name: Name
    title: Annotated[ShortText | None, Field(description="What the person does")] = None
    phone: Phone
    email: Email | None = None


class BankAccount(Command):
    bank: Annotated[Name, Field(description="Bank, with its branch")]
    account_name: Name
    account_number: AccountNumber


class Profile(Patch):
    """Registration data; what is left out stays as it is, null empties it."""

    clearable: ClassVar[frozenset[str]] = frozenset({"credit_code", "region_code", "address", "bank_account"})

    credit_code: CreditCode | None = None
    region_code: RegionCode | None = None
    address: Address | None = None
    contacts: Annotated[list[ContactPerson], Field(max_length=MAX_CONTACTS)] = absent()
    bank_account: Annotated[BankAccount | None, Field(description="Kept encrypted, shown masked")] = None


class RequestChange(Profile):
    name: Annotated[Name, Field(description="Of the organization")] = absent()
    note: Annotated[ShortText | None, Field(description="To whom reviews it")] = None
    clearable: ClassVar[frozenset[str]] = Profile.clearable | {"note"}


class RejectChange(Command):
    reason: Reason


class RegionOut(Out):
    code: str
    name: Annotated[str, Field(description="With city and province", examples=["浙江省杭州市西湖区"])]


class ContactOut(Out):
    name: str
    title: str | None
    phone: Annotated[str, Field(description="E.164")]
    email: str | None


class BankAccountOut(Out):
    bank: str
    account_name: str
    account_number: Annotated[str, Field(description="Its last four digits only", examples=["****3445"])]


class ProfileOut(Out):
    organization_id: UUID
    name: str
    credit_code: str | None
    region: RegionOut | None
    address: str | None
    contacts: list[ContactOut]
    bank_account: BankAccountOut | None
    pending_change_id: Annotated[UUID | None, Field(description="The request that is being reviewed")]


class FieldChangeOut(Out):
    field: Annotated[str, Field(examples=["address"])]
    before: Annotated[Any, Field(description="As the profile shows it")]
    after: Annotated[Any, Field(description="As the profile would show it")]


class ChangeOut(Out):
    id: UUID
    organization_id: UUID
    organization_name: str
    status: ChangeStatus
    changes: list[FieldChangeOut]
    note: str | None
    reason: Annotated[str | None, Field(description="Why it was rejected")]
    requested_by: UUID
    reviewed_by: UUID | None
    created_at: datetime
    ended_at: Annotated[datetime | None, Field(description="When it was approved, rejected or withdrawn")]
    version: int


class DivisionOut(Out):
    code: str
    name: str
    full_name: str
    is_smallest: Annotated[bool, Field(description="An address can name it; others are made of smaller ones")]
