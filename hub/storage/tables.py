"""The tables, as SQLAlchemy Core sees them.

Only what is searched or referenced is a column of its own; the rest of a registry entry is the JSON
in `data`. Registry rows carry no foreign keys, because their writes are merged and reordered.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

schema_version: Final = Table(
    "alembic_version", metadata, Column("version_num", String(32), primary_key=True)
)

users: Final = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("local_only", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("role", String(16), nullable=False, server_default="viewer"),
)
"""`role` is owner, admin, operator or viewer."""

credentials: Final = Table(
    "credentials",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("username", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("username"),
    UniqueConstraint("user_id"),
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(32), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("jwt_key", String(128), nullable=False),
    Column("client_id", Text),
    Column("client_name", Text),
    Column("client_icon", Text),
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float),
    Column("last_used_ip", Text),
    Column("expire_at", Float),
    Column("expires", Boolean, nullable=False),
    Index(None, "user_id"),
)

policies: Final = Table(
    "policies",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("description", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)
"""Named sets of rules, as JSON, that users refer to."""

user_policies: Final = Table(
    "user_policies",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("policy", ForeignKey("policies.name", ondelete="CASCADE"), primary_key=True),
)

totp: Final = Table(
    "totp",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("secret", Text, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("recovery", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)
"""Second factors: the sealed secret, the time step used last, hashes of unused recovery codes."""

bans: Final = Table(
    "bans",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False),
)
"""Addresses (IPv6: networks) whose log-ins are refused for a while."""

areas: Final = Table(
    "areas",
    metadata,
    Column("area_id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

floors: Final = Table(
    "floors",
    metadata,
    Column("floor_id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

labels: Final = Table(
    "labels",
    metadata,
    Column("label_id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

devices: Final = Table(
    "devices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("data", Text, nullable=False),
)

entities: Final = Table(
    "entities",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("entity_id", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "entity_id"),
)

documents: Final = Table(
    "documents",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

mqtt_ledger: Final = Table(
    "mqtt_ledger",
    metadata,
    Column("broker", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner", Text, nullable=False),
    Column("payload_hash", Text),
    Column("components", Text),
    Column("acknowledged", Boolean, nullable=False),
)

resources: Final = Table(
    "resources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("source", String(8), nullable=False),
    Column("file", Text),
    Column("line", Integer),
    Column("deleting", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)
"""What is desired; `id` is `type/key`, `spec` is JSON whose secrets are sealed."""

resource_revisions: Final = Table(
    "resource_revisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("spec", Text),
    Column("action", String(16), nullable=False),
    Column("note", Text),
    Column("at", Float, nullable=False),
    Column("user_id", String(32)),
    Column("context_id", String(32)),
)
"""What was desired before; no spec = deleted. Rows outlive their resource."""

resource_status: Final = Table(
    "resource_status",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("progress", Float),
    Column("message", Text),
    Column("result", Text),
    Column("error", Text),
    Column("user_id", String(32)),
    Column("context_id", String(32)),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Index(None, "created_at"),
    Index(None, "target"),
)

job_entries: Final = Table(
    "job_entries",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("at", Float, nullable=False),
    Column("data", Text, nullable=False),
)
"""A job's log lines (`log`) and what its recovery needs to know (`journal`)."""

audit: Final = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("result", String(16), nullable=False),
    Column("user_id", String(32)),
    Column("user_name", Text),
    Column("address", Text),
    Column("context_id", String(32)),
    Column("data", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "at"),
    Index(None, "target"),
    Index(None, "user_id"),
)
