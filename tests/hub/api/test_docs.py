"""The API's page names every route and every command, and no other."""

import re
from pathlib import Path

from hub.api.rest import all_routes
from hub.api.websocket.command import COMMANDS
from hub.api.websocket.commands import load_commands

TEXT = (Path(__file__).parents[3] / "docs/api.md").read_text()


def test_every_route_is_documented_with_its_right() -> None:
    lines = dict(re.findall(r"^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \| (\w+)", TEXT, re.MULTILINE))
    routes = {f"{route.method} {route.path}": route for route in all_routes()}
    assert set(lines) == set(routes) | {"GET /api/websocket"}
    wrong = [name for name, route in routes.items() if route.admin != (lines[name] == "admin")]
    assert wrong == []


def test_every_command_is_documented_with_its_right() -> None:
    load_commands()
    websocket = TEXT.partition("## Websocket")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| (`[^|]+) \| (all|admin|call|edit|write|apply) \|", websocket, re.MULTILINE
    )
    documented = {
        name: right for names, right in rows for name in re.findall(r"`([a-z_/]+)`", names)
    }
    assert documented == {
        name: "admin" if command.admin else command.door or "all"
        for name, command in COMMANDS.items()
    }
