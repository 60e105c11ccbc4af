"""The demo's night set-back: tried by its tests, and against a recorded day of its zone."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.peers.hub import HubProcess, run_hub
from tests.peers.ports import free_port_number

pytestmark = pytest.mark.xdist_group("demo_replay")

DEMO = Path(__file__).parents[4] / "config" / "demo"
ZONE = "climate.living_room"
BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime.now(BERLIN).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = (MIDNIGHT - timedelta(hours=12)).replace(hour=0)


def at(clock: str) -> float:
    """Return the epoch second of a time of yesterday."""
    hour, minute = map(int, clock.split(":"))
    return DAY.replace(hour=hour, minute=minute).timestamp()


def zone() -> Iterator[tuple[float, str, dict[str, Any]]]:
    """A day of the zone: turned up in the night, and measured every five minutes."""
    wanted = {"00:00": 17.0, "00:30": 22.0, "02:30": 17.0, "06:00": 21.0, "22:00": 17.0}
    yield at("00:00") - 3600, "heat", {"temperature": 17.0, "current_temperature": 18.4}
    present = 17.0
    for minute in range(0, 24 * 60, 5):
        clock = f"{minute // 60:02}:{minute % 60:02}"
        present = wanted.get(clock, present)
        measured = round(17.0 + (minute % 240) / 100, 1)
        yield at(clock) + 1, "heat", {"temperature": present, "current_temperature": measured}


def prepare(database: Path) -> None:
    """Write the day into a recorder's database, as the recorder itself would have."""
    with sqlite3.connect(database) as connection:
        rows = {
            ZONE: list(zone()),
            "input_number.day_temperature": [(at("00:00") - 7200, "21.0", {})],
            "input_number.night_temperature": [(at("00:00") - 7200, "17.0", {})],
        }
        number = 700_000
        for entity_id, changes in rows.items():
            connection.execute("DELETE FROM entities WHERE entity_id = ?", (entity_id,))
            number += 1
            entity = number
            connection.execute(
                "INSERT INTO entities (id, entity_id) VALUES (?, ?)", (entity, entity_id)
            )
            for time, state, attributes in changes:
                number += 1
                connection.execute(
                    "INSERT INTO attributes (id, hash, data) VALUES (?, ?, ?)",
                    (number, number, json.dumps(attributes)),
                )
                connection.execute(
                    "INSERT INTO states (entity, time, state, attributes) VALUES (?, ?, ?, ?)",
                    (entity, round(time * 1e6), state, number),
                )
        connection.execute(
            "INSERT INTO event_types (id, name) SELECT 700000, 'automation_triggered' "
            "WHERE NOT EXISTS (SELECT 1 FROM event_types WHERE name = 'automation_triggered')"
        )
        for clock in ("06:00", "22:00"):
            number += 1
            data = {"entity_id": "automation.night_set_back", "source": "time"}
            connection.execute(
                "INSERT INTO events (id, type, time, data) VALUES (?, (SELECT id FROM event_types "
                "WHERE name = 'automation_triggered'), ?, ?)",
                (number, round(at(clock) * 1e6), json.dumps(data)),
            )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """The demo's house without its wires, and with yesterday in its recorder."""
    home = tmp_path_factory.mktemp("demo")
    config = home / "config"
    shutil.copytree(DEMO, config, ignore=shutil.ignore_patterns("resources", "*.py", "run"))
    text = (config / "hub.yaml").read_text()
    text = text.replace("managed_port: 18830", "enabled: false")
    (config / "hub.yaml").write_text(text + "\nrecorder:\n  min_free_disk: 0\n")
    house = HubProcess(config, home / "data", free_port_number())
    house.init()
    house.start()
    house.stop()
    prepare(house.data / "history.db")
    house.start()
    yield house
    house.stop()


def hub(house: HubProcess, *arguments: str) -> str:
    done = run_hub(*arguments, "--data", str(house.data), TZ="Europe/Berlin")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_tests_pass() -> None:
    done = run_hub("automation", "test", "--config", str(DEMO))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "5 passed, 0 failed"


def test_yesterday_is_shown_side_by_side(demo: HubProcess) -> None:
    asked = ("automation", "replay", "night_set_back", "--from", "yesterday")
    found = json.loads(hub(demo, *asked, "-o", "json"))
    assert [(run["time"], run["trigger"], run["conditions"]) for run in found["runs"]] == [
        (at("02:30") + 1, f"numeric state of {ZONE}", True),
        (at("06:00"), "time", True),
        (at("08:00") + 1, f"numeric state of {ZONE}", False),
        (at("22:00"), "time", True),
    ]
    called = [call["data"] for run in found["runs"] for call in run["calls"]]
    assert called == [{"temperature": 17}, {"temperature": 21}, {"temperature": 17}]
    assert [item["time"] for item in found["recorded"]] == [at("06:00"), at("22:00")]
    assert found["states"] == 288
    lines = hub(demo, *asked).splitlines()
    assert lines[0].split() == ["TIME", "WOULD", "HAVE", "DID"]
    assert [lines[number].split()[-1] for number in (1, 3, 5, 6)] == ["-", "time", "-", "time"]
    assert "[failed_conditions]" in lines[5]
    assert "climate.set_temperature climate.living_room temperature=17" in lines[2]
    assert "3 runs would have been, 2 were; 288 changes were played" in "\n".join(lines)


def test_another_text_is_tried(demo: HubProcess, tmp_path: Path) -> None:
    text = (DEMO / "automations.yaml").read_text().replace("02:00:00", "01:00:00")
    (tmp_path / "new.yaml").write_text(text)
    found = json.loads(
        hub(
            demo, "automation", "replay", "night_set_back", "--from", "yesterday",
            "--config", str(tmp_path / "new.yaml"), "-o", "json",
        )
    )  # fmt: skip
    assert found["runs"][0]["time"] == at("01:30") + 1


def refused(house: HubProcess, *arguments: str) -> tuple[int, str]:
    done = run_hub(*arguments, "--data", str(house.data), TZ="Europe/Berlin")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_text_to_try_with_mistakes(demo: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"

    def tried(text: str) -> tuple[int, str]:
        file.write_text(text)
        return refused(demo, "automation", "replay", "night_set_back", "--config", str(file))

    status, told = tried("alias: x\ntriggers:\n  - trigger: time\n    att: 1\nactions: []\n")
    assert status == 2
    assert f"{file}:4: triggers.0.att: unknown key 'att': did you mean at?" in told
    assert tried("alias: x\ndescription: 2026-01-01\ntriggers: []\nactions: []\n")[0] == 0
    status, told = tried("- {alias: x, actions: []}\n- {alias: y, actions: []}\n")
    assert status == 2
    assert "holds 2 automations, and none of this name" in told
    for text in ("", "5", "[]", "{{"):
        assert tried(text)[0] == 2, text
    both = (DEMO / "automations.yaml").read_text() + "- {alias: y, triggers: [], actions: []}\n"
    assert tried(both)[0] == 0


@pytest.mark.parametrize(
    ("span", "status", "told"),
    [
        (["--from", "soon"], 2, "'soon' is not a time"),
        (["--from", "99999999999d"], 2, "is not a time"),
        (["--from", "3000-01-01"], 1, "in the past"),
        (["--from", "60d"], 1, "31 days"),
        (["--from", "1h", "--to", "2h"], 1, "after the start"),
    ],
    ids=["words", "endless", "future", "long", "backwards"],
)
def test_bad_times(demo: HubProcess, span: list[str], status: int, told: str) -> None:
    done = refused(demo, "automation", "replay", "night_set_back", *span)
    assert done[0] == status
    assert told in done[1]


def test_the_other_commands(demo: HubProcess) -> None:
    assert "automation.night_set_back" in hub(demo, "automation")
    assert "Night set-back" in hub(demo, "automation", "show", "night_set_back")
    assert "dry run" in hub(demo, "automation", "dry-run", "night_set_back", "on")
    assert hub(demo, "automation", "trigger", "night_set_back").endswith(": finished\n")
    trace = hub(demo, "automation", "trace", "night_set_back")
    assert "action/0" in trace
    status, _ = refused(demo, "automation", "trigger", "night_set_back", "--check")
    assert status == 1
    assert "failed_conditions" in hub(demo, "automation", "trace", "night_set_back")
    assert "action/0" in hub(demo, "automation", "trace", "night_set_back", "-2")
    status, told = refused(demo, "automation", "trace", "night_set_back", "-9")
    assert status == 1
    assert "there is no run -9" in told
    hub(demo, "automation", "dry-run", "night_set_back", "off")
    assert "is off" in hub(demo, "automation", "disable", "night_set_back")
    assert "is on" in hub(demo, "automation", "enable", "Night set-back")
    done = run_hub("automation", "show", "nothing", "--data", str(demo.data))
    assert done.returncode == 1
    assert "hub automation list" in done.stderr


def test_references_that_lead_nowhere(demo: HubProcess) -> None:
    """The zone's installation is left out here, so its zone is missing."""
    done = run_hub("check-references", "--data", str(demo.data))
    assert done.returncode == 1
    assert "entity climate.living_room" in done.stdout
    assert "automations.yaml:" in done.stdout
    assert "lead nowhere" in done.stderr
    rows = json.loads(run_hub("check-references", "--data", str(demo.data), "-o", "json").stdout)
    assert {row["value"] for row in rows} == {ZONE}
