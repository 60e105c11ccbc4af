import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.neasmart.command import Phase
from integrations.neasmart.counters import Counters
from integrations.neasmart.crc import crc16, seal
from integrations.neasmart.image import Image
from integrations.neasmart.pdu import Slave
from integrations.neasmart.rtu import Rtu

READ_240 = bytes.fromhex("F0 03 00 64 00 02 90 F5")
READ_241 = bytes.fromhex("F1 03 00 01 00 02 81 3B")
ANSWER = bytes.fromhex("F0 03 04 00 03 0C 33 AF E9")
NO_DATA = bytes.fromhex("F0 03 04 00 00 00 00 1A FC")
TEMPERATURE = bytes.fromhex("00 06 00 66 0C 33 2D 11")
INVALID = bytes.fromhex("00 06 00 66 7F FF 08 74")
STANDBY = bytes.fromhex("00 06 00 65 81 16 79 9A")
HUMIDITY = bytes.fromhex("00 06 00 6E 00 2D 29 DB")
BLOCK = bytes.fromhex("00 10 00 64 00 03 06 00 01 0C 33 0C 1A EC 3E")
WRITE_240 = bytes.fromhex("F0 06 00 65 0C 33 C9 E1")
WRITE_241 = bytes.fromhex("F1 06 00 65 0C 1A 09 EE")
FOREIGN = bytes.fromhex("10 03 00 00 00 01 87 4B")
EXCEPTION = bytes.fromhex("F0 83 02 91 02")
FOREIGN_ANSWER = seal(bytes.fromhex("10 03 02 12 34"))
FOREIGN_LONG_ANSWER = seal(bytes.fromhex("10 03 c8") + bytes(range(200)))
UNKNOWN = seal(bytes.fromhex("F0 2B 0E 01 00"))
ALL = [
    READ_240, READ_241, ANSWER, TEMPERATURE, INVALID, STANDBY, HUMIDITY, BLOCK, WRITE_240,
    WRITE_241, FOREIGN, EXCEPTION, FOREIGN_ANSWER, FOREIGN_LONG_ANSWER, UNKNOWN,
]  # fmt: skip


def line(image: Image | None = None, *, echo: bool = False) -> tuple[Rtu, Image, Counters]:
    image, counters = image or Image(), Counters()
    return Rtu(Slave(image), counters, echo=echo), image, counters


def test_checksums_of_the_worked_frames() -> None:
    for known in ALL:
        assert crc16(known) == 0
        assert seal(known[:-2]) == known


def test_answers_byte_for_byte() -> None:
    framer, image, _ = line()
    assert framer.feed(READ_240, 0.0) == NO_DATA
    image.write(100, bytes.fromhex("0003 0c33"), 0.0)
    assert framer.feed(READ_240, 0.0) == ANSWER
    assert framer.feed(WRITE_240, 0.0) == WRITE_240
    assert framer.feed(WRITE_241, 0.0) == WRITE_241
    assert framer.feed(seal(bytes.fromhex("F0 03 FF FF 00 02")), 0.0) == EXCEPTION
    assert framer.feed(UNKNOWN, 0.0) == seal(bytes.fromhex("F0 AB 01"))


def test_broadcasts_byte_for_byte_and_never_answered() -> None:
    framer, image, _ = line()
    assert framer.feed(TEMPERATURE + HUMIDITY, 0.0) == b""
    assert (image.reading(102).value, image.reading(110).value) == (21.5, 45)
    assert framer.feed(INVALID + STANDBY, 0.0) == b""
    assert image.reading(102).reason == "sentinel"
    assert image.reading(101).reason == "not_applicable"
    assert framer.feed(BLOCK, 0.0) == b""
    assert [image.reading(a).value for a in (100, 101, 102)] == [1, 21.5, 21.0]


def test_six_glued_frames_are_all_applied() -> None:
    framer, image, counters = line()
    frames = [seal(bytes((0, 6, 0, 102 + 100 * z, 0x0C, z))) for z in range(1)]
    frames += [
        seal(bytes((0, 6)) + (100 * z + 2).to_bytes(2, "big") + bytes((0x0C, z)))
        for z in range(2, 7)
    ]
    assert framer.feed(b"".join(frames), 0.0) == b""
    assert [image.reported(100 * z + 2) for z in range(2, 7)] == [0x0C00 + z for z in range(2, 7)]
    assert counters.broadcasts == 6


def test_a_zero_behind_a_sound_frame_belongs_to_the_next_one() -> None:
    framer, image, counters = line()
    framer.feed(FOREIGN_ANSWER + TEMPERATURE, 0.0)
    assert image.reading(102).value == 21.5
    assert counters.noise_bytes == 0


def test_a_request_to_us_whose_checksum_ends_in_zero_is_answered() -> None:
    request = seal(bytes.fromhex("10 03 02 00 00 44"))
    assert request[-1] == crc16(request[:-1]) == 0
    expected = seal(bytes((16, 3, 136)) + bytes(136))
    for size in (1, 8):
        framer = Rtu(Slave(Image(), [16]), Counters())
        chunks = [request[place : place + size] for place in range(0, 8, size)]
        assert b"".join(framer.feed(chunk, 0.0) for chunk in chunks) == expected


@pytest.mark.parametrize("noise", ["f0", "010203", "f010", "0006", "f0030064", "ffffff", "f02b"])
def test_noise_in_front_costs_nothing(noise: str) -> None:
    framer, image, counters = line()
    framer.feed(bytes.fromhex(noise), 0.0)
    framer.feed(TEMPERATURE, 0.0)
    assert image.reading(102).value == 21.5
    assert counters.noise_bytes == len(bytes.fromhex(noise))
    assert counters.crc_errors == 1


@pytest.mark.parametrize("length", range(1, len(BLOCK)))
def test_a_cut_frame_costs_only_itself(length: int) -> None:
    framer, image, _ = line()
    framer.feed(BLOCK[:length] + TEMPERATURE, 0.0)
    assert image.reading(102).value == 21.5
    assert image.reading(100).value is None


def test_request_and_response_of_another_slave_then_a_broadcast() -> None:
    framer, image, counters = line()
    stream = FOREIGN + FOREIGN_ANSWER + FOREIGN + FOREIGN_LONG_ANSWER + TEMPERATURE
    assert framer.feed(stream, 0.0) == b""
    assert image.reading(102).value == 21.5
    assert counters.foreign == 4
    assert counters.noise_bytes == 0


def test_the_answer_of_a_real_gateway_with_our_id_is_passed_over() -> None:
    framer, _, counters = line()
    assert framer.feed(ANSWER + EXCEPTION, 0.0) == b""
    assert counters.responses == 2


@given(
    st.lists(st.sampled_from(ALL), max_size=12),
    st.lists(st.integers(1, 30), max_size=60),
)
def test_chunking_changes_nothing(frames: list[bytes], cuts: list[int]) -> None:
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
    assert whole_counts.frames == len(frames)


@given(st.binary(max_size=700))
def test_random_bytes_raise_nothing_and_answers_need_a_sound_checksum(data: bytes) -> None:
    framer, _, counters = line()
    answer = framer.feed(data, 0.0)
    if counters.frames == 0:
        assert answer == b""
    assert (counters.replies > 0) == bool(answer)


@given(st.binary(max_size=40), st.sampled_from(ALL), st.integers(0, 7))
def test_one_flipped_bit_is_never_obeyed(prefix: bytes, sound: bytes, bit: int) -> None:
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << bit
        assert crc16(damaged) != 0
    framer, _, _ = line()
    framer.feed(prefix + sound, 0.0)
    assert len(framer._rest) <= 256


def test_a_stream_of_noise_keeps_little_and_stays_usable() -> None:
    noise = random.Random(4)  # noqa: S311 - the same noise each time
    framer, image, _ = line()
    for _ in range(50):
        framer.feed(noise.randbytes(400), 0.0)
    assert len(framer._rest) <= 256
    for _ in range(3):
        framer.feed(TEMPERATURE, 0.0)
    assert image.reading(102).value == 21.5


def test_damaged_frames_for_us_are_told_foreign_noise_is_not() -> None:
    framer, _, counters = line()
    told: list[bytes] = []
    framer.on_damaged = told.append
    framer.feed(FOREIGN[:-1] + b"\x00" + TEMPERATURE, 0.0)
    assert told == []
    framer.feed(READ_240[:-1] + b"\x00" + TEMPERATURE, 0.0)
    assert [frame[:4] for frame in told] == [READ_240[:4]]
    assert counters.crc_errors == 2


def test_local_echo_is_removed() -> None:
    framer, image, counters = line(echo=True)
    reply = framer.feed(WRITE_240, 0.0)
    assert framer.feed(reply[:3], 0.0) == b""
    assert framer.feed(reply[3:] + TEMPERATURE, 0.0) == b""
    assert counters.writes == 1
    assert image.reading(102).value == 21.5
    assert framer.feed(READ_240, 0.0)


def test_an_echo_that_does_not_come_blocks_nothing() -> None:
    framer, image, _ = line(echo=True)
    framer.feed(READ_240, 0.0)
    framer.feed(TEMPERATURE, 0.0)
    assert image.reading(102).value == 21.5


def test_a_command_is_delivered_over_rtu() -> None:
    framer, image, _ = line()
    command = image.command(101, 0x0C33)
    assert framer.feed(READ_240, 0.0)[5:7] == bytes.fromhex("0c33")
    assert command.phase is Phase.DELIVERED
