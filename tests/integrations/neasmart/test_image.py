import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.neasmart.command import Phase
from integrations.neasmart.dpt9 import encode
from integrations.neasmart.image import SIZE, Image
from integrations.neasmart.registers import COMMANDS


class Time:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def image(clock: Time) -> Image:
    return Image(monotonic=clock, wall=lambda: clock.now + 1_700_000_000)


def served(image: Image, address: int) -> int:
    return image.served[2 * address] << 8 | image.served[2 * address + 1]


def read(image: Image, address: int, count: int = 1) -> list[int]:
    if image.queued:
        image.delivered(address, count, image.monotonic())
    return [served(image, address + index) for index in range(count)]


def test_a_queued_command_survives_old_broadcasts_then_the_base_has_the_last_word(
    image: Image,
) -> None:
    command = image.command(100, 1)
    image.store(100, 3, 1000.0)
    assert served(image, 100) == 1
    assert image.reported(100) == 3
    assert command.phase is Phase.QUEUED
    assert read(image, 100) == [1]
    assert command.phase is Phase.DELIVERED
    image.store(100, 3, 1001.0)
    assert command.phase is Phase.REJECTED
    assert read(image, 100) == [3]


def test_confirmation_within_one_step_of_the_encoding(image: Image, clock: Time) -> None:
    command = image.command(101, encode(32.3))
    clock.now += 2
    read(image, 100, 2)
    clock.now += 0.5
    image.store(101, 0x0E4E, clock.now)
    assert command.phase is Phase.CONFIRMED
    assert image.latency.read == 2
    assert image.latency.confirm == 0.5
    assert served(image, 101) == 0x0E4E


def test_an_equal_write_before_the_read_confirms(image: Image) -> None:
    command = image.command(100, 1)
    image.store(100, 1, 1000.0)
    assert command.phase is Phase.CONFIRMED
    assert not image.open
    assert not image.queued


def test_expiry_reverts_the_image_to_the_report_or_to_no_data(image: Image, clock: Time) -> None:
    image.store(100, 4, clock.now)
    known, unknown = image.command(100, 1), image.command(200, 1)
    clock.now += 29.9
    image.tick()
    assert known.phase is Phase.QUEUED
    clock.now += 0.1
    image.tick()
    assert (known.phase, unknown.phase) == (Phase.EXPIRED, Phase.EXPIRED)
    assert read(image, 100) == [4]
    assert read(image, 200) == [0]
    assert image.expired == 2


def test_the_newest_command_wins_and_restarts_the_clock(image: Image, clock: Time) -> None:
    image.command(100, 1)
    clock.now += 20
    newest = image.command(100, 2)
    clock.now += 20
    image.tick()
    assert newest.phase is Phase.QUEUED
    assert read(image, 100) == [2]


def test_a_block_write_protects_only_the_pending_register(image: Image) -> None:
    image.command(101, encode(23))
    image.write(100, bytes.fromhex("0001 0c33 0c1a"), 1000.0)
    assert served(image, 100) == 1
    assert served(image, 101) == encode(23)
    assert image.reading(102).value == 21.0


def test_a_set_point_for_a_zone_in_standby_is_rejected_with_the_reason(image: Image) -> None:
    command = image.command(101, encode(22))
    read(image, 101)
    image.store(101, 0x8116, 1000.0)
    assert (command.phase, command.reason) == (Phase.REJECTED, "zone_in_standby")
    assert image.last[101].raw == encode(22)
    assert image.reading(101).value is None


def test_zero_written_after_delivery_is_no_data_not_a_refusal(image: Image) -> None:
    command = image.command(100, 2)
    read(image, 100)
    image.store(100, 0, 1000.0)
    assert command.phase is Phase.DELIVERED
    assert served(image, 100) == 2


def test_off_is_no_command(image: Image) -> None:
    with pytest.raises(ValueError, match="not a command"):
        image.command(100, 0)
    with pytest.raises(ValueError, match="takes no commands"):
        image.command(102, 5)


def test_never_received_and_zero_differ(image: Image) -> None:
    assert image.reading(102).reason == "never_received"
    image.store(102, 0, 1000.0)
    reading = image.reading(102)
    assert (reading.value, reading.quality) == (0.0, "good")


def test_freshness_is_per_zone(image: Image, clock: Time) -> None:
    image.store(102, 0x0C33, clock.now)
    clock.now += 100
    image.store(202, 0x0C33, clock.now)
    clock.now += 100
    image.tick()
    assert image.reading(102).quality == "stale"
    assert image.reading(102).value == 21.5
    assert image.reading(202).quality == "good"
    assert not image.fresh(1)
    assert image.fresh(2)
    assert image.age(2) == 100
    assert image.age(0) is None


def test_user_commands_are_no_sign_of_life(image: Image) -> None:
    image.command(100, 1)
    assert not image.fresh(1)


def test_restored_measurements_are_stale_and_commands_stay_away(image: Image) -> None:
    count = image.restore({102: (0x0C33, 5.0), 110: (45, 6.0), 100: (3, 5.0), 101: (0x0C33, 5.0)})
    assert count == 2
    reading = image.reading(102)
    assert (reading.value, reading.quality, reading.reason, reading.at) == (
        21.5, "stale", "restored", 5.0,
    )  # fmt: skip
    assert read(image, 100, 2) == [0, 0]
    image.store(102, 0x0C33, 1000.0)
    assert image.reading(102).quality == "good"
    assert image.reading(110).quality == "stale"


def test_snapshot_never_holds_a_command_register(image: Image) -> None:
    image.write(100, bytes.fromhex("0001 0c33 0c1a"), 1000.0)
    image.store(1, 2, 1000.0)
    image.command(200, 1)
    assert image.measurements() == {102: (0x0C1A, 1_700_001_000.0)}


def test_undocumented_writes_are_stored_counted_and_bounded(image: Image) -> None:
    for address in range(10_000, 11_000):
        image.store(address, 7, 1000.0)
    assert image.undocumented_writes == 1000
    assert len(image.undocumented) == 256
    assert served(image, 10_999) == 7
    assert not image.take_changes()[0]


def test_changes_are_told_once_until_taken(image: Image) -> None:
    told: list[int] = []
    image.on_change = lambda: told.append(1)
    image.store(102, 0x0C33, 1000.0)
    image.take_changes()
    told.clear()
    image.store(102, 0x0C33, 1001.0)
    assert not told
    image.store(102, 0x0C1A, 1002.0)
    assert told
    assert image.take_changes() == ({102}, set())


def test_waking_up_is_a_change_even_when_the_value_is_not(image: Image, clock: Time) -> None:
    image.store(102, 0x0C33, clock.now)
    clock.now += 200
    image.tick()
    image.take_changes()
    image.store(102, 0x0C33, clock.now)
    assert image.take_changes() == (set(), {1})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "command", "read", "tick"]),
            st.sampled_from([1, 2, 100, 101, 102, 6001, 9, 65535]),
            st.integers(0, 0xFFFF),
        ),
        max_size=60,
    )
)
def test_command_registers_serve_open_command_else_report_else_zero(
    steps: list[tuple[str, int, int]],
) -> None:
    clock = Time()
    image = Image(monotonic=clock, wall=clock)
    reports: dict[int, int] = {}
    for action, address, raw in steps:
        clock.now += 7
        if action == "write":
            image.store(address, raw, clock.now)
            reports[address] = raw
        elif action == "read":
            read(image, address)
        elif action == "tick":
            image.tick()
        elif address in COMMANDS and raw:
            image.command(address, raw)
        for item in COMMANDS & {1, 2, 100, 101, 6001}:
            command = image.open.get(item)
            assert served(image, item) == (command.raw if command else reports.get(item, 0))
        assert image.queued <= image.open.keys()
    assert len(image.served) == 2 * SIZE
