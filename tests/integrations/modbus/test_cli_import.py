"""`hub modbus import` and `definitions`: with a hub, and without one."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from integrations.modbus.mapping import library
from tests.integrations.modbus.commands import CONFIG, MAP, Shell
from tests.peers.house import House, MakeHouse
from tests.peers.modbus import PymodbusServer
from tests.peers.ports import free_port_number, wait_until
from tests.peers.terminal import OpenTerminal

pytestmark = pytest.mark.timeout(120)

HOME = """
modbus:
  - name: Boiler room
    type: tcp
    host: 127.0.0.1
    port: !secret port
    sensors:
      - {name: Flow temperature, slave: 7, address: 215, scale: 0.1, precision: 1,
         unit_of_measurement: °C, device_class: temperature, unique_id: Flow-T}
      - {name: Total, slave: 7, address: 300, data_type: uint32, swap: word, max_value: 5}
    switches:
      - {name: Pump, slave: 7, address: 3, write_type: coil, verify: }
"""


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    return await make_house(CONFIG)


@pytest.fixture
def alone(tmp_path: Path, open_terminal: OpenTerminal) -> Shell:
    """Someone without any hub, in Home Assistant's folder."""
    shell = Shell.of(tmp_path, open_terminal)
    (shell.home / "configuration.yaml").write_text(HOME)
    (shell.home / "secrets.yaml").write_text("port: 502\n")
    return shell


async def test_what_is_taken_over_is_live_under_the_same_names(
    house: House,
    alone: Shell,
    pymodbus_server: Callable[..., PymodbusServer],
) -> None:
    port = free_port_number()
    server = pymodbus_server("tcp", port)
    shell = alone
    shell.environment["HUB_DATA"] = str(house.hub.data_dir)
    (shell.home / "secrets.yaml").write_text(f"port: {port}\n")
    command = ("modbus", "import", "home-assistant", "configuration.yaml")
    dry = await shell.hub(*command)
    assert "nothing was changed: 3 resources with --write" in dry.err
    assert "would create modbus.link/boiler_room" in dry.out
    assert house.hub.resources.list("modbus.link") == []
    done = await shell.hub(*command, "--apply", "-y")
    assert done.status == 0, done.err
    assert "configuration.yaml:10: sensor Total: max_value: what is above" in done.err
    assert "all is live" in done.err
    states = house.hub.states
    await wait_until(lambda: getattr(states.get("switch.pump"), "state", "") == "on")
    assert states.get("sensor.flow_temperature").state == "21.5"  # type: ignore[union-attr]
    assert states.get("sensor.total").state == str(301 << 16 | 300)  # type: ignore[union-attr]
    await shell.ok("call", "switch.turn_off", "entity_id=switch.pump")
    assert not server.words(1, 3)[0]
    again = await shell.hub(*command, "--write", "-y")
    assert again.out == "3 unchanged\n"


async def test_a_file_needs_no_hub(alone: Shell) -> None:
    command = ("modbus", "import", "home-assistant", "configuration.yaml")
    done = await alone.hub(
        *command, "--out", "new.yaml", "--report", "report.txt", "--prefix", "ha"
    )
    assert done.status == 0, done.err
    assert "Write them with `hub apply -f new.yaml`" in done.err
    found = yaml.safe_load((alone.home / "new.yaml").read_text())
    assert list(found) == [
        "modbus.link/haboiler_room", "modbus.definition/haboiler_room_7",
        "modbus.device/haboiler_room_7",
    ]  # fmt: skip
    report = (alone.home / "report.txt").read_text()
    assert "Not taken over (1):" in report
    assert "Done another way" in report
    printed = await alone.hub(*command, "-f", "-")
    assert yaml.safe_load(printed.out)["modbus.link/boiler_room"]["transport"]["port"] == 502
    both = await alone.hub(*command, "-f", "x.yaml", "--write")
    assert (both.status, "choose one" in both.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("light: {}\n", 2, "expected `modbus:`"),
        ("modbus: [\n", 2, "not valid YAML"),
        ("modbus: !include nowhere.yaml\n", 1, "nothing to take over"),
        ("modbus:\n  - {name: a, type: tcp}\n", 1, "nothing to take over"),
    ],
)
async def test_what_can_not_be_read(alone: Shell, text: str, status: int, words: str) -> None:
    (alone.home / "x.yaml").write_text(text)
    done = await alone.hub("modbus", "import", "home-assistant", "x.yaml", "-f", "-")
    assert (done.status, words in done.err) == (status, True), done.err


async def test_several_files_and_standard_input(alone: Shell) -> None:
    for number in (1, 2):
        text = f"- {{name: n{number}, type: udp, host: 192.0.2.{number}, port: 502}}\n"
        (alone.home / f"hub{number}.yaml").write_text(text)
    done = await alone.hub(
        "modbus", "import", "home-assistant", "hub1.yaml", "-", "-f", "-",
        stdin=(alone.home / "hub2.yaml").read_text(),
    )  # fmt: skip
    assert list(yaml.safe_load(done.out)) == ["modbus.link/n1", "modbus.link/n2"]
    missing = await alone.hub("modbus", "import", "home-assistant", "none.yaml", "-f", "-")
    assert (missing.status, "cannot be read" in missing.err) == (2, True)


async def test_definitions_without_a_hub(alone: Shell) -> None:
    rows = await alone.json("modbus", "definitions")
    assert [row["name"] for row in rows] == list(library.names())
    assert all(row["from"] == "shipped" and row["registers"] for row in rows)
    shown = await alone.ok("modbus", "definitions", "--show", "eastron_sdm120")
    assert shown.rstrip("\n") == library.text("eastron_sdm120").rstrip("\n")
    schema = json.loads(await alone.ok("modbus", "definitions", "--schema"))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(shown))
    assert json.loads(await alone.ok("modbus", "definitions", "--show", "eastron_sdm120", "-o",
                                     "json"))["name"] == "Eastron SDM120"  # fmt: skip
    for arguments, words in (
        (["--show", "nothing"], "there is no definition"),
        (["--show", "eastron_sdm120", "--schema"], "choose one"),
    ):
        done = await alone.hub("modbus", "definitions", *arguments)
        assert done.status in (1, 2)
        assert words in done.err


async def test_own_definitions(house: House, alone: Shell) -> None:
    alone.environment["HUB_DATA"] = str(house.hub.data_dir)
    await house.hub.resources.put("modbus.definition", "mine", MAP)
    table = await alone.ok("modbus", "definitions")
    assert [line.split()[:2] for line in table.splitlines() if line.startswith("mine")] == [
        ["mine", "own"]
    ]
    shown = yaml.safe_load(await alone.ok("modbus", "definitions", "--show", "mine"))
    assert shown["name"] == "Test map"
