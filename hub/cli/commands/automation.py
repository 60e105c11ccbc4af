"""`hub automation`: automations and scripts shown, run, rehearsed and tried against the past."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import options
from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.group import DefaultGroup
from hub.cli.output import Columns, clean, emit, note, paint, when, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.automation.rehearsal.play import Outcome
    from hub.cli.client import Client

REPLAY_SECONDS: Final = 120.0
"""How long the hub may work on a replay."""

KINDS: Final = ("automation", "script")
UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}

name_argument = click.argument("name", metavar="AUTOMATION")


@click.group(cls=DefaultGroup, default="list")
def automation() -> None:
    """Show, run and rehearse automations; without a command: list them."""


@automation.command("list")
@click.option("--scripts", is_flag=True, help="List scripts instead.")
@options.output
@options.hub
def list_(client: "Client", scripts: bool, output: str) -> None:
    """List automations: whether they are on, and when they ran last."""
    found = _states(client, "script" if scripts else "automation")
    if output == "table" and not found:
        note("no scripts" if scripts else "no automations")
        return
    columns: Columns = {
        "ENTITY": "entity_id",
        "STATE": _state,
        "LAST RUN": lambda row: _time(row["attributes"].get("last_triggered")),
        "MODE": "attributes.mode",
        "NAME": "attributes.friendly_name",
    }
    emit(found, output, columns)


@automation.command()
@name_argument
@options.output
@options.hub
def show(client: "Client", name: str, output: str) -> None:
    """Show one: its state, and what was written."""
    state = _find(client, name)
    written = _written(client, state)
    if output != "table":
        emit({"state": state, "resource": written}, output)
        return
    lines = {"entity": state["entity_id"], "state": _state(state), **state["attributes"]}
    if written is not None:
        lines["resource"] = f"{written['resource_type']}/{written['key']}"
        lines["source"] = written["source"]
    emit(lines, output)
    if written is not None:
        from hub.cli.output import as_yaml

        write("\n" + clean(as_yaml(written["spec"]).rstrip("\n"), lines=True))


@automation.command()
@name_argument
@click.option("--check", is_flag=True, help="Run only when its conditions hold.")
@options.hub
def trigger(client: "Client", name: str, check: bool) -> None:
    """Run the actions of an automation now."""
    _call(client, name, "trigger", skip_condition=not check)


@automation.command()
@name_argument
@options.hub
def enable(client: "Client", name: str) -> None:
    """Let an automation listen."""
    _call(client, name, "turn_on")


@automation.command()
@name_argument
@click.option("--let-finish", is_flag=True, help="Do not end what runs.")
@options.hub
def disable(client: "Client", name: str, let_finish: bool) -> None:
    """Let an automation listen no more, and end what it runs."""
    _call(client, name, "turn_off", stop_actions=not let_finish)


@automation.command("dry-run")
@name_argument
@click.argument("wanted", metavar="on|off", type=click.Choice(["on", "off"]))
@options.hub
def dry_run(client: "Client", name: str, wanted: str) -> None:
    """Let an automation only note what it would call, in its trace; or act again."""
    _call(client, name, "set_dry_run", dry_run=wanted == "on")


@automation.command()
@name_argument
@click.argument("run_id", metavar="[RUN]", required=False)
@options.output
@options.hub
def trace(client: "Client", name: str, run_id: str | None, output: str) -> None:
    """Show what the last run did, or RUN (an id of --list, or -2 for the one before the last)."""
    entity_id = _find(client, name, KINDS)["entity_id"]
    runs = client.get("/api/automation/traces", entity_id=entity_id)
    if not runs:
        raise CliError(f"no run of {entity_id} is kept", "traces begin with the hub's start")
    chosen = _chosen(runs, run_id)
    if chosen is None:
        raise CliError(
            f"there is no run {run_id} of {entity_id}",
            "kept are: " + ", ".join(run["run_id"] for run in runs),
        )
    found = client.get("/api/automation/traces", entity_id=entity_id, run_id=chosen["run_id"])
    if output != "table":
        emit(found, output)
        return
    for run in runs:
        mark = ">" if run is chosen else " "
        told = f"{mark} {run['run_id'][:8]} {_time(run['timestamp']['start'])}"
        write(clean(f"{told} {run['script_execution'] or 'running'}  {run.get('trigger') or ''}"))
    write("")
    for line in _steps(found["trace"]):
        write(clean(line))
    if found.get("error"):
        write(clean(f"error: {found['error']}"))


@automation.command()
@name_argument
@click.option(
    "--from",
    "start",
    metavar="TIME",
    default="24h",
    show_default=True,
    help="yesterday, today, 24h, 7d, or a time such as 2026-01-15T22:00.",
)
@click.option("--to", "end", metavar="TIME", help="The same; now when it is left out.")
@click.option(
    "--config",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Try this text (YAML of one automation) instead of what the hub has.",
)
@options.output
@options.hub
def replay(
    client: "Client", name: str, start: str, end: str | None, file: Path | None, output: str
) -> None:
    """Show what an automation would have done, beside what it did; nothing is called."""
    entity_id = _find(client, name)["entity_id"]
    body: dict[str, Any] = {"entity_id": entity_id, "start": moment(start)[0]}
    if end is not None:
        body["end"] = moment(end)[0]
    elif (until := moment(start)[1]) is not None:
        body["end"] = until
    if file is not None:
        body["config"] = _one_automation(file)
    answer = client.request("POST", "/api/automation/replay", body, seconds=REPLAY_SECONDS)
    found = answer.json()
    if output != "table":
        emit(found, output)
        return
    for line in side_by_side(found):
        write(line)


@automation.command()
@options.config
@click.argument("paths", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "words", metavar="WORDS", help="Only tests with these words in name or file.")
@click.option("-v", "--verbose", is_flag=True, help="Tell each test, and what it did.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML.")
def test(
    config: Path, paths: "Sequence[Path]", words: str | None, verbose: bool, junit: Path | None
) -> None:
    """Play the tests of a configuration (DIR/tests/*.yaml, or FILEs); needs no running hub.

    Exit status: 0 all passed, 1 some failed, 2 the configuration or a test file is not valid.
    """
    from hub.automation.rehearsal import suite
    from hub.errors import ConfigError

    try:
        tests = suite.Suite(config, paths)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        count = len(error.problems)
        noun = "problem" if count == 1 else "problems"
        raise CliError(f"{count} {noun} in {config}, nothing was played", status=USAGE) from None
    cases = tests.chosen(words)
    if not cases:
        hint = f"write tests into {config}/tests" if words is None else "choose other words"
        raise CliError("there are no such tests", hint, status=USAGE)
    outcomes = tests.run(cases, lambda outcome: _tell(outcome, verbose))
    if junit is not None:
        junit.write_text(suite.junit(outcomes), encoding="utf-8")
    write(suite.counted(outcomes))
    if not all(outcome.passed for outcome in outcomes):
        raise click.exceptions.Exit(FAILED)


def _tell(outcome: "Outcome", verbose: bool) -> None:
    """Tell how a test went: failures always, the others when asked."""
    case = outcome.case
    if outcome.passed and not verbose:
        return
    if case.skip is not None:
        write(clean(f"skipped  {case.name}: {case.skip}"))
        return
    how = paint("passed", "green") if outcome.passed else paint("FAILED", "red")
    write(f"{how}   {clean(case.name)}  ({clean(case.where())})")
    if verbose or not outcome.passed:
        for line in outcome.notes:
            write(clean(f"    {line}"))
    for failure in outcome.failures:
        for number, line in enumerate(failure.splitlines()):
            write(clean(f"  {'! ' if number == 0 else '    '}{line}"))


# --- asking the hub


def _states(client: "Client", *domains: str) -> list[dict[str, Any]]:
    prefixes = tuple(f"{domain}." for domain in domains)
    found = [state for state in client.get("/api/states") if _of(state, prefixes)]
    return sorted(found, key=lambda state: str(state["entity_id"]))


def _of(state: "Mapping[str, Any]", prefixes: tuple[str, ...]) -> bool:
    return str(state["entity_id"]).startswith(prefixes)


def _find(
    client: "Client", name: str, domains: "Sequence[str]" = ("automation",)
) -> dict[str, Any]:
    """Return the state of an automation by entity id, object id, id or alias."""
    found = _states(client, *domains)
    for state in found:
        known = state["attributes"]
        object_id = state["entity_id"].partition(".")[2]
        if name in (state["entity_id"], object_id, known.get("id"), known.get("friendly_name")):
            return state
    noun = " or ".join(domains)
    raise CliError(f"there is no {noun} {name}", "see `hub automation list`")


def _written(client: "Client", state: "Mapping[str, Any]") -> dict[str, Any] | None:
    """Return the resource behind an automation; None when its key can not be guessed."""
    from hub.util.text import slugify

    domain, _, object_id = str(state["entity_id"]).partition(".")
    keys = {object_id, slugify(str(state["attributes"].get("id", object_id)))}
    for resource in client.get(f"/api/resources/hub.{domain}"):
        if resource["key"] in keys:
            found: dict[str, Any] = resource
            return found
    return None


def _call(client: "Client", name: str, service: str, **fields: Any) -> None:
    entity_id = _find(client, name)["entity_id"]
    client.post(f"/api/services/automation/{quote(service)}", {"entity_id": entity_id, **fields})
    state = client.get(f"/api/states/{quote(entity_id)}")
    write(clean(f"{entity_id} is {_state(state)}"))


def _state(row: "Mapping[str, Any]") -> str:
    dry = " (dry run)" if row["attributes"].get("dry_run") else ""
    problem = row["attributes"].get("problem")
    return f"{row['state']}{dry}" + (f": {problem}" if problem else "")


def _time(value: str | None) -> str:
    return "-" if value is None else when(datetime.fromisoformat(value).timestamp())


def _chosen(runs: "Sequence[dict[str, Any]]", wanted: str | None) -> dict[str, Any] | None:
    if wanted is None:
        return runs[-1]
    if wanted.startswith("-") and wanted[1:].isdecimal():
        back = int(wanted[1:])
        return runs[-back] if 0 < back <= len(runs) else None
    return next((run for run in runs if run["run_id"].startswith(wanted)), None)


def _steps(trace: "Mapping[str, Any]") -> list[str]:
    """Return the steps in the order of their times, one line each."""
    steps = [step for found in trace.values() for step in found]
    lines = []
    for step in sorted(steps, key=lambda step: str(step["timestamp"])):
        result = step.get("result")
        told = "" if result is None else " ".join(f"{key}={_short(result[key])}" for key in result)
        error = f"  error: {step['error']}" if "error" in step else ""
        lines.append(f"  {step['timestamp'][11:19]} {step['path']:<24} {told}{error}".rstrip())
    return lines


def _short(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "..."


# --- replays


def moment(text: str, now: datetime | None = None) -> tuple[str, str | None]:
    """Return a time of the command line as ISO, and the end that it means (`yesterday`)."""
    now = (datetime.now().astimezone() if now is None else now).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)
    if text == "now":
        return now.isoformat(), None
    if text == "today":
        return midnight.isoformat(), None
    if text == "yesterday":
        before = (midnight - timedelta(hours=12)).replace(hour=0)
        return before.isoformat(), midnight.isoformat()
    if text[:-1].isdecimal() and text[-1:] in UNITS:
        return (now - timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])).isoformat(), None
    try:
        return datetime.fromisoformat(text).astimezone().isoformat(), None
    except ValueError:
        raise CliError(
            f"{text!r} is not a time",
            "write yesterday, today, 24h, 7d, or a time such as 2026-01-15T22:00",
            status=USAGE,
        ) from None


def _one_automation(file: Path) -> dict[str, Any]:
    """Read the text of one automation; raises `CliError`."""
    from hub.config import loader

    loaded = loader.load(file)
    value = loaded.value
    if isinstance(value, dict) and set(value) == {"automation"}:
        value = value["automation"]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if loaded.problems or not isinstance(value, dict):
        told = "\n".join(map(str, loaded.problems)) or f"{file}: expected one automation"
        raise CliError(told, status=USAGE)
    return value


def side_by_side(found: "Mapping[str, Any]") -> list[str]:
    """Return what would have happened on the left, what did on the right, by time."""
    left = [(run["time"], _would(run), run["calls"]) for run in found["runs"]]
    right = [(item["time"], item["source"] or "by hand") for item in found["recorded"]]
    width = max([len(text) for _, text, _ in left] + [len("WOULD HAVE")])
    lines = [paint(f"{'TIME':<19}  {'WOULD HAVE':<{width}}  DID", "bold")]
    while left or right:
        together = left and right and abs(left[0][0] - right[0][0]) < 1
        if left and (together or not right or left[0][0] <= right[0][0]):
            time, text, calls = left.pop(0)
            did = clean(right.pop(0)[1]) if together else "-"
            lines.append(f"{when(time)}  {clean(text):<{width}}  {did}")
            lines += [clean(f"{'':<21}  {_calls(call)}") for call in calls]
        else:
            time, text = right.pop(0)
            lines.append(f"{when(time)}  {'-':<{width}}  {clean(text)}")
    ran = len([run for run in found["runs"] if run["conditions"]])
    lines.append("")
    lines.append(
        f"{when(found['start'])} to {when(found['end'])}: {ran} runs would have been, "
        f"{len(found['recorded'])} were; {found['states']} changes were played"
    )
    return [*lines, *(clean(f"note: {text}") for text in found["notes"])]


def _would(run: "Mapping[str, Any]") -> str:
    how = run["execution"]
    ended = "" if how == "finished" else f" [{how}]"
    return f"{run['trigger'] or 'trigger'}{ended}"


def _calls(call: "Mapping[str, Any]") -> str:
    where = ",".join(str(item) for ids in call["target"].values() for item in ids)
    data = " ".join(f"{key}={_short(value)}" for key, value in call["data"].items())
    return " ".join(part for part in (f"{call['domain']}.{call['service']}", where, data) if part)
