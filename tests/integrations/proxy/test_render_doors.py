"""Who comes in, seen in a real nginx: access lists, sign-in services, what is open."""

import base64
from collections.abc import Callable

import pytest

from integrations.proxy.models import Part
from tests.peers.rendered import Bench, Echo, host, part

BOB = {"Authorization": "Basic " + base64.b64encode(b"bob:secret").decode()}
WRONG = {"Authorization": "Basic " + base64.b64encode(b"bob:wrong").decode()}
USERS = [{"username": "bob", "password": "secret"}]
LAN = [{"address": "127.0.0.2", "directive": "allow"}]


def doors(**spec: object) -> Part:
    return part("proxy.access_list/lan", **spec)


def app(echo: Echo, **spec: object) -> Part:
    return host("blog", forward_port=echo.port, access_list_id="lan", **spec)


def test_password(bench: Bench, echo: Echo) -> None:
    bench.serve(doors(items=USERS, name="Our house"), app(echo))
    refused = bench.ask("blog.test")
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == 'Basic realm="Our house"'
    assert bench.ask("blog.test", headers=WRONG).status == 401
    passed = bench.ask("blog.test", headers=BOB)
    assert passed.status == 200
    assert "authorization" not in passed.echo["headers"]


def test_password_goes_on_when_told(bench: Bench, echo: Echo) -> None:
    bench.serve(doors(items=USERS, pass_auth=True), app(echo))
    passed = bench.ask("blog.test", headers=BOB).echo["headers"]
    assert passed["authorization"] == BOB["Authorization"]


@pytest.mark.parametrize("name", ["off", "OFF", 'a"b', "$host", "ö", ""])
def test_no_name_of_a_list_opens_the_door(bench: Bench, echo: Echo, name: str) -> None:
    spec = {"name": name} if name else {}
    bench.serve(doors(items=USERS, **spec), app(echo))
    refused = bench.ask("blog.test")
    assert refused.status == 401
    assert refused.headers["www-authenticate"].count('"') == 2


def test_addresses_end_with_a_closed_door(bench: Bench, echo: Echo) -> None:
    bench.serve(doors(clients=LAN), app(echo))
    assert bench.ask("blog.test", source="127.0.0.2").status == 200
    assert bench.ask("blog.test", source="127.0.0.3").status == 403


def test_only_denied_addresses_still_close_the_door(bench: Bench, echo: Echo) -> None:
    clients = [{"address": "127.0.0.2", "directive": "deny"}]
    bench.serve(doors(clients=clients), app(echo))
    assert bench.ask("blog.test", source="127.0.0.3").status == 403
    clients.append({"address": "all", "directive": "allow"})
    bench.serve(doors(clients=clients), app(echo))
    assert bench.ask("blog.test", source="127.0.0.2").status == 403
    assert bench.ask("blog.test", source="127.0.0.3").status == 200


def test_both_or_either(bench: Bench, echo: Echo) -> None:
    both = {"items": USERS, "clients": LAN}
    bench.serve(doors(**both), app(echo))
    assert bench.ask("blog.test", source="127.0.0.2").status == 401
    assert bench.ask("blog.test", source="127.0.0.3", headers=BOB).status == 403
    assert bench.ask("blog.test", source="127.0.0.2", headers=BOB).status == 200
    bench.serve(doors(**both, satisfy_any=True), app(echo))
    assert bench.ask("blog.test", source="127.0.0.2").status == 200
    assert bench.ask("blog.test", source="127.0.0.3", headers=BOB).status == 200
    assert bench.ask("blog.test", source="127.0.0.3").status == 401


def test_a_location_has_its_own_door_or_none(bench: Bench, echo: Echo) -> None:
    other = part("proxy.access_list/admin", items=[{"username": "root", "password": "toor"}])
    locations = [
        {"path": "/open/", "public": True},
        {"path": "/admin/", "access_list_id": "admin"},
        {"path": "/same/", "headers": {"response": {"X-Same": "1"}}},
    ]
    bench.serve(doors(items=USERS), other, app(echo, locations=locations))
    toor = {"Authorization": "Basic " + base64.b64encode(b"root:toor").decode()}
    assert bench.ask("blog.test", "/open/x").status == 200
    assert bench.ask("blog.test", "/admin/x", headers=BOB).status == 401
    assert bench.ask("blog.test", "/admin/x", headers=toor).status == 200
    assert bench.ask("blog.test", "/same/x").status == 401
    assert bench.ask("blog.test", "/same/x", headers=BOB).headers["x-same"] == "1"


def test_challenges_have_no_door(bench: Bench, echo: Echo) -> None:
    folder = bench.base / "acme" / ".well-known" / "acme-challenge"
    (folder / "token").write_text("answer")
    auth = {"url": f"http://127.0.0.1:{echo.port}/verify"}
    snippet = "deny 127.0.0.1; auth_basic closed; auth_basic_user_file /none; auth_request /no;"
    bench.serve(
        doors(items=USERS),
        app(
            echo,
            forward_auth=auth,
            maintenance={"enabled": True},
            block_exploits=True,
            advanced_config=snippet,
        ),
    )
    answer = bench.ask("blog.test", "/.well-known/acme-challenge/token")
    assert (answer.status, answer.text) == (200, "answer")
    assert bench.ask("blog.test", "/.well-known/acme-challenge/other").status == 404
    assert bench.ask("blog.test", "/").status == 503


# --- sign-in services


@pytest.fixture
def guard(make_echo: Callable[..., Echo]) -> Echo:
    found = make_echo("guard")
    found.headers = {"Remote-User": "bob", "Remote-Groups": "admins"}
    return found


def signed(guard: Echo, **more: object) -> dict[str, object]:
    return {
        "url": f"http://127.0.0.1:{guard.port}/verify?app=blog",
        "response_headers": ["Remote-User", "Remote-Groups"],
        **more,
    }


def test_sign_in_lets_through_and_tells_who_it_is(bench: Bench, echo: Echo, guard: Echo) -> None:
    guard.headers["Set-Cookie"] = "session=1"
    bench.serve(host("blog", forward_port=echo.port, forward_auth=signed(guard)))
    passed = bench.ask("blog.test", "/page?x=1", headers={"Remote-User": "root"})
    assert passed.status == 200
    assert passed.echo["headers"]["remote-user"] == "bob"
    assert passed.echo["headers"]["remote-groups"] == "admins"
    assert passed.headers["set-cookie"] == "session=1"
    guard.status = 401
    assert bench.ask("blog.test").status == 401
    guard.status = 403
    assert bench.ask("blog.test").status == 403
    guard.status = 500
    assert bench.ask("blog.test").status == 500


def test_sign_in_is_told_what_was_asked(bench: Bench, echo: Echo, guard: Echo) -> None:
    # the guard's answer is shown through one of its headers
    guard.headers = {}
    auth = signed(guard, response_headers=["X-Told"], request_headers=["Cookie"])
    bench.serve(
        host("blog", forward_port=guard.port, forward_auth=auth),
        host("raw", forward_port=guard.port),
    )
    before = guard.count
    sent = {"Cookie": "a=b", "X-Secret": "no", "Content-Type": "text/plain"}
    assert bench.ask("blog.test", "/p?q", method="POST", body=b"x", headers=sent).status == 200
    assert guard.count == before + 2
    text = bench.text(bench.render(host("blog", forward_auth=auth)), "http/host-blog.conf")
    for line in (
        "proxy_pass_request_headers off;",
        "proxy_set_header Cookie $http_cookie;",
        "proxy_set_header X-Original-URL $scheme://$host$request_uri;",
        "proxy_set_header X-Forwarded-Method $request_method;",
        "proxy_pass_request_body off;",
    ):
        assert line in text


def test_sign_in_sends_people_to_its_page(bench: Bench, echo: Echo, guard: Echo) -> None:
    guard.status = 401
    auth = signed(guard, sign_in_url="https://in.test/?a=1")
    bench.serve(host("blog", forward_port=echo.port, forward_auth=auth))
    sent = bench.ask("blog.test", "/page?x=1")
    assert sent.status == 302
    assert sent.headers["location"] == "https://in.test/?a=1&rd=http://blog.test/page?x=1"


def test_the_internal_location_is_closed_to_the_world(
    bench: Bench, echo: Echo, guard: Echo
) -> None:
    bench.serve(host("blog", forward_port=echo.port, forward_auth=signed(guard)))
    assert bench.ask("blog.test", "/.hub/auth/0").status == 404


@pytest.mark.parametrize("name", ["Remote-User", "remote-user", "REMOTE-USER"])
def test_no_one_forges_who_they_are(bench: Bench, echo: Echo, guard: Echo, name: str) -> None:
    guard.headers = {}
    locations = [
        {"path": "/open/", "public": True},
        {"path": "/other/", "forward_auth": signed(guard, response_headers=["X-Role"])},
    ]
    bench.serve(
        host("blog", forward_port=echo.port, forward_auth=signed(guard), locations=locations)
    )
    for path in ("/", "/open/", "/other/"):
        seen = bench.ask("blog.test", path, headers={name: "root", "X-Role": "root"}).echo
        assert "remote-user" not in seen["headers"], path
        assert "x-role" not in seen["headers"], path


def test_underscores_forge_nothing_either(bench: Bench, echo: Echo, guard: Echo) -> None:
    snippet = "underscores_in_headers on;"
    auth = signed(guard)
    # of the default server, for nginx reads that one's setting before it knows the name
    spec = {"forward_auth": auth, "advanced_config": snippet, "forward_port": echo.port}
    bench = _without_default(bench)
    bench.serve(host("blog", locations=[{"path": "/open/", "public": True}], **spec))
    forged = {"Remote_User": "root", "X_Other": "kept"}
    seen = bench.ask("blog.test", "/open/", headers=forged).echo["headers"]
    assert seen["x_other"] == "kept"
    assert "remote_user" not in seen


def _without_default(bench: Bench) -> Bench:
    bench.server = Part(bench.server.id, 1, {**bench.server.spec, "default_site": "none"})
    return bench


def test_either_the_house_or_a_sign_in(bench: Bench, echo: Echo, guard: Echo) -> None:
    guard.status = 401
    bench.serve(doors(clients=LAN, satisfy_any=True), app(echo, forward_auth=signed(guard)))
    assert bench.ask("blog.test", source="127.0.0.2").status == 200
    assert bench.ask("blog.test", source="127.0.0.3").status == 401


def test_a_list_that_is_not_there_is_a_flaw(bench: Bench) -> None:
    location = {"path": "/x", "access_list_id": "gone"}
    rendered = bench.render(host("a", access_list_id="lan"), host("b", locations=[location]))
    assert [(flaw.part, flaw.field) for flaw in rendered.flaws] == [
        ("proxy.host/a", "access_list_id"),
        ("proxy.host/b", "locations.0.access_list_id"),
    ]
    assert not [file for file in rendered.files if file.path.startswith("http/host")]


def test_an_empty_list_is_a_flaw(bench: Bench) -> None:
    empty = Part("proxy.access_list/lan", 1, {"items": [], "clients": []})
    flaws = bench.render(empty, host(access_list_id="lan")).flaws
    assert "empty" in flaws[0].message


def test_a_password_and_a_sign_in_page_go_in_circles(bench: Bench, echo: Echo, guard: Echo) -> None:
    auth = signed(guard, sign_in_url="https://in.test/")
    rendered = bench.render(doors(items=USERS), app(echo, forward_auth=auth))
    assert [flaw.field for flaw in rendered.flaws] == ["forward_auth.sign_in_url"]
    guard.status = 401
    bench.serve(doors(items=USERS, satisfy_any=True), app(echo, forward_auth=auth))
    assert bench.ask("blog.test", headers=BOB).status == 200
    assert bench.ask("blog.test").status == 302
