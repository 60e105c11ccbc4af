"""The log: levels, forms, and that nobody writes a line of his own into it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from hub.observe.logging import form_of, formatter, setup

NASTY = "a\nERROR hub.core: forged\r\x1b[2J\x9b31m\x00\x7f\u2028b\u2029\u202egnp.exe\ud800\t\u200b"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("hub.quiet").setLevel(logging.NOTSET)


def test_single_names_have_their_own_level(capsys: pytest.CaptureFixture[str]) -> None:
    setup("info", {"hub.quiet": "error"})
    logging.getLogger("hub.loud").info("heard")
    logging.getLogger("hub.quiet").warning("not heard")
    written = capsys.readouterr().err
    assert written.endswith("INFO hub.loud: heard\n")
    assert "not heard" not in written


def test_a_journal_has_its_own_times(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    setup()
    logging.getLogger("hub.loud").info("heard")
    assert capsys.readouterr().err == "INFO hub.loud: heard\n"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    setup(form="json")
    logging.getLogger("hub.x").warning("%s went %d", "it", 3)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "warning", "logger": "hub.x", "event": "it went 3"}


def test_production_writes_json_unless_told_otherwise() -> None:
    assert form_of("auto", production=True) == "json"
    assert form_of("auto", production=False) == "console"
    assert form_of("console", production=True) == "console"


@pytest.mark.parametrize("name", ["hub.x", NASTY], ids=["message", "name"])
def test_no_character_forges_a_line_or_steers_a_terminal(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for form in ("console", "json"):
        setup(form=form)
        logging.getLogger(name).error("user %s", NASTY)
        written = capsys.readouterr().err
        assert len(written.splitlines()) == 1, form
        assert written[:-1].isprintable(), form
        if form == "json":
            event = json.loads(written)["event"]
            assert event.startswith("user a\nERROR")  # nothing is lost for who parses
            assert "\u2028b\u2029\u202e" in event
        else:
            assert r"a\nERROR hub.core: forged\r\x1b[2J\x9b31m\x00\x7f\u2028b" in written


def test_names_of_people_stay_readable(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("console", "json"):
        setup(form=form)
        logging.getLogger("hub.x").info("Küche, مطبخ, می\u200cخواهم, 🏠")  # noqa: RUF001
        assert "Küche, مطبخ, می\u200cخواهم, 🏠" in capsys.readouterr().err  # noqa: RUF001


def test_a_traceback_is_indented_and_its_text_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup(form="console")
    try:
        raise ValueError(NASTY)
    except ValueError:
        logging.getLogger("hub.x").exception("it failed")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("ERROR hub.x: it failed")
    assert all(line.startswith("    ") for line in rest)
    assert all(line.isprintable() for line in rest)
    assert any("ValueError: a" in line for line in rest)


def test_a_traceback_in_json_stays_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    setup(form="json")
    try:
        raise ValueError(NASTY)
    except ValueError:
        logging.getLogger("hub.x").exception("it failed")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "ValueError: a\nERROR" in json.loads(written)["exception"]


def test_structlog_loggers_end_in_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    setup(form="json")
    structlog.get_logger("hub.s").warning("done", topic=NASTY, count=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["count"], line["logger"]) == ("done", 3, "hub.s")
    setup(form="console")
    structlog.get_logger("hub.s").warning("done", topic=NASTY)
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "done topic='a" in written


def test_every_character_is_harmless_in_both_forms() -> None:
    forms = [formatter("console"), formatter("json")]
    for start in range(0, 0x110000, 0x400):
        text = "".join(map(chr, range(start, start + 0x400)))
        record = logging.LogRecord("hub.x", logging.INFO, "f", 1, text, (), None)
        for form in forms:
            line = form.format(record)
            assert len(line.splitlines()) == 1
            assert not set(line) & set("\x1b\x9b\x7f\u202e\u2066\u2028\x85")
            line.encode()


def test_rich_and_structlog_are_not_imported_before_they_are_needed() -> None:
    program = """
import sys
import hub.observe.logging, hub.bootstrap
assert "structlog" not in sys.modules
hub.observe.logging.setup()
assert "structlog" in sys.modules
assert "rich" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_clients_send_can_not_forge_lines(start_hub: Any) -> None:
    """Send it as a path, a user name and a websocket command, and look at the real log."""
    import http.client

    hub = start_hub(
        "hub:\n  name: Test\nmqtt:\n  enabled: false\nlogger:\n  level: debug\n  format: json\n"
    )
    evil = "x\nFORGED\r\x1b[31m\u2028y"
    link = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
    body = json.dumps({"client_id": f"{hub.url}/", "handler": ["homeassistant", None],
                       "redirect_uri": f"{hub.url}/?auth_callback=1"})  # fmt: skip
    link.request("POST", "/auth/login_flow", body, {"Content-Type": "application/json"})
    flow = json.loads(link.getresponse().read())["flow_id"]
    answer = json.dumps({"client_id": f"{hub.url}/", "username": evil, "password": evil})
    link.request("POST", f"/auth/login_flow/{flow}", answer, {"Content-Type": "application/json"})
    link.getresponse().read()
    link.request("GET", "/api/x%0aFORGED%1b[31m%e2%80%a8y", headers=hub.headers)
    link.getresponse().read()
    link.request("GET", "/api/", headers={"Authorization": "Bearer x\u00ff.FORGED\x1b"})
    link.getresponse().read()
    link.close()
    hub.stop()
    lines = (hub.data.parent / "hub.log").read_text().split("\n")
    assert any("Login failed" in line for line in lines)
    for line in filter(None, lines):
        assert "level" in json.loads(line)
        assert len(line.splitlines()) == 1
        assert line.isprintable()


def test_the_environment_is_left_alone() -> None:
    before = dict(os.environ)
    formatter("json")
    assert dict(os.environ) == before
