"""Resource files checked without a hub: what `hub check-config` says about them."""

from pathlib import Path

from hub.config import house
from hub.config.documents import read
from hub.errors import HubError, Problem
from hub.resources.batches import FOLDER, told
from hub.resources.catalogue import Catalogue
from hub.resources.specs import normal


def check(config_dir: Path) -> list[Problem]:
    """Return every problem of `<config>/resources` and of what hub.yaml holds, by file and line.

    Whether what is referred to exists is known only to a running hub.
    """
    folder = config_dir / FOLDER
    documents, problems, _files = house.read(config_dir)
    if folder.is_dir():
        more, trouble = read([folder], config_dir)
        documents += more
        problems += trouble
    types = Catalogue()
    for document in documents:
        name, _, key = document.id.partition("/")
        try:
            normal(types, name, key, document.spec)
        except HubError as error:
            problems += told(document, error)
    return sorted(problems, key=lambda item: (item.file, item.line or 0, item.message))
