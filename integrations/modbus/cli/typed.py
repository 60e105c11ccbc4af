"""Words of the wire as numbers and texts, and back, for who has no register map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError

if TYPE_CHECKING:
    from integrations.modbus.mapping.models import Register

TYPES: Final = (
    "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64",
    "dpt9", "string",
)  # fmt: skip
ORDERS: Final = ("big", "little")


@dataclass(frozen=True, slots=True)
class Typed:
    """How words are to be read; without a type they stay words."""

    kind: str | None
    word_order: str
    byte_order: str

    def words(self) -> int:
        """Return the words of one value; a text takes all there are."""
        from integrations.modbus.mapping.models import WORDS, Type

        return 1 if self.kind in (None, "string") else WORDS[Type(self.kind)]

    def rows(self, first: int, words: Sequence[int]) -> list[dict[str, Any]]:
        """Return the values of words: address, words, value."""
        from integrations.modbus.mapping import codec

        size = len(words) if self.kind == "string" else self.words()
        if len(words) % size:
            raise CliError(
                f"{self.kind} has {size} words: {len(words)} are no whole values", status=USAGE
            )
        found = []
        for at in range(0, len(words), size):
            part = list(words[at : at + size])
            block = codec.Block([self._register(size)], 0, size)
            value = block.convert[0](block.raws(part)[0], None)
            known = isinstance(value, bool | int | float | str)
            found.append({"address": first + at, "raw": part, "value": value if known else None})
        return found

    def encoded(self, texts: Sequence[str]) -> list[int]:
        """Return the words of values as people write them."""
        from integrations.modbus.mapping import codec

        found: list[int] = []
        for text in texts:
            value = text if self.kind == "string" else number(text)
            size = -(-len(text.encode()) // 2) if self.kind == "string" else self.words()
            try:
                found += codec.encode(self._register(max(size, 1)), value)
            except ValueError as error:
                raise CliError(f"{text!r}: {error}", status=USAGE) from None
        return found

    def _register(self, words: int) -> "Register":
        from integrations.modbus.mapping.models import Order, Register, Table, Type

        kind = Type(self.kind or "uint16")
        return Register(
            "value",
            Table.HOLDING,
            0,
            kind,
            words,
            word_order=Order(self.word_order),
            byte_order=Order(self.byte_order),
        )


def number(text: str) -> int | float:
    """Return a number of the command line."""
    try:
        return int(text, 16 if text.lower().lstrip("-").startswith("0x") else 10)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise CliError(f"{text!r}: expected a number", status=USAGE) from None


def options(command: Any) -> Any:
    """Add what says how words are read."""
    for option in reversed(
        (
            click.option(
                "--type", "kind", type=click.Choice(TYPES), metavar="TYPE",
                help=f"Words as {', '.join(TYPES)}.",
            ),
            click.option("--word-order", type=click.Choice(ORDERS), default="big",
                         show_default=True, help="Which word of a value comes first."),
            click.option("--byte-order", type=click.Choice(ORDERS), default="big",
                         show_default=True, help="Which byte of a word comes first."),
        )
    ):  # fmt: skip
        command = option(command)
    return command
