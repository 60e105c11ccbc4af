"""POST /api/template."""

import json
from typing import Any

import pytest

from hub.auth import Role
from tests.peers.house import House


async def test_rendered_text(house: House) -> None:
    house.hub.states.set("light.a", "on")
    body = {"template": "{{ states('light.a') }} {{ [x] }}\n", "variables": {"x": 1}}
    answer = await house.request("POST", "/api/template", json=body)
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert await answer.text() == "on [1]"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"template": "{{ 1 / 0 }}"}, "Error rendering template: ZeroDivisionError: division by"),
        ({"template": "{{ nofun() }}"}, "Error rendering template: There is no function 'nofun'"),
        ({}, "template"),
        ({"template": 5}, "template"),
        ({"template": "x", "more": 1}, "more"),
        ([], "object"),
        ("{", "JSON"),
    ],
)
async def test_mistakes_are_told(house: House, body: Any, words: str) -> None:
    data = body if isinstance(body, str) else json.dumps(body)
    answer = await house.request("POST", "/api/template", data=data)
    assert answer.status == 400
    assert words in (await answer.json())["message"]


async def test_only_for_administrators(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Vic", role=Role.OPERATOR)
    token = await auth.tokens.create_long_lived(user, "tests", 1)
    answer = await house.request(
        "POST",
        "/api/template",
        json={"template": "1"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 403
