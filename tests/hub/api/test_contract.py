"""The API's documents: complete, sound, and the same as last time unless somebody meant it."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.api.contract import asyncapi_document, openapi_document
from hub.api.rest import all_routes
from hub.api.routes import PUBLIC
from hub.api.websocket.command import COMMANDS
from hub.api.websocket.commands import load_commands
from hub.errors import HubError
from hub.util.json import dumps, loads
from tests.hub.api.outside import register
from tests.peers.house import House

SNAPSHOT = Path(__file__).parents[2] / "fixtures/api/contract.txt"
WRITE = "HUB_WRITE_SNAPSHOTS"


@pytest.fixture(scope="module")
def rest() -> dict[str, Any]:
    load_commands()
    found: dict[str, Any] = loads(dumps(openapi_document(all_routes(), [])))
    return found


@pytest.fixture(scope="module")
def socket() -> dict[str, Any]:
    load_commands()
    found: dict[str, Any] = loads(dumps(asyncapi_document(COMMANDS)))
    return found


def references(value: Any) -> Iterator[str]:
    """Return every `$ref` of a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(document: Any, reference: str) -> Any:
    """Return what a reference of a document names."""
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_every_reference_leads_somewhere(rest: dict[str, Any], socket: dict[str, Any]) -> None:
    for document in (rest, socket):
        found = set(references(document))
        assert found
        for reference in found:
            assert resolve(document, reference) is not None, reference


def test_every_route_is_there_with_its_parts(rest: dict[str, Any]) -> None:
    routes = {(route.method.lower(), route.path): route for route in all_routes()}
    found = {
        (method, path): operation
        for path, item in rest["paths"].items()
        for method, operation in item.items()
    }
    assert set(found) == set(routes)
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    for key, operation in found.items():
        assert operation["summary"], key
        parts = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"]
        assert parts == re.findall(r"\{(\w+)\}", key[1])
        assert (operation.get("security") == []) == (key[1] in PUBLIC)
    assert set(rest["components"]["schemas"]["Error"]["properties"]["code"]["enum"]) >= set(
        HubError.by_code
    )


def test_every_command_is_there_with_its_fields(socket: dict[str, Any]) -> None:
    messages = socket["components"]["messages"]
    names = {name.replace("/", ".") for name in COMMANDS}
    assert set(messages) == names | {"result", "error", "event"}
    assert set(socket["operations"]) == names
    for name, command in COMMANDS.items():
        payload = messages[name.replace("/", ".")]["payload"]
        assert payload["properties"]["type"] == {"const": name}
        fields = set() if command.schema is None else {str(key) for key in command.schema.schema}
        assert set(payload["properties"]) == {"id", "type"} | {
            name for name in fields if name.isidentifier()
        }
        assert messages[name.replace("/", ".")]["summary"], name


def test_the_own_routes_tell_their_bodies_and_queries(rest: dict[str, Any]) -> None:
    one = rest["paths"]["/api/resources/{resource_type}/{key}"]
    assert {item["name"] for item in one["put"]["parameters"]} == {
        "resource_type",
        "key",
        "dry_run",
        "note",
        "If-Match",
        "If-None-Match",
    }
    body = rest["paths"]["/api/resources"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert schema["required"] == ["documents"]
    assert schema["properties"]["documents"]["items"]["required"] == ["id", "spec"]
    limit = rest["paths"]["/api/jobs"]["get"]["parameters"][2]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}


async def test_the_hub_serves_both_with_the_specs_of_its_types(
    house: House, tmp_path: Path
) -> None:
    register(house.hub, tmp_path / "files")
    answer = await house.request("GET", "/api/openapi.json")
    document = await answer.json()
    assert document["openapi"] == "3.1.0"
    spec = document["components"]["schemas"]["test.file"]
    assert (spec["title"], spec["required"]) == ("File", ["text"])
    assert spec["properties"]["password"]["writeOnly"]
    assert spec["properties"]["beside"]["x-reference"] == "test.file"
    document = await (await house.request("GET", "/api/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert len(document["operations"]) == len(COMMANDS)


# --- what clients rely on


def shape(schema: Mapping[str, Any]) -> str:
    """Return a schema in a few letters, which change when what is accepted changes."""
    if "anyOf" in schema:
        return "|".join(shape(item) for item in schema["anyOf"])
    if "enum" in schema:
        return "/".join(str(item) for item in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"[{shape(schema['items'])}]"
    if schema.get("properties"):
        return f"{{{fields(schema)}}}"
    return str(schema.get("type", "any"))


def fields(schema: Mapping[str, Any], but: tuple[str, ...] = ()) -> str:
    """Return the fields of an object schema, `!` for those that must be there."""
    required = schema.get("required", ())
    return " ".join(
        f"{name}{'!' if name in required else ''}:{shape(item)}"
        for name, item in schema.get("properties", {}).items()
        if name not in but
    )


def lines(rest: Mapping[str, Any], socket: Mapping[str, Any]) -> Iterator[str]:
    """Return one line for each route and command."""
    for path, item in rest["paths"].items():
        for method, found in item.items():
            right = "admin" if found["x-admin"] else "public" if "security" in found else "token"
            line = f"{method.upper()} {path} {right} {found['x-verb'] or '-'}"
            for one in found.get("parameters", ()):
                if one["in"] != "path":
                    line += f" {one['in']}:{one['name']}{'!' if one['required'] else ''}"
            if body := found.get("requestBody"):
                line += f" body:{shape(body['content']['application/json']['schema'])}"
            yield line
    for name, operation in socket["operations"].items():
        payload = socket["components"]["messages"][name]["payload"]
        right = "admin" if operation["x-admin"] else "token"
        yield (
            f"{name.replace('.', '/')} {right} {operation['x-verb'] or '-'} "
            f"{fields(payload, ('id', 'type'))}"
        ).rstrip()


def test_the_contract_changes_only_on_purpose(rest: dict[str, Any], socket: dict[str, Any]) -> None:
    text = "".join(f"{line}\n" for line in lines(rest, socket))
    if os.environ.get(WRITE):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text(), (
        "The API changed. When that is meant: run this test with "
        f"{WRITE}=1 and commit {SNAPSHOT.name} together with docs/api.md"
    )
