"""Events, idempotency keys, and what the two logins may do by default."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE parent regclass; month date; leaf text; made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
    FOR parent IN SELECT partrelid::regclass FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
                  WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname LOOP
        month := date_trunc('month', first_day);
        WHILE month <= last_day LOOP
            leaf := parent::text || to_char(month, '_YYYYMM');
            IF to_regclass(leaf) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', leaf, parent,
                               to_char(month, 'YYYY-MM-DD') || ' 00:00+00',
                               to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00+00');
                EXECUTE format('REVOKE ALL ON %I FROM distro_app, distro_engine', leaf);
                made := made + 1;
            END IF;
            month := month + interval '1 month';
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""
"""Monthly leaves of every partitioned table for the months of the two days; how many were made.

Leaves are reached through their parent only: default privileges on them would let append-only rows be changed.
"""


def upgrade() -> None:
    op.execute("GRANT USAGE ON SCHEMA public TO distro_app, distro_engine")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO distro_app, distro_engine")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.create_table(
        "event_cursors",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("pk_event_cursors")),
    )
    op.create_table(
        "event_parked",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("distributor_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "position", name=op.f("pk_event_parked")),
    )
    op.create_index(
        "ix_event_parked_subscriber_aggregate_id", "event_parked", ["subscriber", "aggregate_id"], unique=False
    )
    op.create_table(
        "event_relay",
        sa.Column("id", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_relay")),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("distributor_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", "published_at", name=op.f("pk_events")),
        postgresql_partition_by="RANGE (published_at)",
    )
    op.create_index("ix_events_distributor_id_position", "events", ["distributor_id", "position"], unique=False)
    op.create_index("ix_events_supplier_id_position", "events", ["supplier_id", "position"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("distributor_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.execute("INSERT INTO event_relay (id, position) VALUES (true, 0)")
    op.execute("REVOKE UPDATE, DELETE ON events FROM distro_app, distro_engine")
    op.execute("REVOKE INSERT ON events FROM distro_app")
    op.execute(ENSURE_PARTITIONS)
    op.execute("GRANT EXECUTE ON FUNCTION ensure_partitions(date, date) TO distro_engine")


def downgrade() -> None:
    op.execute("DROP FUNCTION ensure_partitions(date, date)")
    op.drop_table("outbox")
    op.drop_table("idempotency_keys")
    op.drop_table("events")
    op.drop_table("event_relay")
    op.drop_table("event_parked")
    op.drop_table("event_cursors")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM distro_app, distro_engine")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    op.execute("REVOKE USAGE ON SCHEMA public FROM distro_app, distro_engine")
