"""Tiers in lists of their own, invitations of partners, the history of relations."""

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_tiers()
    op.add_column("supply_relations", sa.Column("stop_reason", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_supply_relations_a_reason_to_stop"),
        "supply_relations",
        "stop_reason IS NULL OR status = 'stopped'",
    )
    op.create_table(
        "supply_relation_changes",
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "change",
            sa.Enum(
                "opened",
                "stopped",
                "resumed",
                "terms_changed",
                name="change",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["relation_id"], ["supply_relations.id"], name=op.f("fk_supply_relation_changes_relation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_relation_changes")),
    )
    op.create_index("ix_supply_relation_changes_relation_id_id", "supply_relation_changes", ["relation_id", "id"])
    op.execute("REVOKE UPDATE, DELETE ON supply_relation_changes FROM distro_app, distro_engine")
    _make_invitations()


def downgrade() -> None:
    op.drop_table("partner_invitations")
    op.drop_table("supply_relation_changes")
    op.drop_constraint(op.f("ck_supply_relations_a_reason_to_stop"), "supply_relations", type_="check")
    op.drop_column("supply_relations", "stop_reason")
    _undo_tiers()


def _make_tiers() -> None:
    """The names that are in use become each supplier's list; who names one holds it by a foreign key."""
    op.create_table(
        "distributor_tiers",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rank BETWEEN 1 AND 1000", name=op.f("ck_distributor_tiers_rank_is_bounded")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_distributor_tiers_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distributor_tiers")),
        sa.UniqueConstraint("supplier_id", "name", name=op.f("uq_distributor_tiers_supplier_id_name")),
    )
    _collect_tiers()
    for table, owner, owner_id in (
        ("strategy_tiers", "strategies", "strategy_id"),
        ("incentive_rule_tiers", "incentive_rules", "rule_id"),
    ):
        op.create_table(
            table,
            sa.Column(owner_id, sa.Uuid(), nullable=False),
            sa.Column("tier", sa.Text(), nullable=False),
            sa.Column("supplier_id", sa.Uuid(), nullable=False),
            sa.Column("position", sa.BigInteger(), nullable=False),
            sa.ForeignKeyConstraint(
                [owner_id], [f"{owner}.id"], name=op.f(f"fk_{table}_{owner_id}"), ondelete="CASCADE"
            ),
            _names_a_tier(table),
            sa.PrimaryKeyConstraint(owner_id, "tier", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_supplier_id_tier", table, ["supplier_id", "tier"])
    op.execute(
        "INSERT INTO strategy_tiers (strategy_id, tier, supplier_id, position) "
        "SELECT s.id, t.name, s.supplier_id, min(t.position) - 1 FROM strategies s, "
        "unnest(s.tiers) WITH ORDINALITY AS t(name, position) GROUP BY s.id, t.name"
    )
    op.execute(
        "INSERT INTO incentive_rule_tiers (rule_id, tier, supplier_id, position) "
        "SELECT r.id, t.name, r.supplier_id, min(t.position) - 1 FROM incentive_rules r, "
        "jsonb_array_elements_text(nullif(r.scope -> 'tiers', 'null')) WITH ORDINALITY AS t(name, position) "
        "GROUP BY r.id, t.name"
    )
    op.execute("UPDATE incentive_rules SET scope = scope - 'tiers'")
    op.drop_constraint(op.f("ck_strategies_audience_is_named"), "strategies", type_="check")
    op.drop_column("strategies", "tiers")
    op.create_check_constraint(
        op.f("ck_strategies_audience_is_named"),
        "strategies",
        "(audience_kind = 'distributors') = (cardinality(distributor_ids) > 0)",
    )
    op.create_foreign_key(
        op.f("fk_supply_relations_supplier_id_tier"),
        "supply_relations",
        "distributor_tiers",
        ["supplier_id", "tier"],
        ["supplier_id", "name"],
        onupdate="CASCADE",
    )
    op.create_index("ix_supply_relations_supplier_id_tier", "supply_relations", ["supplier_id", "tier"])


def _collect_tiers() -> None:
    connection = op.get_bind()
    named = connection.execute(
        sa.text(
            "SELECT DISTINCT supplier_id, tier FROM supply_relations WHERE tier IS NOT NULL "
            "UNION SELECT supplier_id, unnest(tiers) FROM strategies "
            "UNION SELECT supplier_id, jsonb_array_elements_text(nullif(scope -> 'tiers', 'null')) FROM incentive_rules "
            "ORDER BY 1, 2"
        )
    )
    ranks: dict[uuid.UUID, int] = {}
    for supplier_id, name in named.all():
        ranks[supplier_id] = min(ranks.get(supplier_id, 0) + 1, 1000)
        connection.execute(
            sa.text(
                "INSERT INTO distributor_tiers (id, supplier_id, name, rank, version, created_at, updated_at) "
                "VALUES (:id, :supplier_id, :name, :rank, 1, now(), now())"
            ),
            {"id": uuid.uuid4(), "supplier_id": supplier_id, "name": name, "rank": ranks[supplier_id]},
        )


def _undo_tiers() -> None:
    op.drop_index("ix_supply_relations_supplier_id_tier", table_name="supply_relations")
    op.drop_constraint(op.f("fk_supply_relations_supplier_id_tier"), "supply_relations", type_="foreignkey")
    op.drop_constraint(op.f("ck_strategies_audience_is_named"), "strategies", type_="check")
    op.add_column("strategies", sa.Column("tiers", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
    op.alter_column("strategies", "tiers", server_default=None)
    op.execute(
        "UPDATE strategies s SET tiers = t.names FROM (SELECT strategy_id, array_agg(tier ORDER BY position) AS names "
        "FROM strategy_tiers GROUP BY strategy_id) t WHERE t.strategy_id = s.id"
    )
    op.create_check_constraint(
        op.f("ck_strategies_audience_is_named"),
        "strategies",
        "(audience_kind = 'tiers') = (cardinality(tiers) > 0) AND "
        "(audience_kind = 'distributors') = (cardinality(distributor_ids) > 0)",
    )
    op.execute(
        "UPDATE incentive_rules r SET scope = r.scope || jsonb_build_object('tiers', (SELECT jsonb_agg(tier ORDER BY "
        "position) FROM incentive_rule_tiers t WHERE t.rule_id = r.id))"
    )
    op.drop_table("strategy_tiers")
    op.drop_table("incentive_rule_tiers")
    op.drop_table("distributor_tiers")


def _names_a_tier(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["supplier_id", "tier"],
        ["distributor_tiers.supplier_id", "distributor_tiers.name"],
        name=op.f(f"fk_{table}_supplier_id_tier"),
        onupdate="CASCADE",
        ondelete=ondelete,
    )


def _make_invitations() -> None:
    op.create_table(
        "partner_invitations",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "asked_by",
            sa.Enum("supplier", "distributor", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("asked_for", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column(
            "sells",
            sa.Enum("all", "listed", name="sells", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "withdrawn",
                "expired",
                name="invitationstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_reason", sa.Text(), nullable=True),
        sa.Column("relation_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'accepted') = (relation_id IS NOT NULL)",
            name=op.f("ck_partner_invitations_accepted_is_a_relation"),
        ),
        sa.CheckConstraint(
            "(status = 'open') = (answered_at IS NULL)", name=op.f("ck_partner_invitations_answered_once")
        ),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["organizations.id"], name=op.f("fk_partner_invitations_distributor_id")
        ),
        sa.ForeignKeyConstraint(
            ["relation_id"], ["supply_relations.id"], name=op.f("fk_partner_invitations_relation_id")
        ),
        _names_a_tier("partner_invitations", "SET NULL (tier)"),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_partner_invitations_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_invitations")),
    )
    op.create_index("ix_partner_invitations_distributor_id_id", "partner_invitations", ["distributor_id", "id"])
    op.create_index("ix_partner_invitations_supplier_id_id", "partner_invitations", ["supplier_id", "id"])
    op.create_index(
        "ix_partner_invitations_expires_at",
        "partner_invitations",
        ["expires_at"],
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_partner_invitations_open",
        "partner_invitations",
        ["supplier_id", "distributor_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
