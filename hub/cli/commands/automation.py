"""`hub automation`: automations and scripts shown, run, rehearsed and tried against the past."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import options, replays
from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.group import DefaultGroup
from hub.cli.output import Columns, clean, emit, note, paint, when, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.automation.rehearsal.play import Outcome
    from hub.cli.client import Client

KINDS: Final = ("automation", "script")

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
    """Run the actions of an automation now, and say how that went.

    Exit status: 0 they ran or run, 1 they failed or were not to run.
    """
    entity_id = _call(client, name, "trigger", skip_condition=not check)
    how = _last_run(client, entity_id)
    write(clean(f"{entity_id}: {how}"))
    if how not in ("finished", "running", "triggered"):
        raise click.exceptions.Exit(FAILED)


@automation.command()
@name_argument
@options.hub
def enable(client: "Client", name: str) -> None:
    """Let an automation listen."""
    _switch(client, name, "turn_on")


@automation.command()
@name_argument
@click.option("--let-finish", is_flag=True, help="Do not end what runs.")
@options.hub
def disable(client: "Client", name: str, let_finish: bool) -> None:
    """Let an automation listen no more, and end what it runs."""
    _switch(client, name, "turn_off", stop_actions=not let_finish)


@automation.command("dry-run")
@name_argument
@click.argument("wanted", metavar="on|off", type=click.Choice(["on", "off"]))
@options.hub
def dry_run(client: "Client", name: str, wanted: str) -> None:
    """Let an automation only note what it would call, in its trace; or act again."""
    _switch(client, name, "set_dry_run", dry_run=wanted == "on")


@automation.command(context_settings={"ignore_unknown_options": True})  # RUN may be -2
@name_argument
@click.argument("run_id", metavar="[RUN]", required=False)
@options.output
@options.hub
def trace(client: "Client", name: str, run_id: str | None, output: str) -> None:
    """Show what the last run did, or RUN: how its id begins, or -2 for the one before the last."""
    entity_id = _find(client, name, KINDS)["entity_id"]
    runs = client.get("/api/automation/traces", entity_id=entity_id)
    if not runs:
        raise CliError(f"no run of {entity_id} is kept", "traces begin with the hub's start")
    chosen = _chosen(runs, run_id)
    if chosen is None:
        raise CliError(
            f"there is no run {run_id} of {entity_id}",
            "kept are: " + ", ".join(run["run_id"][:8] for run in runs),
        )
    found = client.get("/api/automation/traces", entity_id=entity_id, run_id=chosen["run_id"])
    if output != "table":
        emit(found, output)
        return
    width = max(len(run["script_execution"] or "running") for run in runs)
    for run in runs:
        mark = ">" if run is chosen else " "
        told = f"{mark} {run['run_id'][:8]} {_time(run['timestamp']['start'])}"
        how = run["script_execution"] or "running"
        write(clean(f"{told} {how:<{width}}  {run.get('trigger') or ''}").rstrip())
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
    begin, until = replays.moment(start)
    until = until if end is None else replays.moment(end)[0]
    state = _find(client, name)
    body: dict[str, Any] = {"entity_id": state["entity_id"], "start": begin}
    if until is not None:
        body["end"] = until
    where = None
    if file is not None:
        known = state["attributes"]
        names = {str(known[key]) for key in ("id", "friendly_name") if key in known}
        body["config"], where = replays.automation_in(file, names)
    found = replays.ask(client, body, where)
    if output != "table":
        emit(found, output)
        return
    for line in replays.side_by_side(found):
        write(line)


@automation.command()
@options.config
@click.argument("paths", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "words", metavar="WORDS", help="Only tests with these words in name or file.")
@click.option("-v", "--verbose", is_flag=True, help="Tell each test, and what it did.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML.")
@options.output
def test(
    config: Path,
    paths: "Sequence[Path]",
    words: str | None,
    verbose: bool,
    junit: Path | None,
    output: str,
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
    lines = output == "table"
    outcomes = tests.run(cases, lambda outcome: _tell(outcome, verbose) if lines else None)
    if junit is not None:
        try:
            junit.write_text(suite.junit(outcomes), encoding="utf-8")
        except OSError as error:
            raise CliError(f"{junit}: can not be written: {error.strerror}") from None
    if lines:
        write(suite.counted(outcomes))
    else:
        emit(suite.told(outcomes), output)
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


def _call(client: "Client", name: str, service: str, **fields: Any) -> str:
    """Call a service of an automation and return its entity id."""
    entity_id = str(_find(client, name)["entity_id"])
    client.post(f"/api/services/automation/{quote(service)}", {"entity_id": entity_id, **fields})
    return entity_id


def _switch(client: "Client", name: str, service: str, **fields: Any) -> None:
    """Call a service of an automation and tell how it is now."""
    entity_id = _call(client, name, service, **fields)
    state = client.get(f"/api/states/{quote(entity_id)}")
    write(clean(f"{entity_id} is {_state(state)}"))


def _last_run(client: "Client", entity_id: str) -> str:
    """Return how the last run ended; who may not see traces hears only that there was one."""
    try:
        runs = client.get("/api/automation/traces", entity_id=entity_id)
    except CliError as error:
        if error.code != "unauthorized":
            raise
        runs = []
    return (runs[-1]["script_execution"] or "running") if runs else "triggered"


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
        told = (
            ""
            if result is None
            else " ".join(f"{key}={replays.short(result[key])}" for key in result)
        )
        error = f"  error: {step['error']}" if "error" in step else ""
        lines.append(f"  {step['timestamp'][11:19]} {step['path']:<24} {told}{error}".rstrip())
    return lines
