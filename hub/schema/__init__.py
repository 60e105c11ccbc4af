"""Validators that several rooms share, and schema errors in words."""

from hub.schema.validators import (
    boolean,
    entity_id,
    explain,
    finite_float,
    list_of,
    port,
    positive_seconds,
    slug,
    text,
)

__all__ = [
    "boolean",
    "entity_id",
    "explain",
    "finite_float",
    "list_of",
    "port",
    "positive_seconds",
    "slug",
    "text",
]
