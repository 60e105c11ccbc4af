"""The columns of a device: which registers a read brings."""

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.mapping.models import Access, Register, Table, Type
from integrations.modbus.polling.reads import Read
from integrations.modbus.polling.values import Values

REGISTERS = st.lists(
    st.builds(
        lambda table, address, words, access: (table, address, words, access),
        st.sampled_from([Table.HOLDING, Table.INPUT]),
        st.integers(0, 30),
        st.integers(1, 4),
        st.sampled_from(Access),
    ),
    max_size=20,
)


@settings(max_examples=100)
@given(REGISTERS, st.integers(0, 30), st.integers(1, 20))
def test_a_window_has_what_lies_inside_of_a_read(
    shapes: list[tuple[Table, int, int, Access]], start: int, count: int
) -> None:
    registers = [
        Register(f"r{index}", table, address, Type.STRING, words, access=access)
        for index, (table, address, words, access) in enumerate(shapes)
    ]
    read = Read(Table.HOLDING, start, count)
    window = Values(registers).window(read)
    inside = [slot for slot, one in enumerate(registers) if one.is_read and read.holds(one)]
    assert list(window.slots) == inside
    assert [one.key for one in window.block.registers] == [f"r{slot}" for slot in inside]
