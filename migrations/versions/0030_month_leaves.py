"""Months of partitioned tables come and go without stopping those who read and write: made apart and attached, old events dropped."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

ENSURE_LEAVES = """
CREATE FUNCTION ensure_leaves(parent text, first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE month date; leaf text; made integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(quote_ident(parent)) AND relkind = 'p') THEN
        RAISE EXCEPTION '% is not partitioned', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
    month := date_trunc('month', first_day);
    WHILE month <= last_day LOOP
        leaf := parent || to_char(month, '_YYYYMM');
        IF to_regclass(quote_ident(leaf)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, parent);
            EXECUTE format('REVOKE ALL ON %I FROM distro_app, distro_engine', leaf);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, leaf,
                           to_char(month, 'YYYY-MM-DD') || ' 00:00+00',
                           to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00+00');
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$
"""
"""Monthly leaves of one table for the months of the two days; how many were made. One transaction for each table.

`PARTITION OF` would take ACCESS EXCLUSIVE on the table, and everybody would queue behind one long reader. Attaching
what was made apart lets reads and writes go on. Leaves are reached through their table only: default privileges on them
would let append-only rows be changed.
"""

ENSURE_PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(ensure_leaves(c.relname::text, first_day, last_day)), 0)::integer
    FROM (SELECT relname FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace ORDER BY relname) c
$$
"""
"""The leaves of every partitioned table at once, for a start; how many were made."""

DROP_OLD_EVENTS = """
CREATE FUNCTION drop_old_events(kept_from timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE leaf regclass; last bigint;
BEGIN
    SELECT c.oid INTO leaf FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{6}$'
        AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC'
            <= least(kept_from, now() - interval '1 day')
    ORDER BY c.relname LIMIT 1;
    IF leaf IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT max(position) FROM %s', leaf) INTO last;
    IF last > coalesce((SELECT min(position) FROM event_cursors), 0)
        OR EXISTS (SELECT FROM event_parked WHERE position <= last) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('ALTER TABLE events DETACH PARTITION %s', leaf);
    EXECUTE format('DROP TABLE %s', leaf);
    RETURN leaf::text;
END $$
"""
"""Drops the oldest month of events if all of it is older than `kept_from`, every subscriber is past it, and no event up
to its end is parked; its name, or null. A lock that is not free at once is waited for only so long that nobody notices.
"""

ENSURE_PARTITIONS_BEFORE = """
CREATE OR REPLACE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS integer
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


def upgrade() -> None:
    op.execute(ENSURE_LEAVES)
    op.execute(ENSURE_PARTITIONS)
    op.execute(DROP_OLD_EVENTS)
    op.execute("GRANT EXECUTE ON FUNCTION ensure_leaves(text, date, date) TO distro_engine")
    op.execute("GRANT EXECUTE ON FUNCTION drop_old_events(timestamptz) TO distro_engine")


def downgrade() -> None:
    op.execute(ENSURE_PARTITIONS_BEFORE)
    op.execute("DROP FUNCTION drop_old_events(timestamptz)")
    op.execute("DROP FUNCTION ensure_leaves(text, date, date)")
