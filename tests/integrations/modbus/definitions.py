"""Small definitions for tests, and what is told about them."""

import textwrap

import voluptuous as vol
import yaml

from hub.resources.specs import problems
from integrations.modbus.mapping.schema import DEFINITION, check_definition

Told = list[tuple[str, str]]
REGISTERS = "blocks.0.registers"
"""Where the registers of `block` stand."""


def told(spec: object) -> Told:
    """Return path and message of every problem, as the hub shows them."""
    try:
        check_definition(DEFINITION(spec))
    except vol.Invalid as error:
        return [(item["path"], item["message"]) for item in problems(error)]
    return []


def block(registers: str, entities: str = "", table: str = "holding", more: str = "") -> object:
    """Return a definition of one block, its registers and its entities given as YAML."""
    lines = ["name: a", "blocks:", f"  - table: {table}", "    first: 0"]
    lines += [f"    {line}" for line in more.splitlines()]
    lines += ["    registers:", textwrap.indent(textwrap.dedent(registers), 6 * " ")]
    if entities:
        lines += ["entities:", textwrap.indent(textwrap.dedent(entities), "  ")]
    return yaml.safe_load("\n".join(lines))
