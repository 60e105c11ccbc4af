"""Questions to upstreams, and what their answers mean."""

from typing import Any

from integrations.proxy.watch.answer import Reply
from integrations.proxy.watch.upstreams import Answer, answers, questions

HOST: dict[str, Any] = {
    "domain_names": ["*.example.com", "blog.example.com"],
    "forward_scheme": "http",
    "forward_host": "app.internal",
    "forward_port": 8080,
    "upstreams": [],
}


def test_the_usual_host_is_asked_as_nginx_asks_it() -> None:
    (asked,) = questions(HOST)
    assert asked.words() == ["http://app.internal:8080/", "-", "blog.example.com", "0", "5"]
    assert asked.name == "app.internal:8080"
    assert asked.good(Reply(404, 0.1, None)), "without a check whoever answers is there"
    assert not asked.good(Reply(502, 0.1, None))


def test_an_own_check() -> None:
    check = {"path": "/healthz?x=1", "timeout": 2, "expect": [204]}
    (asked,) = questions({**HOST, "health_check": check})
    assert asked.words() == [
        "http://app.internal:8080/healthz?x=1",
        "-",
        "blog.example.com",
        "0",
        "2",
    ]
    assert asked.good(Reply(204, 0.1, None))
    assert not asked.good(Reply(200, 0.1, None))
    (usual,) = questions({**HOST, "health_check": {"path": "/"}})
    assert not usual.good(Reply(404, 0.1, None))
    assert usual.good(Reply(302, 0.1, None))


def test_the_name_of_a_certificate_is_asked_for_at_the_address() -> None:
    spec = {
        **HOST,
        "forward_scheme": "https",
        "forward_host": None,
        "upstreams": [
            {"host": "10.0.0.5", "port": 8443},
            {"host": "fd00::5", "port": 8443, "backup": True},
            {"host": "10.0.0.7", "port": 8443, "down": True},
        ],
        "upstream_host": "app.example.com:444",
        "verify_tls": True,
    }
    first, second = questions(spec)
    assert first.words() == [
        "https://app.example.com:8443/", "10.0.0.5:8443", "app.example.com:444", "1", "5",
    ]  # fmt: skip
    assert second.where == "[fd00::5]:8443"
    assert second.backup


def test_a_host_of_wildcards_sends_no_name() -> None:
    (asked,) = questions({**HOST, "domain_names": ["*.example.com"], "forward_port": None})
    assert asked.host == "-"
    assert asked.name == "app.internal:80"


def test_answers() -> None:
    asked = questions({**HOST, "health_check": {}, "upstreams": [
        {"host": f"10.0.0.{number}", "port": 80} for number in range(4)
    ]})  # fmt: skip
    found = answers(
        asked,
        {0: Reply(200, 0.0123, None), 1: Reply(503, 0.5, None), 2: Reply(None, 5, "timed_out")},
    )
    assert [(item.ok, item.status, item.milliseconds, item.error) for item in found] == [
        (True, 200, 12.3, None),
        (False, 503, 500.0, "status_503"),
        (False, None, None, "timed_out"),
        (False, None, None, "no_answer"),
    ]
    assert Answer("a:80", True, 200, 1.0, None).as_dict()["upstream"] == "a:80"
