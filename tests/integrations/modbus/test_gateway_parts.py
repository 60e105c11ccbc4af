"""What other programs may ask for, and the memory that answers some of it."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.pdu import DecodePDU

from integrations.modbus.gateway import requests
from integrations.modbus.gateway.cache import Cache
from integrations.modbus.gateway.options import GatewayOptions, Writable
from integrations.modbus.gateway.requests import Denied, Request, Span, parse
from integrations.modbus.mapping.models import Table

COIL, HOLDING = Table.COIL, Table.HOLDING


@pytest.mark.parametrize(
    ("pdu", "request_"),
    [
        ("01 0000 07d0", Request(1, reads=Span(COIL, 0, 2000))),
        ("02 0005 0001", Request(2, reads=Span(Table.DISCRETE, 5, 1))),
        ("03 ffff 0001", Request(3, reads=Span(HOLDING, 65535, 1))),
        ("04 0000 007d", Request(4, reads=Span(Table.INPUT, 0, 125))),
        ("05 0003 ff00", Request(5, writes=Span(COIL, 3, 1))),
        ("06 0003 1234", Request(6, writes=Span(HOLDING, 3, 1))),
        ("0f 0003 0009 02 ff01", Request(15, writes=Span(COIL, 3, 9))),
        ("10 0003 0002 04 00010002", Request(16, writes=Span(HOLDING, 3, 2))),
        ("16 0003 00f2 0025", Request(22, writes=Span(HOLDING, 3, 1))),
        ("17 0001 0002 0003 0001 02 00ff", Request(23, Span(HOLDING, 1, 2), Span(HOLDING, 3, 1))),
        ("07", Request(7)),
        ("08 0000 1234", Request(8)),
        ("08 000b 0000", Request(8)),
        ("11", Request(17)),
        ("2b 0e 01 00", Request(43)),
    ],
)
def test_requests_say_what_they_touch(pdu: str, request_: Request) -> None:
    assert parse(bytes.fromhex(pdu)) == request_


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        ("03 0000 007e", 3),
        ("03 0000 0000", 3),
        ("03 ffff 0002", 2),
        ("03 0000", 3),
        ("03 0000 0001 00", 3),
        ("01 0000 07d1", 3),
        ("05 0000 0001", 3),
        ("06 0000", 3),
        ("0f 0003 0009 01 ff", 3),
        ("0f 0003 0009", 3),
        ("10 0003 0002 04 000100", 3),
        ("10 0003 0002 02 0001", 3),
        ("10 0003 0001 04 0001", 3),
        ("0f 0003 0009 01 ff01", 3),
        ("16 0003 00f2", 3),
        ("17 0001 0002 0003 0001 02 00", 3),
        ("17 0001 007e 0003 0001 02 0000", 3),
        ("08 0001 0000", 1),
        ("08 000a 0000", 1),
        ("08", 1),
        ("2b 0d", 1),
        ("2b", 1),
        ("15 00", 1),
        ("00", 1),
        ("83 02", 1),
    ],
)
def test_what_is_wrong_or_changes_things_unseen_is_not_passed_on(pdu: str, code: int) -> None:
    with pytest.raises(Denied) as denied:
        parse(bytes.fromhex(pdu))
    assert denied.value.code == code


@given(st.binary(min_size=1, max_size=253))
def test_no_bytes_raise_anything_else(pdu: bytes) -> None:
    code, request = 0, None
    try:
        request = parse(pdu)
    except Denied as denied:
        code = denied.code
    assert request is None if code else request is not None and request.function == pdu[0]
    assert code in {0, 1, 2, 3}


@settings(max_examples=50)
@given(st.sampled_from([1, 2, 3, 4]), st.data())
def test_an_answer_from_memory_is_what_a_device_sends(function: int, data: st.DataObject) -> None:
    largest, most = (1, 2000) if function < 3 else (0xFFFF, 125)
    words = data.draw(st.lists(st.integers(0, largest), min_size=1, max_size=most))
    request = parse(struct.pack(">BHH", function, 7, len(words)))
    pdu = requests.answer(request, words)
    assert requests.items(request, pdu) == tuple(words)
    decoded = DecodePDU(is_server=False).decode(pdu)
    assert decoded is not None
    shown = decoded.bits[: len(words)] if function < 3 else decoded.registers
    assert list(map(int, shown)) == words


@pytest.mark.parametrize("pdu", ["83 02", "03", "03 02 0001", "03 04 0001", "04 04 00010002"])
def test_other_answers_hand_over_no_words(pdu: str) -> None:
    assert requests.items(Request(3, Span(HOLDING, 0, 2)), bytes.fromhex(pdu)) is None
    assert requests.items(Request(43), bytes.fromhex(pdu)) is None


def test_writes_need_a_rule_for_unit_table_and_all_addresses() -> None:
    options = GatewayOptions.from_spec(
        {
            "host": "127.0.0.1",
            "write": [
                {"unit": 1, "table": "holding", "first": 10, "last": 19},
                {"unit": 1, "table": "holding", "first": 0, "last": 9},
                {"unit": 1, "table": "holding", "first": 5, "last": 6},
                {"unit": 2, "table": "coil", "first": 0, "last": 0},
            ],
        }
    )
    assert options.write == (Writable(1, HOLDING, 0, 19), Writable(2, COIL, 0, 0))
    options.demand(1, Span(HOLDING, 8, 4))
    options.demand(2, Span(COIL, 0, 1))
    for unit, span, code in (
        (1, Span(HOLDING, 19, 2), 2),
        (1, Span(COIL, 0, 1), 1),
        (3, Span(HOLDING, 0, 1), 1),
    ):
        with pytest.raises(Denied) as denied:
            options.demand(unit, span)
        assert denied.value.code == code


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ([], "198.51.100.1", True),
        (["127.0.0.0/8"], "127.0.0.1", True),
        (["127.0.0.0/8"], "::ffff:127.0.0.1", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["2001:db8::/32"], "2001:db8::1%eth0", True),
        (["2001:db8::/32"], "192.0.2.8", False),
    ],
)
def test_who_may_connect(networks: list[str], address: str, may: bool) -> None:
    assert GatewayOptions.from_spec({"clients": networks}).admits(address) is may


class TestCache:
    now = 100.0

    def cache(self, limit: int = 1000) -> Cache:
        return Cache(lambda: self.now, limit)

    def test_whole_spans_that_are_young_enough(self) -> None:
        cache = self.cache()
        cache.keep(1, HOLDING, 10, [1, 2, 3])
        self.now = 105.0
        cache.keep(1, HOLDING, 13, [4])
        assert cache.find(1, HOLDING, 10, 4, 5.0) == [1, 2, 3, 4]
        assert cache.find(1, HOLDING, 10, 4, 4.9) is None
        assert cache.find(1, HOLDING, 13, 1, 4.9) == [4]
        assert cache.find(1, HOLDING, 10, 5, 5.0) is None
        assert cache.find(2, HOLDING, 10, 1, 5.0) is None
        assert cache.find(1, Table.INPUT, 10, 1, 5.0) is None

    def test_the_last_address_is_not_the_first_of_the_next_table(self) -> None:
        cache = self.cache()
        cache.keep(1, Table.INPUT, 65535, [7])
        cache.keep(1, HOLDING, 0, [8])
        assert cache.find(1, Table.INPUT, 65535, 1, 1.0) == [7]
        assert cache.find(1, HOLDING, 0, 1, 1.0) == [8]

    def test_what_was_written_is_asked_for_again(self) -> None:
        cache = self.cache()
        cache.keep(1, COIL, 0, [True, False, True])
        cache.forget(1, COIL, 1, 1)
        assert cache.find(1, COIL, 0, 1, 1.0) == [1]
        assert cache.find(1, COIL, 0, 3, 1.0) is None

    def test_a_broadcast_may_have_changed_every_unit(self) -> None:
        cache = self.cache()
        cache.keep(1, HOLDING, 0, [1])
        cache.keep(7, COIL, 9, [1])
        cache.forget(0, HOLDING, 500, 1)
        assert len(cache) == 0

    def test_it_is_bounded_and_lets_go_of_the_oldest(self) -> None:
        cache = self.cache(limit=10)
        cache.keep(1, HOLDING, 0, range(10))
        cache.keep(1, HOLDING, 0, [7])
        cache.keep(1, HOLDING, 20, [1, 2])
        assert len(cache) == 10
        assert cache.find(1, HOLDING, 0, 1, 1.0) == [7]
        assert cache.find(1, HOLDING, 1, 1, 1.0) is None
        assert cache.find(1, HOLDING, 20, 2, 1.0) == [1, 2]
