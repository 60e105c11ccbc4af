"""The page of stub_status, and what two of them say."""

import pytest

from integrations.proxy.watch.status import Stub, parse, rate

# nginx 1.22.1, byte for byte
PAGE = (
    "Active connections: 2 \n"
    "server accepts handled requests\n"
    " 841845 841840 1513680 \n"
    "Reading: 0 Writing: 1 Waiting: 1 \n"
)


def test_the_page_is_read() -> None:
    assert parse(PAGE) == Stub(2, 841845, 841840, 1513680, 0, 1, 1)


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<html>404 Not Found</html>",
        PAGE[:40],
        PAGE + PAGE,
        PAGE.replace("2 \n", "-2 \n"),
        PAGE.replace("841845", "9" * 40),
        PAGE.replace("Waiting: 1", "Waiting: one"),
    ],
)
def test_anything_else_is_not_known(page: str) -> None:
    assert parse(page) is None


def test_the_rate_leaves_out_the_look_itself() -> None:
    before = Stub(1, 1, 1, 100, 0, 1, 0)
    after = Stub(1, 1, 1, 161, 0, 1, 0)
    assert rate(before, after, 60) == 1.0
    assert rate(before, Stub(1, 1, 1, 101, 0, 1, 0), 60) == 0


def test_a_rate_without_two_pages_is_not_known() -> None:
    page = Stub(1, 1, 1, 100, 0, 1, 0)
    assert rate(None, page, 60) is None
    assert rate(page, None, 60) is None
    assert rate(page, page, 0) is None
    assert rate(page, Stub(1, 1, 1, 5, 0, 1, 0), 60) is None, "nginx was started anew"
