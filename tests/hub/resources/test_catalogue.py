"""Which types there are, and which declarations are refused."""

import pytest
import voluptuous as vol

from hub.errors import NotFound
from hub.resources import ResourceType
from hub.resources.catalogue import Catalogue
from hub.schema import Secret, text


def kind(name: str, schema: object = None) -> ResourceType:
    return ResourceType(name=name, schema=vol.Schema(schema or {"text": text}))


def test_integrations_types_are_known_without_their_code() -> None:
    types = Catalogue()
    assert {"host.server", "neasmart.installation"} <= set(types.names())
    assert "neasmart.installation" not in types._types
    assert types.get("neasmart.installation").domain == "neasmart"


def test_a_type_is_registered_once_and_can_go() -> None:
    types = Catalogue()
    forget = types.register(kind("a.b"))
    with pytest.raises(ValueError, match="exists already"):
        types.register(kind("a.b"))
    forget()
    with pytest.raises(NotFound, match="known are"):
        types.get("a.b")


@pytest.mark.parametrize("name", ["a", "a.b.c", ".b", "a.", "a.b/c"])
def test_names_have_a_domain_and_a_noun(name: str) -> None:
    with pytest.raises(ValueError, match=r"expected domain\.noun"):
        Catalogue().register(kind(name))


def test_what_names_an_item_can_not_be_a_secret() -> None:
    with pytest.raises(ValueError, match=r"logins\.\*\.name can not be a secret"):
        Catalogue().register(kind("a.b", {"logins": [{"name": Secret()}]}))
    Catalogue().register(kind("a.b", {"name": Secret()}))
