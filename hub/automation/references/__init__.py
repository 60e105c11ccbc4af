"""Who names what: entities, places, services and resources in automations and their like."""

from hub.automation.references.named import Kind, Named, named
from hub.automation.references.references import References

__all__ = ["Kind", "Named", "References", "named"]
