"""A Modbus server on libmodbus, the C library below mbpoll.

`python libmodbus.py tcp PORT` or `python libmodbus.py rtu DEVICE`.
Address n of every table holds n (bits: n % 2). It writes `ready` when it can be asked.
"""

import ctypes
import select
import sys

UNIT = 7
COUNT = 1000
QUERY = 260


class Mapping(ctypes.Structure):
    """modbus_mapping_t of modbus.h, 3.1."""

    _fields_ = (
        *((name, ctypes.c_int) for name in (
            "nb_bits", "start_bits", "nb_input_bits", "start_input_bits",
            "nb_input_registers", "start_input_registers", "nb_registers", "start_registers",
        )),
        ("bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("registers", ctypes.POINTER(ctypes.c_uint16)),
    )  # fmt: skip


def load() -> ctypes.CDLL:
    """Return the library with the types of what is called."""
    lib = ctypes.CDLL("libmodbus.so.5", use_errno=True)
    context, query = ctypes.c_void_p, ctypes.c_char_p
    lib.modbus_new_tcp.restype = lib.modbus_new_rtu.restype = context
    lib.modbus_new_tcp.argtypes = [ctypes.c_char_p, ctypes.c_int]
    lib.modbus_new_rtu.argtypes = [
        ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int,
    ]  # fmt: skip
    lib.modbus_mapping_new.restype = ctypes.POINTER(Mapping)
    lib.modbus_tcp_listen.argtypes = [context, ctypes.c_int]
    lib.modbus_tcp_accept.argtypes = [context, ctypes.POINTER(ctypes.c_int)]
    lib.modbus_set_socket.argtypes = lib.modbus_set_slave.argtypes = [context, ctypes.c_int]
    lib.modbus_connect.argtypes = [context]
    lib.modbus_receive.argtypes = [context, query]
    lib.modbus_reply.argtypes = [context, query, ctypes.c_int, ctypes.POINTER(Mapping)]
    return lib


def memory(lib: ctypes.CDLL) -> "ctypes._Pointer[Mapping]":
    """Return tables that say their addresses."""
    tables: ctypes._Pointer[Mapping] = lib.modbus_mapping_new(COUNT, COUNT, COUNT, COUNT)
    for address in range(COUNT):
        tables.contents.bits[address] = tables.contents.input_bits[address] = address % 2
        tables.contents.registers[address] = address
        tables.contents.input_registers[address] = address
    return tables


def tell_ready() -> None:
    """Let the fixture go on."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def serve_tcp(lib: ctypes.CDLL, port: int) -> None:
    """Answer any number of connections until killed."""
    context = lib.modbus_new_tcp(b"127.0.0.1", port)
    listener = lib.modbus_tcp_listen(context, 8)
    if listener < 0:
        sys.exit("modbus_tcp_listen failed")
    tables, query = memory(lib), ctypes.create_string_buffer(QUERY)
    tell_ready()
    peers: set[int] = set()
    while True:
        for ready in select.select([listener, *peers], [], [])[0]:
            if ready == listener:
                number = ctypes.c_int(listener)
                peers.add(lib.modbus_tcp_accept(context, ctypes.byref(number)))
                continue
            lib.modbus_set_socket(context, ready)
            size = lib.modbus_receive(context, query)
            if size > 0:
                lib.modbus_reply(context, query, size, tables)
            elif size < 0:
                peers.discard(ready)


def serve_rtu(lib: ctypes.CDLL, device: str) -> None:
    """Answer on a serial device, 9600 8N1, until killed."""
    context = lib.modbus_new_rtu(device.encode(), 9600, b"N", 8, 1)
    lib.modbus_set_slave(context, UNIT)
    if lib.modbus_connect(context) < 0:
        sys.exit("modbus_connect failed")
    tables, query = memory(lib), ctypes.create_string_buffer(QUERY)
    tell_ready()
    while True:
        size = lib.modbus_receive(context, query)
        if size > 0:
            lib.modbus_reply(context, query, size, tables)


if __name__ == "__main__":
    if sys.argv[1] == "tcp":
        serve_tcp(load(), int(sys.argv[2]))
    else:
        serve_rtu(load(), sys.argv[2])
