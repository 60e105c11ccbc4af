"""What is written as one word is read as one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.proxy.render.writer import Page, UnsafeError, literal, word
from integrations.proxy.syntax import parse

SIGNS = "ab ;{}#'\"\\$~^()[]<>|!%&=?*+,.:/@-_\u00fc"


@given(text=st.text(SIGNS, max_size=12))
def test_words_come_back(text: str) -> None:
    (statement,) = parse(f"x {word(text)};")
    assert statement.words == ("x", text)


@pytest.mark.parametrize("text", ["a\nb", "\r", "\x00", "\x7f", "\t", "a" * 4000, "\u00fc" * 2000])
def test_what_can_not_be_written(text: str) -> None:
    with pytest.raises(UnsafeError):
        word(text)


def test_no_variables_where_none_belong() -> None:
    assert literal("a.test") == "a.test"
    with pytest.raises(UnsafeError):
        literal("$host")


def test_each_line_knows_its_field() -> None:
    page = Page("title")
    page.open("a", "server")
    page.add("b", "one 1", "two 2")
    page.block("c", "location /", "three 3")
    page.unless("d", "$x", "403")
    page.rows([("e", "four 4"), (None, "five 5")])
    page.close()
    file = page.file("http/x.conf", "proxy.host/x")
    lines = file.data.decode().splitlines()
    assert dict(zip(lines, file.fields, strict=True)) == {
        "# title": None,
        "server {": "a",
        "    one 1;": "b",
        "    two 2;": "b",
        "    location / {": "c",
        "        three 3;": "c",
        "    }": None,
        "    if ($x) { return 403; }": "d",
        "    four 4;": "e",
        "    five 5;": None,
        "}": None,
    }
