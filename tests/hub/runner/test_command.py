"""What is run: checks, quoting, time limits, and outcomes in words."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.runner.command import Kind, Outcome, checked, limited, printable, quote, whole_seconds
from hub.runner.errors import CommandNotAllowed

ARGUMENT = st.text(
    st.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"]), max_size=30
)


@settings(max_examples=60)
@given(st.lists(ARGUMENT, max_size=6), st.sampled_from(["sh", "bash"]))
def test_a_shell_hands_on_exactly_what_was_quoted(arguments: list[str], shell: str) -> None:
    command = quote(["printf", "%s\\0", *arguments])
    done = subprocess.run([shell, "-c", command], capture_output=True, check=True)
    wanted = b"".join(argument.encode() + b"\0" for argument in arguments) or b"\0"
    assert done.stdout == wanted


@given(ARGUMENT)
def test_quotes_and_backslashes_never_stand_in_single_quotes(argument: str) -> None:
    """There fish would read them in another way than sh."""
    text, inside = quote(["x", argument])[2:], False
    for place, char in enumerate(text):
        if char == "'" and text[place - 1 : place + 2] != '"\'"':
            inside = not inside
        assert not (inside and char == "\\")
    assert not inside


MEANING = ["$(reboot)", "`reboot`", "; reboot", "a b", "*", "~root", "=ls", "%1", "{a,b}"]


@pytest.mark.parametrize("argument", [*MEANING, "", "!!", "#", "\\'; reboot; #"])
def test_no_argument_means_anything_to_a_shell(argument: str) -> None:
    command = quote(["printf", "%s", argument])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == argument


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("rm -rf /", "list of arguments"),
        (b"true", "list of arguments"),
        ([], "not empty"),
        (["", "x"], "program's name"),
        (["-c", "x"], "program's name"),
        (["echo", "a\nb"], "argument 1 holds NUL or a line break"),
        (["echo", "a\rb"], "line break"),
        (["echo", "a\0b"], "NUL"),
        (["echo", 1], "argument 1 is not a text"),
        (["echo", "\ud800"], "Unicode"),
        (["echo", "x" * 100_001], "more than 100000"),
    ],
    ids=str,
)
def test_what_can_not_be_sent_is_refused(argv: list[str], words: str) -> None:
    with pytest.raises(CommandNotAllowed, match=words) as caught:
        checked(argv)
    assert caught.value.code == "command_not_allowed"


@pytest.mark.parametrize(("seconds", "whole"), [(0.2, 1), (1, 1), (1.5, 2), (30.0, 30)])
def test_time_limits_are_whole_seconds(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole
    assert limited(["a"], seconds) == ["timeout", "-k", "5", str(whole), "a"]


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        (Kind.EXIT, "command_failed", "status 3: no such zone"),
        (Kind.SIGNAL, "command_failed", "signal SEGV"),
        (Kind.TIMEOUT, "timeout", "not done after 7 s"),
        (Kind.TRANSPORT, "unreachable", "not started"),
        (Kind.UNKNOWN, "outcome_unknown", "may have done its work or not"),
    ],
)
def test_every_outcome_but_success_raises_its_error(kind: Kind, code: str, words: str) -> None:
    outcome = Outcome(
        kind, ("nginx", "-t"), "host.server/web", 3, "SEGV", b"", b"first\nno such zone\n", 7.0
    )
    assert not outcome.ok
    with pytest.raises(HubError, match=words) as caught:
        outcome.check()
    assert caught.value.code == code
    assert "host.server/web: nginx" in caught.value.message


def test_success_is_returned() -> None:
    outcome = Outcome(Kind.OK, ("true",), "local", 0, stdout=b"\xff\xfe")
    assert outcome.check() is outcome
    assert outcome.text == "\ufffd\ufffd"


def test_hostile_text_becomes_one_harmless_line() -> None:
    assert printable("a\x1b[31m\nb\x00\r\tc\u202e") == "a [31m b c"
    assert len(printable("x" * 10_000)) == 200
