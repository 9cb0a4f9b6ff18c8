"""Roles and what they grant: built-in ones for every organization, its first user their owner; what processes are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


ROLES = (
    ("supplier", ("owner", "operator", "finance", "service", "viewer")),
    ("distributor", ("owner", "operator", "finance", "service", "viewer")),
    ("admin", ("owner", "reviewer", "finance", "support")),
)
NAMES = {
    "owner": "所有者",
    "operator": "运营",
    "finance": "财务",
    "service": "客服",
    "viewer": "只读",
    "reviewer": "审核",
    "support": "支持",
}
GIVE = """
INSERT INTO roles (id, organization_id, built_in, name, description, permissions, version, created_at, updated_at)
SELECT gen_random_uuid(), o.id, r.built_in, r.name, '', '{}', 1, now(), now()
FROM organizations o JOIN unnest($1::text[], $2::text[], $3::text[]) AS r(kind, built_in, name) ON r.kind = o.kind
WHERE o.house_of IS NULL
"""
OWN = """
INSERT INTO user_roles (user_id, role_id, organization_id)
SELECT u.id, r.id, u.organization_id FROM users u
JOIN roles r ON r.organization_id = u.organization_id AND r.built_in = 'owner'
"""
ONLY_OWNERS = """
UPDATE users u SET status = 'disabled' WHERE status = 'deleted' OR NOT EXISTS (
    SELECT FROM user_roles h JOIN roles r ON r.id = h.role_id AND r.built_in = 'owner' WHERE h.user_id = u.id)
"""
"""Below, everybody who signs in is an owner: nobody becomes one by the way down."""


def upgrade() -> None:
    op.create_table(
        "access_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "user",
                "role",
                "organization",
                "key",
                name="subject",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_changes")),
    )
    op.create_index(op.f("ix_access_changes_created_at"), "access_changes", ["created_at"], unique=False)
    op.create_table(
        "roles",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "built_in",
            sa.Enum(
                "owner",
                "operator",
                "finance",
                "service",
                "viewer",
                "reviewer",
                "support",
                name="builtin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "built_in IS NULL OR permissions = '{}'", name=op.f("ck_roles_the_program_says_what_a_built_in_one_grants")
        ),
        sa.CheckConstraint("cardinality(permissions) <= 500", name=op.f("ck_roles_permissions_are_bounded")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_roles_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("organization_id", "built_in", name=op.f("uq_roles_organization_id_built_in")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_roles_organization_id_id")),
    )
    op.create_index(
        "uq_roles_organization_id_name", "roles", ["organization_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_unique_constraint(op.f("uq_users_organization_id_id"), "users", ["organization_id", "id"])
    op.drop_index(op.f("ix_users_organization_id"), table_name="users")
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_user_roles_organization_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_user_roles_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
    )
    op.create_index("ix_user_roles_role_id", "user_roles", ["role_id"], unique=False)
    op.add_column(
        "organizations",
        sa.Column("withheld", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.drop_column("users", "role")
    op.drop_constraint("ck_users_userstatus", "users")
    op.create_check_constraint("userstatus", "users", "status IN ('active', 'disabled', 'deleted')")
    rows = [(kind, role, NAMES[role]) for kind, roles in ROLES for role in roles]
    arrays = [list(values) for values in zip(*rows, strict=True)]
    op.get_bind().connection.dbapi_connection.run_async(lambda raw: raw.execute(GIVE, *arrays))
    op.execute(OWN)


def downgrade() -> None:
    op.execute(ONLY_OWNERS)
    op.drop_constraint("ck_users_userstatus", "users")
    op.create_check_constraint("userstatus", "users", "status IN ('active', 'disabled')")
    op.add_column(
        "users",
        sa.Column(
            "role",
            sa.Enum("owner", name="role", native_enum=False, create_constraint=True, length=32),
            server_default="owner",
            nullable=False,
        ),
    )
    op.alter_column("users", "role", server_default=None)
    op.create_index(op.f("ix_users_organization_id"), "users", ["organization_id"], unique=False)
    op.drop_column("organizations", "withheld")
    op.drop_index("ix_user_roles_role_id", table_name="user_roles")
    op.drop_table("user_roles")
    op.drop_constraint(op.f("uq_users_organization_id_id"), "users", type_="unique")
    op.drop_index("uq_roles_organization_id_name", table_name="roles")
    op.drop_table("roles")
    op.drop_index(op.f("ix_access_changes_created_at"), table_name="access_changes")
    op.drop_table("access_changes")
