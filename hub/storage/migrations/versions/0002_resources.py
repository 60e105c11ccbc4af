"""Resources with their revisions and status, jobs, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of the declarative backbone."""
    _resources()
    _jobs()
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("user_name", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("context_id", sa.String(32)),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    for column in ("at", "target", "user_id"):
        op.create_index(f"ix_audit_{column}", "audit", [column])


def _resources() -> None:
    op.create_table(
        "resources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("line", sa.Integer()),
        sa.Column("deleting", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
    )
    op.create_table(
        "resource_revisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("spec", sa.Text()),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("context_id", sa.String(32)),
        sa.PrimaryKeyConstraint("id", "revision", name="pk_resource_revisions"),
    )
    op.create_table(
        "resource_status",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resource_status"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float()),
        sa.Column("message", sa.Text()),
        sa.Column("result", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("user_id", sa.String(32)),
        sa.Column("context_id", sa.String(32)),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"])
    op.create_index("ix_jobs_target", "jobs", ["target"])
    op.create_table(
        "job_entries",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_job_entries"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_entries_job_id", ondelete="CASCADE"
        ),
    )
