"""Test files with mistakes, tests that fail, and how the command tells of them."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.automation.rehearsal.play import play
from hub.automation.rehearsal.suite import Suite
from hub.cli.commands.automation import test as command
from hub.cli.errors import CliError
from hub.errors import ConfigError

HUB = """hub:
  name: Test house
automation:
  - id: hall
    alias: Light in the hall
    triggers: [{trigger: state, entity_id: binary_sensor.hall, to: "on"}]
    actions: [{action: light.turn_on, target: {entity_id: light.hall}}]
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A configuration with one automation."""
    (tmp_path / "hub.yaml").write_text(HUB)
    (tmp_path / "tests").mkdir()
    return tmp_path


def write(house: Path, text: str) -> None:
    (house / "tests" / "hall.yaml").write_text(text)


def problems(house: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Suite(house)
    return [f"{one.line}: {one.message}" for one in caught.value.problems]


async def failures(house: Path) -> list[str]:
    suite = Suite(house)
    (case,) = suite.cases
    return (await play(case, suite.settings, suite.written)).failures


def run(house: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit status and what was written, or the message of the error."""
    done = CliRunner().invoke(command, ["--config", str(house), *arguments])
    if isinstance(done.exception, CliError):
        return done.exception.status, done.output + done.exception.message
    return done.exit_code, done.output


def test_every_mistake_is_told_with_its_line(house: Path) -> None:
    write(
        house,
        """given:
  time: 22:00
  sates: {}
tests:
  - name: one
    steps:
      - set: {light.hall: [], nothing: "on"}
      - advance: soon
      - wait: 5
    expect:
      calls:
        - light
        - {action: light.turn_on, tagret: light.hall}
  - expect: {calls: []}
  - name: three
    steps: [{advance: 5}]
""",
    )
    told = problems(house)
    assert [line.partition(":")[0] for line in told] == [*"237789", "12", "13", "14", "15"]
    text = "\n".join(told)
    assert "put the time into quotes" in text
    assert "unknown key 'sates': did you mean states?" in text
    assert "steps.0.set.light.hall: expected a state" in text
    assert "steps.0.set.nothing: expected an entity id" in text
    assert "steps.2: expected a step with one of set, remove" in text
    assert "unknown key 'tagret': did you mean target?" in text
    assert "name is missing" in text
    assert "three: expects nothing" in text
    status, told_by_command = run(house)
    assert status == 2
    assert "10 problems" in told_by_command


@pytest.mark.parametrize("key", ["only", "off"])
async def test_a_name_that_no_automation_has_is_a_failure(house: Path, key: str) -> None:
    """Without it the test would pass for nothing; YAML reads the bare key `off` as false."""
    text = f"- name: one\n  given: {{{key}: hal}}\n  expect: {{calls: []}}\n"
    write(house, text)
    (failure,) = await failures(house)
    assert "hall.yaml:2" in failure
    assert f"given.{key}: there is no automation hal: did you mean hall?" in failure


@pytest.mark.parametrize(
    "name", ["hall", "automation.hall", "automation.light_in_the_hall", "Light in the hall"]
)
@pytest.mark.parametrize(("key", "runs"), [("only", 1), ("off", 0)])
async def test_an_automation_has_many_names(house: Path, name: str, key: str, runs: int) -> None:
    write(
        house,
        f"""- name: one
  given: {{{key}: {name}, states: {{binary_sensor.hall: off}}}}
  steps: [{{set: {{binary_sensor.hall: on}}}}]
  expect: {{runs: {{automation.light_in_the_hall: {runs}}}}}
""",
    )
    assert await failures(house) == []


FAILING = """- name: the light
  given: {states: {binary_sensor.hall: off}}
  steps:
    - set: {binary_sensor.hall: on}
    - advance: 90
  expect:
    calls: [{light.turn_off: light.hall}]
    not_called: [light.turn_on]
    states: {light.hall: on}
    runs: {automation.light_in_the_hall: 2, automation.nothing: 1}
    trace: {automation.light_in_the_hall: [trigger/0]}
    events: [pressed]
    response: {a: 1}
    log: nothing like this
- name: later
  skip: not yet
- name: well
  expect: {calls: []}
"""


@pytest.mark.parametrize("expected", [True, False])
async def test_a_call_that_fails_is_a_failure_unless_it_is_expected(
    house: Path, expected: bool
) -> None:
    (house / "hub.yaml").write_text(
        HUB + "script:\n  hello: {fields: {who: {required: true}}, sequence: []}\n"
    )
    wanted = "error: who" if expected else "calls: []"
    last = "" if expected else "    - call: light.turn_on\n"
    write(
        house,
        f"- name: one\n  steps:\n    - call: script.hello\n{last}  expect: {{{wanted}}}\n",
    )
    found = await failures(house)
    if expected:
        assert found == []
    else:
        (failure,) = found
        assert "the call of script.hello failed" in failure
        assert "who" in failure


def test_failures_are_told_with_what_was_done(house: Path, tmp_path: Path) -> None:
    write(house, FAILING)
    status, told = run(house)
    assert status == 1
    for line in (
        "hall.yaml:7: calls: expected (-) and made (+):",
        "- light.turn_off entity_id=light.hall",
        "+ light.turn_on entity_id=light.hall",
        "hall.yaml:8: not_called: was made: light.turn_on",
        "hall.yaml:9: states.light.hall: expected",
        "runs.automation.light_in_the_hall: expected 2, there were 1",
        "runs.automation.nothing: there is no such automation",
        'trace.automation.light_in_the_hall: path: expected ["trigger/0"]',
        "events: not fired",
        'response: expected {"a":1}, it is null',
        "log: no line with",
        "12:00:00 set binary_sensor.hall = on",
        "12:00:00 ran automation.light_in_the_hall: finished, path trigger/0 action/0",
        "12:00:00 advance 0:01:30",
    ):
        assert line in told, line
    # A run stands where it happened, not behind everything.
    assert told.index("set binary_sensor.hall") < told.index("ran automation.light_in_the_hall")
    assert told.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    status, told = run(house, "-k", "later", "-v")
    assert (status, told) == (0, "skipped  later: not yet\n0 passed, 0 failed, 1 skipped\n")
    junit = tmp_path / "junit.xml"
    assert run(house, "--junit", str(junit))[0] == 1
    suite = ET.fromstring(junit.read_text())  # noqa: S314 - written by ourselves
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")


def test_the_outcome_as_json(house: Path) -> None:
    write(house, FAILING)
    status, told = run(house, "-o", "json")
    found: dict[str, Any] = json.loads(told)
    assert status == 1
    assert [found[key] for key in ("passed", "failed", "skipped")] == [1, 1, 1]
    assert [one["outcome"] for one in found["tests"]] == ["failed", "skipped", "passed"]
    assert len(found["tests"][0]["failures"]) == 9


def test_there_is_nothing_to_play(house: Path) -> None:
    assert run(house) == (2, "there are no such tests")
    write(house, FAILING)
    assert run(house, "-k", "nothing of this name")[0] == 2
    assert run(house, str(house / "none.yaml"))[0] == 2
    status, told = run(house, "-k", "well", "--junit", str(house / "no" / "junit.xml"))
    assert status == 1
    assert "can not be written" in told


def test_a_wrong_automation_stops_everything(house: Path) -> None:
    write(house, FAILING)
    (house / "hub.yaml").write_text(HUB.replace("triggers:", "trigers:"))
    status, told = run(house)
    assert status == 2
    assert "did you mean triggers?" in told
    assert "nothing was played" in told
