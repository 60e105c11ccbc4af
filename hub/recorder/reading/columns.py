"""Rows of one entity as columns, the form in which history is read and thinned out."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Columns:
    """Consecutive rows of one entity, oldest first; times in microseconds since 1970."""

    entity_id: str
    times: list[int]
    states: list[str | None]
    """None = the entity was removed."""
    attributes: list[int | None] | None = None
    """Numbers of attributes; None where they were not asked for."""
    changed: list[int | None] | None = None
    """When the state text changed last; None in a row = at its own time."""

    def picked(self, indexes: Sequence[int]) -> "Columns":
        """Return some of the rows."""
        return Columns(
            self.entity_id,
            [self.times[index] for index in indexes],
            [self.states[index] for index in indexes],
            None if self.attributes is None else [self.attributes[index] for index in indexes],
            None if self.changed is None else [self.changed[index] for index in indexes],
        )

    def between(self, first: int, end: int) -> "Columns":
        """Return the rows from one index up to another."""
        return Columns(
            self.entity_id,
            self.times[first:end],
            self.states[first:end],
            None if self.attributes is None else self.attributes[first:end],
            None if self.changed is None else self.changed[first:end],
        )

    def followed_by(self, other: "Columns") -> "Columns":
        """Return these rows and others that have the same columns."""
        return Columns(
            self.entity_id,
            self.times + other.times,
            self.states + other.states,
            None if self.attributes is None else self.attributes + (other.attributes or []),
            None if self.changed is None else self.changed + (other.changed or []),
        )
