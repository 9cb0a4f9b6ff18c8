"""Partner codes of organizations; quick links and menus visited last."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"


def upgrade() -> None:
    op.create_table(
        "user_menus",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("quick_links", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "jsonb_array_length(quick_links) <= 30 AND jsonb_array_length(recent) <= 20",
            name=op.f("ck_user_menus_lists_are_short"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_menus_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_menus")),
    )
    op.add_column("organizations", sa.Column("partner_code", sa.Text(), nullable=True))
    op.add_column(
        "organizations",
        sa.Column(
            "partner_policy",
            sa.Enum("open", "invitation", name="partnerpolicy", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            server_default="invitation",  # those who are there already have not said that anybody may add them
        ),
    )
    op.alter_column("organizations", "partner_policy", server_default=None)
    _give_codes()
    op.create_unique_constraint(op.f("uq_organizations_partner_code"), "organizations", ["partner_code"])
    op.create_check_constraint(
        op.f("ck_organizations_partners_have_a_code"),
        "organizations",
        "(partner_code IS NOT NULL) = (kind IN ('supplier', 'distributor') AND house_of IS NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_organizations_partners_have_a_code"), "organizations", type_="check")
    op.drop_constraint(op.f("uq_organizations_partner_code"), "organizations", type_="unique")
    op.drop_column("organizations", "partner_policy")
    op.drop_column("organizations", "partner_code")
    op.drop_table("user_menus")


def _give_codes() -> None:
    """A code for everybody who is there, as the platform makes them since."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT id FROM organizations WHERE kind IN ('supplier', 'distributor') AND house_of IS NULL")
    )
    ids, codes = [row[0] for row in found], set[str]()
    while len(codes) < len(ids):
        body = "".join(secrets.choice(ALPHABET) for _ in range(7))
        check = sum(weight * ALPHABET.index(ch) for weight, ch in enumerate(body, 1)) % len(ALPHABET)
        codes.add(f"{body[:4]}-{body[4:]}{ALPHABET[check]}")
    if ids:
        connection.execute(
            sa.text("UPDATE organizations SET partner_code = :code WHERE id = :id"),
            [{"id": id_, "code": code} for id_, code in zip(ids, codes, strict=True)],
        )
