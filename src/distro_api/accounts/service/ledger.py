"""The ledger inside a transaction: lock accounts, decide transfers on a working copy, write all of it at once.

Credit is positive: an account's balance is what was credited less what was debited. That is the holder's view for
accounts that a supplier owes (prepaid, points) or lends on (credit: a debt is negative).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from distro_api.accounts.errors import AccountNotUsable, InsufficientFunds
from distro_api.accounts.models import FLOORED, AccountKind, AccountStatus, TransferState, contra_account_id
from distro_api.core import clock
from distro_api.core.db import Connection
from distro_api.core.writes import Columns, Writes


@dataclass(slots=True)
class LockedAccount:
    """A limited account's row as it was locked, changed by each decision."""

    id: UUID
    supplier_id: UUID
    owner_id: UUID
    kind: str
    unit: str
    status: str
    posted: int
    frozen: int
    credit_limit: int
    entry_count: int
    valid_from: date | None
    valid_to: date | None

    @property
    def available(self) -> int:
        return self.credit_limit + self.posted - self.frozen


@dataclass(frozen=True, slots=True)
class Hold:
    """A pending transfer: money frozen on `account_id` until it is posted or voided."""

    id: UUID
    account_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Why:
    """What a transfer is for."""

    kind: str
    reference_id: UUID
    at: datetime


@dataclass(slots=True)
class Ledger:
    """The locked accounts of a batch and the transfers decided on them."""

    accounts: Mapping[UUID, LockedAccount]
    transfers: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    changes: dict[UUID, list[int]] = field(default_factory=dict)
    _by_name: dict[tuple[UUID, UUID, str], LockedAccount] = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = {(a.supplier_id, a.owner_id, a.kind): a for a in self.accounts.values()}

    def of(self, supplier_id: UUID, owner_id: UUID, kind: str) -> LockedAccount | None:
        """The account among the locked ones."""
        return self._by_name.get((supplier_id, owner_id, kind))

    def check(self, account: LockedAccount, amount: int, today: date) -> None:
        """Refuse unless the account may spend `amount` today.

        Raises:
            AccountNotUsable, InsufficientFunds
        """
        if account.status != AccountStatus.ACTIVE:
            raise AccountNotUsable(account_status=account.status)
        if (account.valid_from and today < account.valid_from) or (account.valid_to and today > account.valid_to):
            raise AccountNotUsable(account_status="expired", valid_from=account.valid_from, valid_to=account.valid_to)
        if amount > account.available:
            raise InsufficientFunds(amount=amount, available_amount=account.available)

    def debit(self, account: LockedAccount, amount: int, contra: AccountKind, why: Why, transfer_id: UUID) -> None:
        """Take `amount` from the account into a contra account of its book."""
        other = contra_account_id(account.supplier_id, contra, account.unit)
        self._transfer(transfer_id, account, account.id, other, amount, TransferState.DIRECT, None, why)
        self._enter(transfer_id, 0, account, -amount, 0, why)
        self._enter_contra(transfer_id, 1, account, other, amount, why)

    def credit(self, account: LockedAccount, amount: int, contra: AccountKind, why: Why, transfer_id: UUID) -> None:
        """Give `amount` from a contra account of its book to the account."""
        other = contra_account_id(account.supplier_id, contra, account.unit)
        self._transfer(transfer_id, account, other, account.id, amount, TransferState.DIRECT, None, why)
        self._enter_contra(transfer_id, 0, account, other, -amount, why)
        self._enter(transfer_id, 1, account, amount, 0, why)

    def freeze(self, account: LockedAccount, amount: int, contra: AccountKind, why: Why, transfer_id: UUID) -> Hold:
        """Set `amount` aside on the account; decided against the credit limit by `check` before."""
        other = contra_account_id(account.supplier_id, contra, account.unit)
        self._transfer(transfer_id, account, account.id, other, amount, TransferState.PENDING, None, why)
        self._enter(transfer_id, 0, account, 0, amount, why)
        return Hold(transfer_id, account.id, amount)

    def post(self, hold: Hold, amount: int, contra: AccountKind, why: Why, transfer_id: UUID) -> None:
        """Take `amount` of what is frozen; the rest is free again."""
        assert 0 < amount <= hold.amount
        account = self.accounts[hold.account_id]
        other = contra_account_id(account.supplier_id, contra, account.unit)
        self._transfer(transfer_id, account, account.id, other, amount, TransferState.POST, hold.id, why)
        self._enter(transfer_id, 0, account, -amount, -hold.amount, why)
        self._enter_contra(transfer_id, 1, account, other, amount, why)

    def void(self, hold: Hold, contra: AccountKind, why: Why, transfer_id: UUID) -> None:
        """Free all that is frozen."""
        account = self.accounts[hold.account_id]
        other = contra_account_id(account.supplier_id, contra, account.unit)
        self._transfer(transfer_id, account, account.id, other, 0, TransferState.VOID, hold.id, why)
        self._enter(transfer_id, 0, account, 0, -hold.amount, why)

    def _transfer(
        self,
        transfer_id: UUID,
        account: LockedAccount,
        debit_id: UUID,
        credit_id: UUID,
        amount: int,
        state: TransferState,
        pending_id: UUID | None,
        why: Why,
    ) -> None:
        self.transfers.append(
            (
                transfer_id,
                account.supplier_id,
                debit_id,
                credit_id,
                amount,
                account.unit,
                state,
                pending_id,
                why.kind,
                why.reference_id,
                why.at,
            )
        )

    def _enter(self, transfer_id: UUID, leg: int, account: LockedAccount, amount: int, frozen: int, why: Why) -> None:
        account.posted += amount
        account.frozen += frozen
        account.entry_count += 1
        change = self.changes.setdefault(account.id, [0, 0, 0])
        change[0] += amount
        change[1] += frozen
        change[2] += 1
        self.entries.append(
            (
                transfer_id,
                leg,
                account.supplier_id,
                account.id,
                why.kind,
                amount,
                frozen,
                account.available,
                account.posted,
                account.entry_count,
                why.reference_id,
                why.at,
            )
        )

    def _enter_contra(
        self, transfer_id: UUID, leg: int, account: LockedAccount, contra_id: UUID, amount: int, why: Why
    ) -> None:
        self.entries.append(
            (
                transfer_id,
                leg,
                account.supplier_id,
                contra_id,
                why.kind,
                amount,
                0,
                None,
                None,
                None,
                why.reference_id,
                why.at,
            )
        )


_ROW = "id, supplier_id, owner_id, kind, unit, status, posted, frozen, credit_limit, entry_count, valid_from, valid_to"
_LOCK = f"""
SELECT {_ROW} FROM accounts WHERE id = ANY(
    $1::uuid[] || ARRAY(SELECT a.id FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS w(supplier_id, owner_id, kind)
                        JOIN accounts a USING (supplier_id, owner_id, kind)))
ORDER BY id FOR UPDATE
"""

Named = tuple[UUID, UUID, str]
"""An account by book, owner and kind."""


async def lock_many(connection: Connection, ids: Iterable[UUID], named: Iterable[Named] = ()) -> Ledger:
    """Lock accounts in id order; those that do not exist are missing in the answer."""
    by_id, by_name = list(set(ids)), list(set(named))
    if not by_id and not by_name:
        return Ledger({})
    suppliers, owners, kinds = [list(part) for part in zip(*by_name, strict=True)] if by_name else ([], [], [])
    rows = await connection.fetch(_LOCK, by_id, suppliers, owners, kinds)
    return Ledger({row[0]: LockedAccount(*row) for row in rows})


_TRANSFER_COLUMNS: Columns = (
    ("id", "uuid"),
    ("supplier_id", "uuid"),
    ("debit_account_id", "uuid"),
    ("credit_account_id", "uuid"),
    ("amount", "bigint"),
    ("unit", "text"),
    ("state", "text"),
    ("pending_id", "uuid"),
    ("kind", "text"),
    ("reference_id", "uuid"),
    ("created_at", "timestamptz"),
)
_ENTRY_COLUMNS: Columns = (
    ("transfer_id", "uuid"),
    ("leg", "smallint"),
    ("supplier_id", "uuid"),
    ("account_id", "uuid"),
    ("kind", "text"),
    ("amount", "bigint"),
    ("frozen_delta", "bigint"),
    ("available_after", "bigint"),
    ("balance_after", "bigint"),
    ("account_version", "bigint"),
    ("reference_id", "uuid"),
    ("created_at", "timestamptz"),
)
_CHANGE_COLUMNS: Columns = (
    ("id", "uuid"),
    ("posted", "bigint"),
    ("frozen", "bigint"),
    ("entries", "bigint"),
    ("posted_after", "bigint"),
    ("frozen_after", "bigint"),
    ("entries_after", "bigint"),
)
_CHANGE = """posted = t.posted + w.posted, frozen = t.frozen + w.frozen, entry_count = t.entry_count + w.entries,
    limit_floor = CASE WHEN t.limit_floor IS NOT NULL
        THEN GREATEST(t.credit_limit, LEAST(t.limit_floor, t.frozen + w.frozen - t.posted - w.posted)) END"""
_AS_DECIDED = "(t.posted, t.frozen, t.entry_count) = (w.posted_after, w.frozen_after, w.entries_after)"
"""The floor only comes down with what is used: a rise would make the CHECK say yes to everything."""


def apply_many(writes: Writes, ledger: Ledger) -> None:
    """Write transfers, entries and balances; increments in SQL, so that a CHECK that fires here is our bug."""
    changed = [
        (account_id, *sums, account.posted, account.frozen, account.entry_count)
        for account_id, sums in ledger.changes.items()
        for account in (ledger.accounts[account_id],)
    ]
    writes.update("accounts", _CHANGE_COLUMNS, changed, _CHANGE, proof=_AS_DECIDED)
    writes.insert("transfers", _TRANSFER_COLUMNS, ledger.transfers)
    writes.insert("entries", _ENTRY_COLUMNS, ledger.entries)


async def book(connection: Connection, ledger: Ledger) -> None:
    """`apply_many` for a transaction that writes nothing else by arrays."""
    writes = Writes()
    apply_many(writes, ledger)
    await writes.run(connection)


def floor_of(kind: AccountKind, credit_limit: int, posted: int = 0, frozen: int = 0) -> int | None:
    """`limit_floor` of a money account after its limit was set; points have none."""
    return max(credit_limit, frozen - posted) if kind in FLOORED else None


_OPEN_CONTRA = """
INSERT INTO accounts (id, supplier_id, owner_id, kind, unit, status, posted, frozen, credit_limit, entry_count, version,
    created_at, updated_at)
SELECT w.id, $1, $1, w.kind, w.unit, 'active', 0, 0, 0, 0, 1, $5, $5
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS w(id, kind, unit) ON CONFLICT (id) DO NOTHING
"""
CONTRA = (
    (AccountKind.SALES, "CNY"),
    (AccountKind.CASH, "CNY"),
    (AccountKind.SYNERGY_ISSUED, "synergy"),
    (AccountKind.BONUS_COST, "bonus"),
    (AccountKind.BONUS_COST, "CNY"),
)
"""What a supplier's book holds besides the accounts of others."""


async def open_contra_accounts(connection: Connection, supplier_id: UUID) -> None:
    """Open a supplier's book; one that is open already stays as it is."""
    ids = [contra_account_id(supplier_id, kind, unit) for kind, unit in CONTRA]
    kinds, units = [kind.value for kind, _ in CONTRA], [unit for _, unit in CONTRA]
    await connection.execute(_OPEN_CONTRA, supplier_id, ids, kinds, units, clock.now())
