"""Headers of Modbus/TCP, as a server finds them."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.gateway.mbap import LostFraming, Mbap


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), st.binary(min_size=1, max_size=253)),
        max_size=5,
    ),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_headers_are_found_however_the_bytes_come(
    frames: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    framing, found = Mbap(), []
    stream = b"".join(framing.wrap(*frame) for frame in frames)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for low, high in itertools.pairwise(edges):
        framing.feed(stream[low:high])
        while (frame := framing.next()) is not None:
            found.append(frame)
    assert found == frames


@pytest.mark.parametrize("damaged", ["0001 0001 0003 01 83 02", "0001 0000 0001 01 83", "FF" * 9])
def test_what_is_no_header_is_an_error(damaged: str) -> None:
    framing = Mbap()
    framing.feed(bytes.fromhex(damaged))
    with pytest.raises(LostFraming):
        framing.next()


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_noise_raises_nothing_else(data: list[bytes]) -> None:
    framing = Mbap()
    for chunk in data:
        framing.feed(chunk)
        try:
            while framing.next() is not None:
                pass
        except LostFraming:
            framing = Mbap()
