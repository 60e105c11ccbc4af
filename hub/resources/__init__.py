"""Declarative configuration: what is desired, kept in revisions, and made true by controllers."""

from hub.resources.controller import Controller, NotProved, Progress, Unfinished
from hub.resources.errors import Conflict, FileOwned, InUse, InvalidSpec
from hub.resources.model import (
    Condition,
    Desired,
    DriftPolicy,
    Phase,
    Recovery,
    Resource,
    ResourceType,
    Source,
    Status,
    Step,
)
from hub.resources.resources import Change, Plan, Resources

__all__ = [
    "Change",
    "Condition",
    "Conflict",
    "Controller",
    "Desired",
    "DriftPolicy",
    "FileOwned",
    "InUse",
    "InvalidSpec",
    "NotProved",
    "Phase",
    "Plan",
    "Progress",
    "Recovery",
    "Resource",
    "ResourceType",
    "Resources",
    "Source",
    "Status",
    "Step",
    "Unfinished",
]
