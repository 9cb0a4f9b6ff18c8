"""Row-level security around orders, tickets, refunds, accounts and the ledger; `wall_off` for tables to come."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
CREATE FUNCTION acting_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(nullif(current_setting('app.tenant', true), ''), 'platform')::uuid $$
""",
    """
CREATE FUNCTION acting_as_platform() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('app.tenant', true) = 'platform', false) $$
""",
    # the scalar subqueries are computed once a statement, not once a row
    """
CREATE FUNCTION wall_off(walled regclass, VARIADIC columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mine text;
BEGIN
    SELECT string_agg(format('%I = (SELECT acting_organization())', c), ' OR ') INTO mine FROM unnest(columns) c;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY tenant ON %s TO distro_app USING ((SELECT acting_as_platform()) OR %s)', walled, mine);
    EXECUTE format('CREATE POLICY engine ON %s TO distro_engine USING (true) WITH CHECK (true)', walled);
END $$
""",
)
SIGNATURES = ("wall_off(regclass, text[])", "acting_as_platform()", "acting_organization()")
BY_COLUMNS = {
    "orders": ("supplier_id", "distributor_id"),
    "order_lines": ("supplier_id", "distributor_id"),
    "order_transitions": ("supplier_id", "distributor_id"),
    "tickets": ("supplier_id", "distributor_id"),
    "refunds": ("supplier_id", "distributor_id"),
    "accounts": ("supplier_id", "owner_id"),
    "recharges": ("supplier_id", "distributor_id"),
    "bonus_redemptions": ("supplier_id", "distributor_id"),
}
MINE = "(SELECT acting_as_platform()) OR supplier_id = (SELECT acting_organization())"
OWN_ACCOUNTS = "(SELECT a.id FROM accounts a WHERE a.owner_id = (SELECT acting_organization()))"
OWN_BOOKS = "(SELECT a.supplier_id FROM accounts a WHERE a.owner_id = (SELECT acting_organization()))"
OF_ANOTHER = {
    "refund_lines": "EXISTS (SELECT FROM refunds r WHERE r.id = refund_id)",
    "ticket_redemptions": f"{MINE} OR EXISTS (SELECT FROM tickets t WHERE t.id = ticket_id)",
    "transfers": f"{MINE} OR debit_account_id IN {OWN_ACCOUNTS} OR credit_account_id IN {OWN_ACCOUNTS}",
}
"""Rows that belong to whoever sees the row they are about."""


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("GRANT EXECUTE ON FUNCTION acting_organization(), acting_as_platform() TO distro_app")
    for table, columns in BY_COLUMNS.items():
        named = ", ".join(f"'{column}'" for column in columns)
        op.execute(f"SELECT wall_off('{table}', {named})")
    for table, seen in OF_ANOTHER.items():
        _wall(table, f"CREATE POLICY tenant ON {table} TO distro_app USING ({seen})")
    # whoever moves money writes both legs of it, but sees only its own accounts' side
    _wall(
        "entries",
        f"CREATE POLICY tenant ON entries FOR SELECT TO distro_app USING ({MINE} OR account_id IN {OWN_ACCOUNTS})",
        f"CREATE POLICY booking ON entries FOR INSERT TO distro_app WITH CHECK ({MINE} OR supplier_id IN {OWN_BOOKS})",
    )


def _wall(table: str, *policies: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for policy in (*policies, f"CREATE POLICY engine ON {table} TO distro_engine USING (true) WITH CHECK (true)"):
        op.execute(policy)


def downgrade() -> None:
    for table in ("entries", *OF_ANOTHER, *BY_COLUMNS):
        for policy in ("tenant", "booking", "engine"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
