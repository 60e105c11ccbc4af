"""The commands, one module per topic; a new module here is found by itself."""

import importlib
import pkgutil


def load_commands() -> None:
    """Import every module of this folder, which registers its commands."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
