"""Entities whose state is a template."""

from hub.automation.templated.templated import Templated

__all__ = ["Templated"]
