"""The API's documents, written from the schemas that validate: OpenAPI 3.1 and AsyncAPI 3.0.

What no schema says is left unconstrained, never guessed: of answers only the errors are described.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.api.routes import PUBLIC, Route
from hub.const import VERSION
from hub.errors import HubError
from hub.schema import openapi
from hub.schema.render import field, json_schema

if TYPE_CHECKING:
    from hub.api.websocket.command import Command
    from hub.resources import ResourceType

Document = dict[str, Any]

_PART: Final = re.compile(r"\{(\w+)\}")
_INFO: Final = {
    "title": "Hub",
    "version": VERSION,
    "description": "Written from the schemas that validate; what is not said is not constrained.",
}


# --- REST


def openapi_document(routes: Iterable[Route], types: "Iterable[ResourceType]") -> Document:
    """Return the OpenAPI document of the routes; specs of `types` are among the components."""
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An access token"}
            },
            "schemas": {"Error": _error(), **{item.name: _spec(item) for item in types}},
            "responses": {"Error": _answer("An error, with a stable code", "Error")},
        },
    }


def _operation(route: Route) -> Document:
    operation: Document = {
        "operationId": _operation_id(route),
        "summary": summary(route.handler),
        "tags": [_tag(route.path)],
        "responses": {
            "2XX": {"description": "Done"},
            "4XX": {"$ref": "#/components/responses/Error"},
            "5XX": {"$ref": "#/components/responses/Error"},
        },
        "x-admin": route.admin,
        "x-verb": route.verb,
    }
    if parameters := [*_path_parameters(route), *_query_parameters(route), *_headers(route)]:
        operation["parameters"] = parameters
    if route.body is not None:
        schema = openapi(route.body)
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    if route.path in PUBLIC:
        operation["security"] = []
    return operation


def _tag(path: str) -> str:
    words = re.findall(r"[a-z]\w+", path.removeprefix("/api/")) or ["hub"]
    return str(words[0])


def _operation_id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9]+|-", route.path)
    return "_".join([route.method.lower(), *(word.replace("-", "all") for word in words)])


def _path_parameters(route: Route) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Document]:
    fields = [] if route.query is None else field(route.query).get("fields", [])
    return [
        {
            "name": one["name"],
            "in": "query",
            "required": one["required"],
            "schema": json_schema(one),
        }
        for one in fields
    ]


def _headers(route: Route) -> list[Document]:
    return [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
        for name in route.headers
    ]


def _spec(item: "ResourceType") -> Document:
    told = {"title": item.title or item.name}
    if item.description:
        told["description"] = item.description
    return {**openapi(item.schema), **told}


def _error() -> Document:
    return {
        "type": "object",
        "properties": {
            "message": {"type": "string"},
            "code": {"type": "string", "enum": sorted({*HubError.by_code, "unknown_error"})},
        },
        "required": ["message"],
    }


def _answer(description: str, schema: str) -> Document:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


# --- websocket


def asyncapi_document(commands: "Mapping[str, Command]") -> Document:
    """Return the AsyncAPI document of the websocket's commands."""
    found = [commands[name] for name in sorted(commands)]
    messages = {_key(one.type): _message(one) for one in found}
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": "application/json",
        "servers": {"hub": {"host": "127.0.0.1:8123", "protocol": "ws"}},
        "channels": {
            "websocket": {
                "address": "/api/websocket",
                "description": (
                    'After `{"type":"auth","access_token":...}` was answered with `auth_ok`: '
                    "commands with growing ids, each answered by one result of the same id."
                ),
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"}
                    for name in (*messages, *_ANSWERS)
                },
            }
        },
        "operations": {_key(one.type): _command_operation(one) for one in found},
        "components": {
            "messages": messages | _ANSWERS,
            "schemas": {"Error": _error()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _message(one: "Command") -> Document:
    payload: Document = (
        {"type": "object", "additionalProperties": False}
        if one.schema is None
        else openapi(one.schema)
    )
    envelope = {"id": {"type": "integer", "minimum": 1}, "type": {"const": one.type}}
    payload["properties"] = envelope | payload.get("properties", {})
    payload["required"] = ["id", "type", *payload.get("required", ())]
    return {"name": one.type, "summary": summary(one.handler), "payload": payload}


def _command_operation(one: "Command") -> Document:
    place = "#/channels/websocket"
    return {
        "action": "receive",
        "channel": {"$ref": place},
        "summary": summary(one.handler),
        "messages": [{"$ref": f"{place}/messages/{_key(one.type)}"}],
        "reply": {
            "channel": {"$ref": place},
            "messages": [{"$ref": f"{place}/messages/{name}"} for name in _ANSWERS],
        },
        "x-admin": one.admin,
        "x-verb": one.verb,
    }


def _key(name: str) -> str:
    return name.replace("/", ".")


def _reply(name: str, **properties: Any) -> Document:
    fields = {"id": {"type": "integer"}, "type": {"const": name}, **properties}
    payload = {"type": "object", "properties": fields, "required": list(fields)}
    return {"name": name, "payload": payload}


_ANSWERS: Final[dict[str, Document]] = {
    "result": _reply("result", success={"const": True}, result={}),
    "error": _reply(
        "result", success={"const": False}, error={"$ref": "#/components/schemas/Error"}
    ),
    "event": _reply("event", event={}),
}


def summary(handler: Callable[..., Any]) -> str:
    """Return the first line of a handler's docstring."""
    return (inspect.getdoc(handler) or "").partition("\n")[0]
