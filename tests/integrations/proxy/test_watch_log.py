"""Sums of the access log: whole lines once each, rubbish counted, more than a look skipped."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.util.json import dumps
from integrations.proxy.watch.log import NO_FILE, Piece, Place, Sums, Tally, add, follow


def line(host: str = "proxy.host/blog", status: object = 200, **more: object) -> bytes:
    return dumps({"h": host, "s": status, "b": 100, "rt": 0.01, "us": "200", **more}) + b"\n"


def summed(*lines: bytes) -> Tally:
    tally = Tally()
    add(tally, b"".join(lines))
    return tally


def test_sums_by_host_and_class() -> None:
    tally = summed(
        line(),
        line(status="304"),
        line(status=404, rt="0.030"),
        line("proxy.host/b", 502, us="502"),
    )
    blog = tally.hosts["proxy.host/blog"]
    assert (blog.requests, blog.classes, blog.sent) == (3, {2: 1, 3: 1, 4: 1}, 300)
    assert blog.mean == pytest.approx(0.05 / 3)
    assert blog.p95 == 0.03
    assert tally.hosts["proxy.host/b"].upstream_errors == 1
    assert (tally.lines, tally.rubbish) == (4, 0)


def test_the_last_of_several_tries_counts() -> None:
    sums = summed(
        line(us="502, 200"), line(us="504 : 502"), line(us=""), line(us="-"), line(us=None)
    ).hosts["proxy.host/blog"]
    assert (sums.reached, sums.upstream_errors, sums.requests) == (1, 1, 5)


def test_p95_is_the_nearest_rank() -> None:
    sums = Sums(seconds=[float(number) for number in range(100, 0, -1)])
    assert sums.p95 == 95
    assert sums.mean == 50.5
    assert Sums().p95 is None
    assert Sums().mean is None, "no request is no time, not a time of 0"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"not json\n",
        b"[1, 2]\n",
        b'"text"\n',
        b"{}\n",
        b'{"h":"proxy.host/blog"}\n',
        b'{"h":"","s":200}\n',
        b'{"h":7,"s":200}\n',
        b'{"h":"proxy.host/blog","s":true}\n',
        b'{"h":"proxy.host/blog","s":99}\n',
        b'{"h":"proxy.host/blog","s":"20x"}\n',
        b'{"h":"proxy.host/blog","s":000}\n',
        b'{"h":"proxy.host/blog","s":200\n',
        b"\xff\xfe\x00\n",
        b"[" * 2000 + b"\n",
        b'{"h":"' + b"x" * 300 + b'","s":200}\n',
    ],
)
def test_rubbish_is_counted_and_left_out(rubbish: bytes) -> None:
    tally = summed(line(), rubbish, line())
    assert (tally.lines, tally.rubbish) == (3, 1)
    assert tally.hosts["proxy.host/blog"].requests == 2


def test_figures_that_make_no_sense_do_not_reach_the_sums() -> None:
    sums = summed(line(rt=-1, b=-5), line(rt="NaN", b="x"), line(rt=None), line(rt=1e300)).hosts
    assert sums["proxy.host/blog"].seconds == []
    assert sums["proxy.host/blog"].sent == 200


def test_the_first_look_begins_at_the_end() -> None:
    found = follow(None, [Piece(5, 1000, 1000, b"")])
    assert found.place == Place(5, 1000)
    assert found.tally.lines == 0
    assert found.tally.share == 1


def test_half_a_line_waits_for_its_other_half() -> None:
    data = line() + line()
    first = follow(Place(5, 0), [Piece(5, 40, 0, data[:40])])
    assert first.place == Place(5, 0)
    cut = len(line()) + 10
    second = follow(first.place, [Piece(5, cut, 0, data[:cut])])
    assert second.tally.lines == 1
    assert second.place == Place(5, len(line()))
    third = follow(second.place, [Piece(5, len(data), len(line()), data[len(line()) :])])
    assert third.tally.lines == 1


def test_the_rest_of_the_rotated_file_comes_first() -> None:
    found = follow(
        Place(5, 100),
        [Piece(5, 100 + len(line()), 100, line()), Piece(6, len(line()) * 2, 0, line() * 2)],
    )
    assert found.tally.lines == 3
    assert found.place == Place(6, 2 * len(line()))
    assert found.tally.skipped == 0


def test_a_log_that_was_not_there_is_read_from_its_beginning() -> None:
    first = follow(None, [])
    assert first.place == NO_FILE
    assert follow(first.place, [Piece(7, len(line()), 0, line())]).tally.lines == 1


def test_a_log_that_was_cut_short_is_read_from_its_beginning() -> None:
    found = follow(Place(5, 5000), [Piece(5, len(line()), 0, line())])
    assert (found.tally.lines, found.tally.skipped) == (1, 0)
    assert found.place == Place(5, len(line()))


def test_more_than_one_look_takes_in_is_skipped_and_told() -> None:
    data = line() * 100
    newest = data[-1000:]
    found = follow(Place(5, 0), [Piece(5, len(data), len(data) - 1000, newest)], limit=1000)
    whole = 1000 // len(line())
    assert found.tally.lines == whole
    assert found.tally.rubbish == 0, "the half line in front is nobody's fault"
    assert found.tally.skipped == len(data) - 1000
    assert found.tally.share == pytest.approx(1000 / len(data))
    assert found.place == Place(5, len(data))


def test_a_line_without_end_does_not_stop_the_reading() -> None:
    found = follow(Place(5, 0), [Piece(5, 1000, 0, b"x" * 1000)], limit=1000)
    assert found.place == Place(5, 1000)
    assert found.tally.rubbish == 1


@given(st.binary(max_size=2000))
def test_no_bytes_can_do_harm(data: bytes) -> None:
    tally = summed(data)
    assert tally.rubbish <= tally.lines == sum(1 for part in data.split(b"\n") if part)


@given(st.lists(st.integers(0, 40), max_size=30), st.randoms())
def test_every_line_is_counted_once_however_it_arrives(
    steps: list[int], chosen: random.Random
) -> None:
    written, place, lines = b"", Place(9, 0), 0
    for number in steps:
        written += b"".join(line(status=chosen.choice([200, 404])) for _ in range(number % 4))
        seen = len(written) - chosen.randrange(0, 50) if written else 0
        seen = max(seen, place.offset)
        data = written[place.offset : seen]
        found = follow(place, [Piece(9, seen, place.offset, data)])
        place, lines = found.place, lines + found.tally.lines
    last = follow(place, [Piece(9, len(written), place.offset, written[place.offset :])])
    assert lines + last.tally.lines == written.count(b"\n")
    assert last.tally.rubbish == 0
