"""The REST endpoints, one module per topic; each lists its own in `ROUTES`."""

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.api.routes import Route


def all_routes() -> "list[Route]":
    """Return the routes of every module of this folder."""
    routes: list[Route] = []
    for module in pkgutil.iter_modules(__path__):
        routes += importlib.import_module(f"{__name__}.{module.name}").ROUTES
    return routes
