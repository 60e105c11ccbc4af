"""What a run did, step by step."""

from typing import Any


class Trace:
    """Steps by path, as `trace/get` tells them."""

    def note(
        self, path: str, result: dict[str, Any] | None = None, error: str | None = None
    ) -> None:
        """Add what a step at `path` found or how it failed."""
        raise NotImplementedError
