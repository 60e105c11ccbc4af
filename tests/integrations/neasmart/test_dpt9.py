import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.neasmart import dpt9

WORKED = {
    0: 0x0000, 5: 0x01F4, 7: 0x02BC, 10: 0x03E8, 15: 0x05DC, 18.5: 0x073A, 19.5: 0x079E,
    20: 0x07D0, 20.47: 0x07FF, 20.5: 0x0C01, 21: 0x0C1A, 21.5: 0x0C33, 22: 0x0C4C,
    22.5: 0x0C65, 23: 0x0C7E, 25: 0x0CE2, 30: 0x0DDC, 32.3: 0x0E4F, 35: 0x0ED6, 40: 0x0FD0,
    40.94: 0x0FFF, 40.95: 0x1400, 70: 0x16D6, 120: 0x1DDC, -0.01: 0x87FF, -1: 0x879C,
    -5: 0x860C, -10: 0x8418, -17.7: 0x8116, -20.48: 0x8000, -20.5: 0x8BFF, -30: 0x8A24,
    -50: 0x931E,
}  # fmt: skip


@pytest.mark.parametrize(("value", "raw"), WORKED.items(), ids=str)
def test_worked_examples(value: float, raw: int) -> None:
    assert dpt9.encode(value) == raw
    assert dpt9.decode(raw) == pytest.approx(value, abs=dpt9.step(raw) / 2 + 1e-9)


def test_tenths_round_trip_within_half_a_tenth() -> None:
    for tenths in range(-500, 1201):
        assert abs(dpt9.decode(dpt9.encode(tenths / 10)) - tenths / 10) <= 0.05


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 670433.29, -671088.65, True, "21", None], ids=str
)
def test_what_is_no_temperature_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"finite|outside"):
        dpt9.encode(value)  # type: ignore[arg-type]


@given(st.floats(dpt9.LOWEST, dpt9.HIGHEST))
def test_encoder_is_nearest_and_never_emits_invalid(value: float) -> None:
    raw = dpt9.encode(value)
    assert 0 <= raw <= 0xFFFF
    assert raw != dpt9.INVALID
    assert abs(dpt9.decode(raw) - value) <= dpt9.step(raw) / 2 + 1e-6


@given(st.integers(0, 0xFFFF).filter(lambda raw: raw != dpt9.INVALID))
def test_every_word_survives_decode_and_encode(raw: int) -> None:
    assert dpt9.decode(dpt9.encode(dpt9.decode(raw))) == dpt9.decode(raw)


def test_a_truncating_peer_means_the_same_set_point() -> None:
    assert dpt9.same(0x0E4E, 0x0E4F)
    assert not dpt9.same(dpt9.encode(21), dpt9.encode(21.5))
