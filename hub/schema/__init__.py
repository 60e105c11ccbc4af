"""Validators that several rooms share, and schema errors in words."""

from hub.schema.markers import SEALED, Reference, Secret, resource_key
from hub.schema.render import described, form, openapi
from hub.schema.shapes import by_type, network, whole
from hub.schema.validators import (
    boolean,
    entity_id,
    explain,
    finite_float,
    integer,
    list_of,
    port,
    positive_seconds,
    slug,
    text,
)

__all__ = [
    "SEALED",
    "Reference",
    "Secret",
    "boolean",
    "by_type",
    "described",
    "entity_id",
    "explain",
    "finite_float",
    "form",
    "integer",
    "list_of",
    "network",
    "openapi",
    "port",
    "positive_seconds",
    "resource_key",
    "slug",
    "text",
    "whole",
]
