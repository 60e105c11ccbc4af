"""Shipped maps against the example frames and example values of the manuals."""

from collections.abc import Sequence
from typing import Any

import pytest
from pymodbus.framer import FramerRTU

from integrations.modbus.mapping import codec, library
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping.models import Function, Reason, Register, Table, Value

READ = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}


def register(name: str, key: str) -> Register:
    return compiling.definition(library.load(name)).by_key[key]


def decode(
    found: Register, words: Sequence[int], exponent: int | None = None
) -> Value | Reason | None:
    block = codec.Block([found], found.address, max(found.words, len(words)))
    return block.convert[0](block.raws(words)[0], exponent)


def checked(text: str) -> bytes:
    """Return a frame's bytes without its checksum, which must fit."""
    frame = bytes.fromhex(text)
    assert FramerRTU.compute_CRC(frame[:-2]) == int.from_bytes(frame[-2:])
    return frame[:-2]


def read_request(found: Register, count: int) -> bytes:
    """Return unit 1's request for `count` addresses from a register on."""
    place = found.address.to_bytes(2) + count.to_bytes(2)
    return bytes([1, READ[found.table]]) + place


def write_request(found: Register, value: Value) -> bytes:
    """Return unit 1's request that writes one coil or register."""
    (word,) = codec.encode(found, value)
    if found.table is Table.COIL:
        return bytes([1, 5]) + found.address.to_bytes(2) + (0xFF00 * word).to_bytes(2)
    return bytes([1, 6]) + found.address.to_bytes(2) + word.to_bytes(2)


@pytest.mark.parametrize(
    ("name", "key"), [("eastron_sdm630", "voltage_l1"), ("eastron_sdm120", "voltage")]
)
def test_eastron_reads_230_2_volts(name: str, key: str) -> None:
    """Eastron user manuals, Modbus protocol, example of reading the first parameter."""
    voltage = register(name, key)
    assert checked("01 04 00 00 00 02 71 CB") == read_request(voltage, voltage.words)
    answer = checked("01 04 04 43 66 33 34 1B 38")
    words = [int.from_bytes(answer[at : at + 2]) for at in (3, 5)]
    assert decode(voltage, words) == 230.2


def test_eastron_start_addresses() -> None:
    """Start addresses in the tables: total power 0034, frequency 0046, total kWh 0156 (hex)."""
    starts = {"power": 0x34, "frequency": 0x46, "import": 0x48, "export": 0x4A, "total": 0x156}
    for key, start in starts.items():
        assert register("eastron_sdm630", key).address == start
        if key != "frequency":
            assert register("eastron_sdm72d", key).address == start
    assert register("eastron_sdm120", "power").address == 0x0C
    assert register("eastron_sdm72d", "power_fed_in").address == 0x0502


@pytest.mark.parametrize(
    ("key", "value", "frame"),
    [
        ("relay_1", True, "01 05 00 00 FF 00 8C 3A"),
        ("relay_1", False, "01 05 00 00 00 00 CD CA"),
        ("relay_2", True, "01 05 00 01 FF 00 DD FA"),
        ("relay_2", False, "01 05 00 01 00 00 9C 0A"),
        ("all", True, "01 05 00 FF FF 00 BC 0A"),
        ("all", False, "01 05 00 FF 00 00 FD FA"),
    ],
)
def test_waveshare_switches_relays(key: str, value: bool, frame: str) -> None:
    """Waveshare wiki, Modbus RTU Relay, single relay control and all relays."""
    relay = register("waveshare_relay_8ch", key)
    assert relay.write is not None
    assert relay.write.function is Function.SINGLE
    assert write_request(relay, value) == checked(frame)


def test_waveshare_reads_relays_and_version() -> None:
    """Waveshare wiki, Modbus RTU Relay, read state of relays, read software version."""
    relays = [register("waveshare_relay_8ch", f"relay_{number}") for number in range(1, 9)]
    assert read_request(relays[0], 8) == checked("01 01 00 00 00 08 3D CC")
    answer = checked("01 01 01 05 91 8B")
    bits = [answer[3] >> place & 1 for place in range(8)]
    block = codec.Block(relays, relays[0].address, 8)
    raws = block.raws(bits)
    shown = [convert(raw, None) for convert, raw in zip(block.convert, raws, strict=True)]
    assert shown == [True, False, True, False, False, False, False, False]
    version = register("waveshare_relay_8ch", "version")
    assert read_request(version, 1) == checked("01 03 80 00 00 01 AD CA")
    assert decode(version, [200]) == 2.0


@pytest.mark.parametrize(
    ("name", "key", "word", "value"),
    [
        # Siemens CE1P3079en 3.12.2: temperatures are stored as 50 times the degrees
        ("siemens_rdf302", "room_temperature", 1050, 21.0),
        ("siemens_rdf302", "room_temperature", 0xFFFF, Reason.SENTINEL),
        ("siemens_rdf302", "current_setpoint", 4 * 50, Reason.SENTINEL),
        ("siemens_rdf302", "operating_mode", 3, "economy"),
        ("siemens_rdf302", "operating_mode", 2, Reason.NO_LABEL),
        ("siemens_rdf302", "fan_command", 66, "medium"),
        # Procon A1M manual 11.1: 200 = 20 degrees, 0xFF9C = -10 and 0x01F4 = 50 degrees
        ("procon_a1m", "setpoint", 200, 20.0),
        ("procon_a1m", "room_temperature", 200, 20.0),
        ("procon_a1m", "bus_temperature", 0xFF9C, -10.0),
        ("procon_a1m", "bus_temperature", 0x01F4, 50.0),
        ("procon_a1m", "drive_mode", 7, "ventilation"),
        ("procon_a1m", "fan_speed", 6, "very strong"),
        # Stiebel Eltron ISG: data type 2 is tenths with a sign, 7 hundredths; 0x8000 is no value
        ("stiebel_eltron_wpm", "outside_temperature", 65341, -19.5),
        ("stiebel_eltron_wpm", "outside_temperature", 0x8000, Reason.SENTINEL),
        ("stiebel_eltron_wpm", "curve_1", 60, 0.6),
        ("stiebel_eltron_wpm", "operating_mode", 5, "hot water"),
        ("stiebel_eltron_wpm", "fault", 0x8000, Reason.SENTINEL),
        # Systemair variable list, sections 2.2, 2.5 and 2.17
        ("systemair_save", "setpoint", 180, 18.0),
        ("systemair_save", "outdoor_temperature", 0xFF38, -20.0),
        ("systemair_save", "humidity", 41, 41),
        ("systemair_save", "user_mode", 12, "pressure guard"),
        # Carlo Gavazzi EM300: frequency in tenths, power factor in thousandths
        ("carlo_gavazzi_em340", "frequency", 500, 50.0),
        ("carlo_gavazzi_em340", "power_factor", 0xFC18, -1.0),
    ],
)
def test_words_of_one_register(name: str, key: str, word: int, value: Any) -> None:
    assert decode(register(name, key), [word]) == value


@pytest.mark.parametrize(
    ("name", "key", "words", "value"),
    [
        # Carlo Gavazzi EM300: the low word of an INT32 comes first
        ("carlo_gavazzi_em340", "voltage_l1", [2305, 0], 230.5),
        ("carlo_gavazzi_em340", "power", [0xFA24, 0xFFFF], -150.0),
        ("carlo_gavazzi_em340", "import", [0x86A0, 0x0001], 10000.0),
        # Systemair: seconds in a low and a high half
        ("systemair_save", "filter_seconds_left", [0x8000, 0x0076], 7_766_016),
        ("sunspec_inverter", "manufacturer", [0x536F, 0x6C61, 0x7200] + [0] * 13, "Solar"),
        ("sunspec_inverter", "events", [0, 0x0082], ("DC voltage too high", "too hot")),
    ],
)
def test_words_of_several_registers(name: str, key: str, words: list[int], value: Any) -> None:
    assert decode(register(name, key), words) == value


@pytest.mark.parametrize(
    ("key", "words", "exponent", "value"),
    [
        ("power", [2345], 0, 2345),
        ("power", [2345], 1, 23450),
        ("power", [0xFFF6], 0, -10),
        ("power", [0x8000], 0, Reason.SENTINEL),
        ("voltage_l1", [2305], -1, 230.5),
        ("voltage_l1", [0xFFFF], -1, Reason.SENTINEL),
        ("frequency", [4998], -2, 49.98),
        ("energy", [0x0012, 0xD687], 0, 1_234_567),
        ("energy", [0, 0], 0, Reason.SENTINEL),
        ("current", [77], None, Reason.NO_EXPONENT),
    ],
)
def test_sunspec_scale_factors(
    key: str, words: list[int], exponent: int | None, value: Any
) -> None:
    """SunSpec information model specification: value * 10^sf, and what is not implemented."""
    assert decode(register("sunspec_inverter", key), words, exponent) == value


def test_sunspec_offsets() -> None:
    """Model 103: W stands at 14, WH at 24, St at 38 behind the model's first word."""
    for name, first in (("sunspec_inverter", 40070), ("sunspec_inverter_65", 40069)):
        assert register(name, "inverter").address == first
        for key, offset in (("power", 14), ("energy", 24), ("state", 38), ("events", 40)):
            assert register(name, key).address == first + offset
        assert register(name, "serial_number").address == 40002 + 50


@pytest.mark.parametrize(
    ("name", "key", "value", "address", "word"),
    [
        ("siemens_rdf302", "comfort_setpoint", 21.5, 102, 1075),
        ("siemens_rdf302", "operating_mode", "protection", 100, 4),
        ("siemens_rdf302", "fan_command", "high", 101, 100),
        ("procon_a1m", "setpoint", 20.5, 1, 205),
        ("procon_a1m", "power", 1, 7, 1),
        ("stiebel_eltron_wpm", "comfort_1", 21.5, 1501, 215),
        ("stiebel_eltron_wpm", "operating_mode", "programme", 1500, 2),
        ("stiebel_eltron_wpm", "restart", 1, 1520, 1),
        ("systemair_save", "setpoint", 19.5, 2000, 195),
        ("systemair_save", "mode_request", 4, 1161, 4),
        ("systemair_save", "airflow", "normal", 1130, 3),
    ],
)
def test_what_is_written_where(name: str, key: str, value: Any, address: int, word: int) -> None:
    found = register(name, key)
    assert (found.address, codec.encode(found, value)) == (address, (word,))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("siemens_rdf302", "comfort_setpoint", 41),
        ("siemens_rdf302", "comfort_setpoint", 21.3),
        ("siemens_rdf302", "operating_mode", "night"),
        ("procon_a1m", "setpoint", 35),
        ("stiebel_eltron_wpm", "hot_water_comfort", 70),
        ("stiebel_eltron_wpm", "reset", 1),
        ("systemair_save", "setpoint", 11),
    ],
)
def test_what_is_never_written(name: str, key: str, value: Any) -> None:
    """Among them the factory reset of a heat pump."""
    with pytest.raises(ValueError, match="expected"):
        codec.encode(register(name, key), value)
