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
    Column("is_owner", Boolean, nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("local_only", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
)

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
