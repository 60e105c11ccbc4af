"""Measure a whole hub that polls 50 Modbus devices on 10 links each second; JSON per figure.

Run `python tests/benchmarks/bench_modbus_house.py`. The devices are pymodbus servers in a process
of their own; every value changes with every read. Baselines of the same run: the hub with the links
but no device, and the same reads by a bare pymodbus client.
"""

import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub import bootstrap
from integrations.modbus.park import park_of
from tests.peers.ports import free_port_number

LINKS, UNITS, REGISTERS = 10, 5, 20
SECONDS = 10.0


def definition() -> dict[str, Any]:
    """Return a map of 20 registers in two groups, each with a sensor."""
    registers = {
        f"r{n}": {"address": n if n < REGISTERS // 2 else n + 400, "scale": 0.1, "precision": 1}
        for n in range(REGISTERS)
    }
    return {
        "name": "Sensor box",
        "intervals": {"normal": 1},
        "blocks": [{"table": "holding", "first": 0, "registers": registers}],
        "entities": [{"kind": "sensor", "register": key, "name": key} for key in registers],
    }


def box(unit: int, action: Any) -> SimDevice:
    """Return one device."""
    words = SimData(0, count=500, values=unit * 100, datatype=DataType.UINT16)
    return SimDevice(unit, [words], action=action)


async def serve(ports: list[int]) -> None:
    """Serve for ever; what is read counts up."""

    async def action(
        _function: int, _start: int, address: int, count: int, values: list[int], written: Any
    ) -> None:
        if written is None:
            for index in range(address, address + count):
                values[index] = (values[index] + 1) & 0x7FFF

    for port in ports:
        devices = [box(unit, action) for unit in range(1, UNITS + 1)]
        server = ModbusTcpServer(devices, address=("127.0.0.1", port))
        await server.serve_forever(background=True)
    await asyncio.Event().wait()


def serving(ports: list[int]) -> None:
    """Be the process of the devices."""
    asyncio.run(serve(ports))


async def busy(seconds: float) -> float:
    """Return the part of one core that this process takes."""
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)


async def bare(ports: list[int]) -> float:
    """Return the part of one core that bare clients take for the same reads."""
    clients = [AsyncModbusTcpClient("127.0.0.1", port=port) for port in ports]
    for client in clients:
        await client.connect()

    async def poll(client: AsyncModbusTcpClient) -> None:
        while True:
            began = time.perf_counter()
            for unit in range(1, UNITS + 1):
                for start in (0, 410):
                    await client.read_holding_registers(start, count=10, device_id=unit)
            await asyncio.sleep(max(0.0, 1 - (time.perf_counter() - began)))

    tasks = [asyncio.create_task(poll(client)) for client in clients]
    found = await busy(SECONDS / 2)
    for task in tasks:
        task.cancel()
    for client in clients:
        client.close()
    return found


async def measure(ports: list[int]) -> dict[str, Any]:
    """Run a hub without and with the devices."""
    baseline = await bare(ports)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        config.mkdir()
        (config / "hub.yaml").write_text("hub: {name: Bench}\nmqtt: {enabled: false}\n")
        settings = bootstrap.load_settings(config)
        running = await bootstrap.start(settings, config, Path(folder) / "data", port=0)
        hub = running.hub
        put = hub.resources.put
        await put("modbus.definition", "box", definition())
        for index, port in enumerate(ports):
            where = {"type": "tcp", "host": "127.0.0.1", "port": port}
            await put("modbus.link", f"link{index}", {"transport": where})
        await asyncio.sleep(3)
        idle = await busy(SECONDS / 2)
        for index in range(LINKS):
            for unit in range(1, UNITS + 1):
                spec = {"link": f"link{index}", "unit": unit, "definition": "box"}
                await put("modbus.device", f"box{index}-{unit}", spec)
        await asyncio.sleep(8)
        devices = park_of(hub).devices.values()
        before = sum(device.counters.answers for device in devices)
        polled = await busy(SECONDS)
        answers = sum(device.counters.answers for device in devices) - before
        missed = sum(device.counters.missed_cycles for device in devices)
        lines = [link.line for link in park_of(hub).links.values()]
        found = {
            "figure": "house",
            "devices": len(devices),
            "links": LINKS,
            "entities": len(hub.entities),
            "reads_per_second": round(answers / SECONDS, 1),
            "core_percent": round(100 * polled, 1),
            "idle_core_percent": round(100 * idle, 1),
            "bare_client_core_percent": round(100 * baseline, 1),
            "missed_cycles": missed,
            "timeouts": sum(line.counters.timeouts for line in lines),
        }
        await bootstrap.stop(running)
    return found


def main() -> None:
    """Print the figure."""
    ports = [free_port_number() for _ in range(LINKS)]
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serving, args=(ports,), daemon=True)
    process.start()
    time.sleep(2)
    try:
        loop_factory = bootstrap.loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            print(json.dumps(runner.run(measure(ports))))
    finally:
        process.terminate()


if __name__ == "__main__":
    main()
