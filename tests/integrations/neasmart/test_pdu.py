import pytest

from integrations.neasmart.command import Phase
from integrations.neasmart.counters import Counters
from integrations.neasmart.image import Image
from integrations.neasmart.pdu import Slave, looks_like_response


@pytest.fixture
def image() -> Image:
    return Image()


@pytest.fixture
def slave(image: Image) -> Slave:
    return Slave(image)


def ask(slave: Slave, text: str, unit: int = 240, counters: Counters | None = None) -> str | None:
    answer = slave.handle(unit, bytes.fromhex(text), 1.0, counters or Counters())
    return None if answer is None else answer.hex()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("03 0064 007d", "03fa" + "00" * 250),
        ("03 0064 007e", "8303"),
        ("03 0064 0000", "8303"),
        ("03 ffff 0002", "8302"),
        ("03 ffff 0001", "03020000"),
        ("04 0004 0001", "04020000"),
        ("01 0000 0010", "01020000"),
        ("02 0000 07d1", "8203"),
        ("05 0003 ff00", "050003ff00"),
        ("05 0003 0001", "8503"),
        ("0f 0003 0004 01 05", "0f00030004"),
        ("0f 0003 0009 01 05", "8f03"),
        ("06 0066 0c33", "0600660c33"),
        ("06 0066 0c", "8603"),
        ("10 0064 0003 06 0001 0c33 0c1a", "1000640003"),
        ("10 0064 0003 04 0001 0c33", "9003"),
        ("10 ffff 0002 04 0001 0c33", "9002"),
        ("10 0064 007c f8" + "00" * 248, "9003"),
        ("16 0066 00f2 0025", "16006600f20025"),
        ("17 0064 0002 00c8 0001 02 0001", "170400000000"),
        ("17 0064 007e 00c8 0001 02 0001", "9703"),
        ("2b 0e 01 00", "ab01"),
        ("03", "8303"),
        ("06", "8603"),
        ("10", "9003"),
        ("17", "9703"),
    ],
)
def test_requests_to_us(slave: Slave, request_: str, answer: str) -> None:
    assert ask(slave, request_) == answer
    assert ask(slave, request_, unit=241) == answer
    assert ask(slave, request_, unit=0) is None
    assert ask(slave, request_, unit=7) is None


def test_mask_write_follows_the_formula(slave: Slave) -> None:
    ask(slave, "06 0066 0012")
    ask(slave, "16 0066 00f2 0025")
    assert ask(slave, "03 0066 0001") == "03020017"


def test_read_write_writes_first(slave: Slave) -> None:
    assert ask(slave, "17 0066 0001 0066 0001 02 0c33") == "17020c33"


def test_coils_are_the_lowest_bits_of_the_words(slave: Slave, image: Image) -> None:
    ask(slave, "0f 0003 0004 01 05")
    assert ask(slave, "01 0003 0004") == "010105"
    assert image.reading(3).value == 1
    assert image.reading(6).value == 0


def test_one_image_for_240_241_and_the_broadcast(slave: Slave, image: Image) -> None:
    ask(slave, "06 0066 0c33", unit=0)
    ask(slave, "06 0067 0001", unit=241)
    assert ask(slave, "03 0066 0002", unit=240) == "03040c330001"
    assert image.reading(102).value == 21.5


def test_what_the_hub_commands_at_an_address_the_bus_reads_there(
    slave: Slave, image: Image
) -> None:
    image.command(101, 0x0C33)
    assert ask(slave, "03 0064 0002") == "030400000c33"
    before = bytes(image.served)
    ask(slave, "03 0000 007d")
    image.reading(102)
    assert bytes(image.served) == before


@pytest.mark.parametrize(
    "request_", ["03 0064 0001", "04 0064 0001", "17 0064 0001 0200 0001 020001"]
)
def test_a_read_of_either_unit_delivers(request_: str) -> None:
    for unit in (240, 241):
        image = Image()
        command = image.command(100, 1)
        ask(Slave(image), request_, unit=unit)
        assert command.phase is Phase.DELIVERED


def test_silent_reads_deliver_nothing(image: Image) -> None:
    command = image.command(100, 1)
    slave = Slave(image)
    for unit in (0, 16):
        ask(slave, "03 0064 0001", unit=unit)
        ask(slave, "17 0064 0001 0200 0001 020001", unit=unit)
    ask(slave, "01 0064 0001")
    ask(Slave(image, sniff_only=True), "03 0064 0001")
    assert command.phase is Phase.QUEUED


def test_sniffing_applies_writes_and_never_answers(image: Image) -> None:
    slave, counters = Slave(image, sniff_only=True), Counters()
    assert ask(slave, "06 0066 0c33", counters=counters) is None
    assert ask(slave, "03 0066 0001", counters=counters) is None
    assert image.reading(102).value == 21.5
    assert (counters.writes, counters.reads, counters.replies) == (1, 1, 0)


def test_without_broadcast_unit_zero_is_the_device_itself(image: Image) -> None:
    slave = Slave(image, broadcast=False)
    assert ask(slave, "06 0066 0c33", unit=0) == "0600660c33"


@pytest.mark.parametrize("unit", [1, 16, 247])
def test_any_unit_id_can_be_ours(unit: int) -> None:
    assert ask(Slave(Image(), [unit]), "03 0000 0001", unit=unit) == "03020000"
    assert ask(Slave(Image(), [unit]), "03 0000 0001", unit=240) is None


def test_answers_of_another_gateway_with_our_id_are_passed_over(slave: Slave) -> None:
    counters = Counters()
    for answer in ("03 04 0003 0c33", "10 0064 0003", "83 02", "17 02 0001"):
        assert looks_like_response(bytes.fromhex(answer))
        assert ask(slave, answer, counters=counters) is None
    assert counters.responses == 4


def test_a_failing_image_answers_exception_4(slave: Slave, image: Image) -> None:
    image.served = bytearray()
    counters = Counters()
    assert ask(slave, "06 0066 0c33", counters=counters) == "8604"
    assert counters.failures == 1


def test_every_frame_is_counted_once(slave: Slave) -> None:
    counters = Counters()
    for unit, text in (
        (240, "03 0064 0001"), (240, "06 0066 0c33"), (0, "06 0066 0c33"),
        (16, "03 0000 0001"), (241, "2b 0e 01"), (240, "83 02"), (0, "03 0000 0001"),
    ):  # fmt: skip
        ask(slave, text, unit, counters)
    assert counters.frames == 7
    assert (counters.reads, counters.writes, counters.broadcasts) == (1, 1, 1)
    assert (counters.foreign, counters.exceptions, counters.responses) == (2, 1, 1)
    assert counters.replies == 3
