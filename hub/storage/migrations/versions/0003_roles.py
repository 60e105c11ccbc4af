"""Roles instead of two flags; policies, second factors, bans."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Turn the flags of users into roles, and add the tables of the door."""
    op.add_column(
        "users", sa.Column("role", sa.String(16), nullable=False, server_default="viewer")
    )
    users = sa.table("users", sa.column("role"), sa.column("is_owner"), sa.column("is_admin"))
    # Those without flags could read and control, which is what an operator may.
    role = sa.case(
        (users.c.is_owner.is_(sa.true()), "owner"),
        (users.c.is_admin.is_(sa.true()), "admin"),
        else_="operator",
    )
    op.execute(users.update().values(role=role))
    op.drop_column("users", "is_owner")
    op.drop_column("users", "is_admin")
    op.create_table(
        "policies",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_policies"),
    )
    op.create_table(
        "user_policies",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "policy", name="pk_user_policies"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_user_policies_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["policy"], ["policies.name"], name="fk_user_policies_policy", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "totp",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("recovery", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_totp"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_totp_user_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "bans",
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_bans"),
    )
