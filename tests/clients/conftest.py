"""The clients log in the way the API's own tests do."""

from tests.hub.api.conftest import visitor

__all__ = ["visitor"]
