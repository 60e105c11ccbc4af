import pytest

from integrations.neasmart import registers
from integrations.neasmart.registers import COMMANDS, KINDS, Decoded, Kind, decode


@pytest.mark.parametrize(
    ("base", "channel", "address"),
    [(1, 1, 100), (1, 12, 1200), (2, 1, 1300), (3, 1, 2500), (4, 1, 3700), (5, 1, 4900),
     (5, 12, 6000)],
)  # fmt: skip
def test_zone_addresses(base: int, channel: int, address: int) -> None:
    assert registers.zone(base, channel) == address
    assert registers.locate(address) == (base, channel, 0)


@pytest.mark.parametrize(
    ("address", "place"),
    [(102, (1, 1, 2)), (1210, (1, 12, 10)), (1301, (2, 1, 1)), (4900, (5, 1, 0)),
     (6010, (5, 12, 10))],
)  # fmt: skip
def test_inverse(address: int, place: tuple[int, int, int]) -> None:
    assert registers.locate(address) == place


@pytest.mark.parametrize(("base", "channel"), [(6, 1), (0, 1), (1, 13), (1, 0)])
def test_no_such_zone(base: int, channel: int) -> None:
    with pytest.raises(ValueError, match="no zone"):
        registers.zone(base, channel)


def test_all_60_zones_have_two_commands_and_two_measurements() -> None:
    assert len(COMMANDS) == 122
    assert {1, 2, 6000, 6001} <= COMMANDS
    assert max(KINDS) == 6010
    assert 4 not in KINDS
    assert 9 not in KINDS


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (Kind.SETPOINT, 0x8116, Decoded(None, "not_applicable")),
        (Kind.TEMPERATURE, 0x8116, Decoded(-17.7)),
        (Kind.TEMPERATURE, 0x7FFF, Decoded(None, "sentinel")),
        (Kind.SETPOINT, 0x7FFF, Decoded(None, "sentinel")),
        (Kind.TEMPERATURE, 0x0000, Decoded(0.0)),
        (Kind.SETPOINT, 0x0000, Decoded(None, "no_data")),
        (Kind.STATE, 0, Decoded(None, "no_data")),
        (Kind.STATE, 0xAB03, Decoded(3)),
        (Kind.FLAG, 0x0003, Decoded(1)),
        (Kind.FLAG, 0x0002, Decoded(0)),
        (Kind.PERCENT, 0xFF2D, Decoded(45)),
        (Kind.PERCENT, 0, Decoded(0)),
        (Kind.PERCENT, 101, Decoded(None, "implausible")),
        (Kind.SETPOINT, 0x0C33, Decoded(21.5)),
    ],
    ids=str,
)
def test_decoding(kind: Kind, raw: int, expected: Decoded) -> None:
    assert decode(kind, raw) == expected


def test_150_degrees_are_implausible() -> None:
    from integrations.neasmart.dpt9 import encode

    assert decode(Kind.TEMPERATURE, encode(150)).reason == "implausible"


def test_fahrenheit_is_converted_not_only_relabelled() -> None:
    raw = registers.encode_setpoint(21.0, fahrenheit=True)
    assert decode(Kind.SETPOINT, raw, fahrenheit=True).value == pytest.approx(21.0, abs=0.02)
    assert decode(Kind.SETPOINT, raw).value == pytest.approx(69.8, abs=0.02)


@pytest.mark.parametrize("value", [4.99, 40.01, -1, 1000, float("nan")], ids=str)
def test_set_points_outside_the_range_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"outside|finite"):
        registers.encode_setpoint(value)
