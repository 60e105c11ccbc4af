import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.neasmart.command import Phase
from integrations.neasmart.counters import Counters
from integrations.neasmart.image import Image
from integrations.neasmart.mbap import Mbap
from integrations.neasmart.pdu import Slave


def frame(transaction: int, unit: int, pdu: str) -> bytes:
    body = bytes((unit,)) + bytes.fromhex(pdu)
    return transaction.to_bytes(2, "big") + bytes(2) + len(body).to_bytes(2, "big") + body


def line(image: Image | None = None) -> tuple[Mbap, Image, Counters]:
    image, counters = image or Image(), Counters()
    return Mbap(Slave(image), counters), image, counters


STREAM = [
    frame(1, 0, "06 0066 0c33"),
    frame(2, 240, "03 0066 0001"),
    frame(3, 16, "03 0000 0001"),
    frame(4, 241, "10 0064 0003 06 0001 0c33 0c1a"),
    frame(5, 240, "07"),
    frame(6, 240, "03 0064 0003"),
    frame(7, 0, "06 006e 002d"),
    frame(8, 240, "16 0066 00f2 0025"),
]


def test_the_example_of_the_manual() -> None:
    framer, image, _ = line()
    image.write(100, bytes.fromhex("0003 0c33"), 0.0)
    answer = framer.feed(bytes.fromhex("00 01 00 00 00 06 F0 03 00 64 00 02"), 0.0)
    assert answer.hex() == "000100000007f0030400030c33"


def test_five_reads_in_one_segment_get_five_answers_with_their_own_ids() -> None:
    framer, _, counters = line()
    answer = framer.feed(b"".join(frame(i, 240, "03 0064 0001") for i in range(1, 6)), 0.0)
    assert answer == b"".join(frame(i, 240, "03 02 0000") for i in range(1, 6))
    assert counters.reads == counters.replies == counters.frames == 5


def test_twelve_glued_broadcasts_are_all_applied() -> None:
    framer, image, counters = line()
    glued = b"".join(frame(0, 0, f"06 {100 * z + 2:04x} {0x0C00 + z:04x}") for z in range(1, 13))
    assert framer.feed(glued, 0.0) == b""
    assert [image.reported(100 * z + 2) for z in range(1, 13)] == [0x0C00 + z for z in range(1, 13)]
    assert counters.broadcasts == 12


def test_a_segment_of_many_kilobytes_is_legal() -> None:
    framer, _, counters = line()
    answer = framer.feed(frame(9, 240, "03 0064 0001") * 5000, 0.0)
    assert len(answer) == 5000 * 11
    assert counters.noise_bytes == 0


@given(st.lists(st.integers(1, 40), max_size=40), st.lists(st.sampled_from(STREAM), max_size=20))
def test_chunking_changes_nothing(cuts: list[int], frames: list[bytes]) -> None:
    data = b"".join(frames)
    whole, whole_image, whole_counts = line()
    expected = whole.feed(data, 0.0)
    cut, cut_image, cut_counts = line()
    answers, position = b"", 0
    for size in [*cuts, *[1] * len(data)]:
        if position < len(data):
            answers += cut.feed(data[position : position + size], 0.0)
            position += size
    assert answers == expected
    assert cut_image.served == whole_image.served
    assert cut_counts == whole_counts


@pytest.mark.parametrize("noise", ["ff", "010203", "0000000000", "00010000ffff", "deadbeef" * 10])
def test_noise_costs_no_frame_behind_it(noise: str) -> None:
    framer, image, counters = line()
    framer.feed(bytes.fromhex(noise) + frame(1, 0, "06 0066 0c33") + frame(2, 0, "06 006e 002d"), 0)
    assert image.reported(110) == 45
    assert image.reported(102) == 0x0C33
    assert counters.crc_errors == 1
    assert counters.noise_bytes == len(bytes.fromhex(noise))


def test_exceptions_keep_the_conversation() -> None:
    framer, _, _ = line()
    answer = framer.feed(frame(1, 240, "2b 0e 01 00") + frame(2, 240, "03 0000 0001"), 0.0)
    assert answer == frame(1, 240, "ab 01") + frame(2, 240, "03 02 0000")


def test_the_fast_way_delivers_commands_too() -> None:
    framer, image, _ = line()
    first, second = image.command(100, 1), image.command(6001, 0x0C33)
    framer.feed(frame(1, 240, "03 0064 0002"), 0.0)
    assert (first.phase, second.phase) == (Phase.DELIVERED, Phase.QUEUED)


def test_the_rest_of_an_old_frame_is_forgotten() -> None:
    framer, image, _ = line()
    framer.feed(frame(1, 0, "06 0066 0c33")[:7], 0.0)
    framer.feed(frame(2, 0, "06 0066 0c1a"), 60.0)
    assert image.reported(102) == 0x0C1A


def test_user_states_protected_through_the_whole_frame_path() -> None:
    framer, image, _ = line()
    image.command(100, 1)
    framer.feed(frame(1, 0, "06 0064 0003"), 0.0)
    assert framer.feed(frame(2, 240, "03 0064 0001"), 0.0) == frame(2, 240, "03 02 0001")
    framer.feed(frame(3, 0, "06 0064 0003"), 0.0)
    assert framer.feed(frame(4, 240, "03 0064 0001"), 0.0) == frame(4, 240, "03 02 0003")


@given(st.binary(max_size=600))
def test_random_bytes_raise_nothing_and_get_only_framed_answers(data: bytes) -> None:
    framer, _, counters = line()
    answer = framer.feed(data, 0.0)
    position = 0
    while position < len(answer):
        assert answer[position + 2 : position + 4] == b"\x00\x00"
        assert answer[position + 6] in (240, 241)
        position += 6 + int.from_bytes(answer[position + 4 : position + 6], "big")
    assert position == len(answer)
    assert (counters.replies > 0) == bool(answer)


def test_a_stream_that_is_all_noise_keeps_no_memory() -> None:
    framer, _, _ = line()
    for _ in range(100):
        framer.feed(b"\xff" * 1000, 0.0)
    assert len(framer._rest) < 260
