"""Reconciling real folders: apply, prove, take back, drift, retries, deletion."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import NotAllowed, Unavailable
from hub.events import Context
from hub.jobs import JobState
from hub.resources import DriftPolicy, Phase, Resource
from tests.hub.resources.conftest import MakeWorld, World


async def applied(world: World, key: str, job_id: str | None) -> Any:
    assert job_id is not None
    return world.hub.jobs.get(job_id)


async def test_a_written_spec_becomes_true_and_says_so(world: World) -> None:
    status = await world.folder("a", lines={"one": "1", "two": "2"})
    assert world.read("a") == {"one": "1", "two": "2"}
    assert (status.phase, status.outcome, status.observed_revision) == (
        Phase.IN_SYNC,
        "applied",
        1,
    )
    job = await applied(world, "a", status.job_id)
    assert (job.state, job.kind, job.target) == (JobState.DONE, "resource.apply", "test.folder/a")
    lines = [item.line for item in (await world.hub.jobs.log(job.id))]
    assert lines == ["write one", "one is written", "write two", "two is written"]


async def test_the_job_carries_the_context_of_the_writer(world: World) -> None:
    owner = world.hub.auth.users.all()[0]
    context = Context(user_id=owner.id)
    await world.resources.put("test.folder", "a", {"lines": {"one": "1"}}, context=context)
    status = await world.phase("a", Phase.IN_SYNC, revision=1)
    assert (await applied(world, "a", status.job_id)).user_id == owner.id


async def test_later_repairs_are_the_houses_own(make_world: MakeWorld) -> None:
    world = await make_world(drift=DriftPolicy.REPAIR, observe_seconds=0.05)
    context = Context(user_id=world.hub.auth.users.all()[0].id)
    await world.resources.put("test.folder", "a", {"lines": {"one": "1"}}, context=context)
    status = await world.phase("a", Phase.IN_SYNC, revision=1)
    (world.root / "a" / "one").write_text("changed by hand")
    get = world.resources.status
    await world.until(lambda: get("test.folder", "a").job_id != status.job_id)
    assert (await applied(world, "a", get("test.folder", "a").job_id)).user_id is None


async def test_a_failing_step_takes_everything_back(world: World) -> None:
    await world.folder("a", lines={"one": "1", "two": "2"})
    spec = {"lines": {"one": "A", "two": "B", "three": "C"}, "fail_at": "three"}
    await world.resources.put("test.folder", "a", spec)
    status = await world.phase("a", Phase.FAILED)
    assert world.read("a") == {"one": "1", "two": "2"}
    assert status.outcome == "rolled_back"
    assert status.observed_revision == 1
    assert "three can not be written" in status.message
    assert "everything was taken back" in status.message
    assert status.retry_at is not None
    assert status.attempts == 1


async def test_what_can_not_be_proved_is_taken_back(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    await world.resources.put("test.folder", "a", {"lines": {"one": "2"}, "bad_proof": True})
    status = await world.phase("a", Phase.FAILED)
    assert world.read("a") == {"one": "1"}
    assert status.outcome == "rolled_back"
    assert "nobody reads it" in status.message


async def test_a_step_that_can_not_be_taken_back_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.folder("a", lines={"one": "1"})

    async def broken(*_args: object) -> None:
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(world.controller, "undo", broken)
    await world.resources.put("test.folder", "a", {"lines": {"one": "2"}, "fail_at": "one"})
    status = await world.phase("a", Phase.FAILED)
    assert status.outcome == "half_applied"
    assert "could not all be taken back" in status.message


async def test_a_new_spec_after_a_failure_is_tried_at_once(world: World) -> None:
    await world.resources.put("test.folder", "a", {"lines": {"one": "1"}, "fail_at": "one"})
    await world.phase("a", Phase.FAILED)
    status = await world.folder("a", lines={"one": "1"})
    assert (status.attempts, status.retry_at, status.message) == (0, None, "")


async def test_the_outside_away_is_unknown_and_heals(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    world.controller.away = True
    with pytest.raises(Unavailable, match="The folder is away"):
        await world.resources.apply("test.folder", "a")
    status = world.resources.status("test.folder", "a")
    assert (status.phase, status.message) == (Phase.UNKNOWN, "The folder is away")
    assert status.observed_revision == 1
    world.controller.away = False
    await world.resources.apply("test.folder", "a")
    assert (await world.phase("a", Phase.IN_SYNC)).attempts == 0


async def test_an_error_in_a_controller_stays_with_its_resource(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.folder("good", lines={"one": "1"})
    plan = world.controller.plan

    def broken(desired: Any, observed: Any) -> Any:
        if desired.key == "bad":
            raise ZeroDivisionError
        return plan(desired, observed)

    monkeypatch.setattr(world.controller, "plan", broken)
    await world.resources.put("test.folder", "bad", {"lines": {}})
    status = await world.phase("bad", Phase.UNKNOWN, Phase.FAILED)
    assert "internal error (ZeroDivisionError)" in status.message
    await world.folder("good", lines={"one": "2"})


async def shown(world: World, key: str) -> None:
    """Wait until the entities of a folder are there, which come beside its first apply."""
    slug, get = f"test_folder_{key}", world.hub.states.get
    names = (f"sensor.{slug}_phase", f"binary_sensor.{slug}_drift", f"button.{slug}_apply",
             f"button.{slug}_repair")  # fmt: skip
    await world.until(lambda: all(get(name) for name in names))


async def look(world: World, key: str) -> None:
    """Look at a resource now, as the observe interval does."""
    engine = world.resources.engine
    assert engine is not None
    engine.changed(world.resources.get("test.folder", key))


async def test_drift_is_reported_and_repaired_on_request(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    await shown(world, "a")
    (world.root / "a" / "one").write_text("changed by hand")
    (world.root / "a" / "extra").write_text("new")
    await look(world, "a")
    status = await world.phase("a", Phase.DRIFTED)
    assert [step.summary for step in status.drift] == ["write one", "remove extra"]
    assert world.read("a")["one"] == "changed by hand"
    assert world.hub.states.get("binary_sensor.test_folder_a_drift").state == "on"
    job = await world.resources.apply("test.folder", "a")
    assert job is not None
    await job.wait()
    assert world.read("a") == {"one": "1"}
    await world.phase("a", Phase.IN_SYNC)
    assert world.hub.states.get("binary_sensor.test_folder_a_drift").state == "off"


async def test_drift_is_repaired_by_policy(make_world: MakeWorld) -> None:
    world = await make_world(drift=DriftPolicy.REPAIR, observe_seconds=0.05)
    await world.folder("a", lines={"one": "1"})
    (world.root / "a" / "one").write_text("changed by hand")
    await world.until(lambda: world.read("a") == {"one": "1"})


async def test_drift_is_ignored_by_policy(make_world: MakeWorld) -> None:
    world = await make_world(drift=DriftPolicy.IGNORE)
    await world.folder("a", lines={"one": "1"})
    (world.root / "a" / "one").write_text("changed by hand")
    await look(world, "a")
    status = world.resources.status
    await world.until(lambda: status("test.folder", "a").drift)
    assert status("test.folder", "a").phase is Phase.IN_SYNC
    assert world.read("a")["one"] == "changed by hand"


async def test_drift_is_found_by_itself(make_world: MakeWorld) -> None:
    world = await make_world(observe_seconds=0.05)
    await world.folder("a", lines={"one": "1"})
    (world.root / "a" / "one").write_text("changed by hand")
    await world.phase("a", Phase.DRIFTED)
    (world.root / "a" / "one").write_text("1")
    await world.phase("a", Phase.IN_SYNC)


async def test_the_plan_looks_and_changes_nothing(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    plan = await world.resources.plan("test.folder", "a", {"lines": {"one": "2", "two": "3"}})
    assert [step.summary for step in plan.steps] == ["write one", "write two"]
    assert {item["path"] for item in plan.diff} == {"lines.one", "lines.two"}
    assert world.read("a") == {"one": "1"}
    fresh = await world.resources.plan("test.folder", "new", {"lines": {"one": "2"}})
    assert (fresh.revision, len(fresh.steps)) == (0, 1)


async def test_deleting_cleans_up_outside_first(world: World) -> None:
    await world.folder("a", lines={"one": "1"})

    def entities() -> list[str]:
        return [one.entity_id for one in world.hub.entities.all() if "folder_a" in one.entity_id]

    await shown(world, "a")
    assert len(entities()) == 4
    await world.resources.delete("test.folder", "a")
    await world.until(lambda: not world.resources.list("test.folder"))
    await world.until(lambda: not (world.root / "a").exists())
    await world.until(lambda: not entities())
    assert world.hub.entity_registry.get("sensor.test_folder_a_phase") is None


async def test_who_wants_an_apply_while_a_resource_goes_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.folder("a", lines={"one": "1"})
    removed, may_go, at_it = world.resources.removed, asyncio.Event(), asyncio.Event()

    async def slow(resource: Resource) -> None:
        at_it.set()
        await may_go.wait()
        await removed(resource)

    monkeypatch.setattr(world.resources, "removed", slow)
    await world.resources.delete("test.folder", "a")
    await at_it.wait()
    asking = asyncio.create_task(world.resources.apply("test.folder", "a"))
    await asyncio.sleep(0)
    may_go.set()
    assert await asking is None


async def test_deleting_waits_for_the_outside_unless_forced(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    world.controller.away = True
    await world.resources.delete("test.folder", "a")
    await world.phase("a", Phase.UNKNOWN)
    assert world.resources.get("test.folder", "a").deleting
    await world.resources.delete("test.folder", "a", force=True)
    assert world.resources.list("test.folder") == []
    assert (world.root / "a" / "one").exists()


async def test_cascade_takes_users_first(world: World) -> None:
    await world.folder("base", lines={"one": "1"})
    await world.resources.put("test.note", "n", {"text": "x", "folder": "base"})
    await world.resources.delete("test.folder", "base", cascade=True)
    await world.until(lambda: not world.resources.list())


async def test_what_has_no_controller_stays_until_its_users_have_left_the_world(
    world: World,
) -> None:
    await world.resources.put("test.note", "first", {"text": "x"})
    await world.resources.put("test.note", "n", {"text": "x", "about": "first"})
    await world.folder("a", lines={"one": "1"}, note="n")
    world.controller.away = True
    gone = await world.resources.delete("test.note", "first", cascade=True)
    assert [(item.key, item.action) for item in gone] == [
        ("a", "deleting"), ("n", "deleting"), ("first", "deleting")
    ]  # fmt: skip
    await world.until(
        lambda: (
            world.resources.status("test.note", "n").message == "waits for test.folder/a to be gone"
        )
    )
    assert world.resources.status("test.note", "n").phase is Phase.DELETING
    with pytest.raises(NotAllowed, match="being deleted"):
        await world.resources.put("test.note", "n", {"text": "y"})
    assert (world.root / "a" / "one").exists()
    world.controller.away = False
    world.resources.look("test.folder", "a")
    await world.until(lambda: not world.resources.list())
    assert not (world.root / "a").exists()


async def test_by_force_nothing_stays(world: World) -> None:
    await world.resources.put("test.note", "n", {"text": "x"})
    await world.folder("a", lines={"one": "1"}, note="n")
    world.controller.away = True
    gone = await world.resources.delete("test.note", "n", cascade=True, force=True)
    assert [item.action for item in gone] == ["deleted", "deleted"]
    assert world.resources.list() == []


async def test_a_cancelled_apply_is_taken_back_and_waits_for_a_word(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    await world.resources.put("test.folder", "a", {"lines": {"one": "2"}, "hang_at": "one"})
    status = await world.phase("a", Phase.APPLYING)
    await world.until(lambda: world.read("a")["one"] == "half")
    await world.hub.jobs.cancel(str(status.job_id))
    status = await world.phase("a", Phase.FAILED)
    assert world.read("a") == {"one": "1"}
    assert (status.outcome, status.retry_at) == ("rolled_back", None)
    assert (await applied(world, "a", status.job_id)).state is JobState.CANCELLED
    await look(world, "a")
    await asyncio.sleep(0.1)
    assert world.resources.status("test.folder", "a").phase is Phase.FAILED
    await world.folder("a", lines={"one": "3"})


async def test_who_asks_while_an_apply_runs_gets_the_next_one(world: World) -> None:
    """And not what becomes of the one that runs."""
    await world.folder("a", lines={"one": "1"})
    await world.resources.put("test.folder", "a", {"lines": {"one": "2"}, "hang_at": "one"})
    first = (await world.phase("a", Phase.APPLYING)).job_id
    asked = asyncio.create_task(world.resources.apply("test.folder", "a"))
    await world.until(lambda: world.read("a")["one"] == "half")
    await world.hub.jobs.cancel(str(first))
    job = await asked
    assert job is not None
    assert job.id != first
    await world.hub.jobs.cancel(job.id)


async def test_an_apply_that_takes_too_long_is_taken_back(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    engine = world.resources.engine
    assert engine is not None
    lane = engine.lanes.opened("test.folder")
    assert lane is not None
    hurried = replace(lane.type, apply_seconds=0.2)
    engine.lanes._lanes["test.folder"] = replace(lane, type=hurried)
    await world.resources.put("test.folder", "a", {"lines": {"one": "2"}, "hang_at": "one"})
    status = await world.phase("a", Phase.FAILED)
    assert "it took too long" in status.message
    assert world.read("a") == {"one": "1"}


async def test_one_apply_at_a_time_touches_a_host(make_world: MakeWorld) -> None:
    world = await make_world(lock=lambda _spec: "the only host", workers=4)
    at_once: list[int] = []
    running = 0
    await world.folder("warm", lines={"one": "1"})
    write = world.controller.apply

    async def counted(*args: Any) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        await asyncio.sleep(0.01)
        await write(*args)
        running -= 1

    world.controller.apply = counted  # type: ignore[method-assign]
    await asyncio.gather(*(world.folder(f"f{n}", lines={"a": "1", "b": "2"}) for n in range(5)))
    assert len(at_once) == 10
    assert max(at_once) == 1


async def test_waiting_for_a_host_is_shown_and_can_be_cancelled(make_world: MakeWorld) -> None:
    world = await make_world(lock=lambda _spec: "the only host")
    await world.folder("a", lines={"one": "1"})
    await world.folder("b", lines={"one": "1"})
    put, jobs = world.resources.put, world.hub.jobs
    await put("test.folder", "a", {"lines": {"one": "2"}, "hang_at": "one"})
    first = await world.phase("a", Phase.APPLYING)
    await put("test.folder", "b", {"lines": {"one": "2"}})
    second = await world.phase("b", Phase.APPLYING)
    waits = "Waits for another apply on the same host"
    await world.until(lambda: jobs.get(str(second.job_id)).message == waits)
    await jobs.cancel(str(second.job_id))
    await world.phase("b", Phase.FAILED)
    assert world.read("b") == {"one": "1"}
    await put("test.folder", "b", {"lines": {"one": "3"}})
    await jobs.cancel(str(first.job_id))
    await world.phase("b", Phase.IN_SYNC, revision=3)
    assert world.read("b") == {"one": "3"}


async def test_changes_in_a_row_lead_to_the_last_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.folder("a", lines={"one": "first"})
    go, write = asyncio.Event(), world.controller.apply

    async def held(*args: Any) -> None:
        await go.wait()
        await write(*args)

    monkeypatch.setattr(world.controller, "apply", held)
    for number in range(30):
        await world.resources.put("test.folder", "a", {"lines": {"one": str(number)}})
    go.set()
    await world.phase("a", Phase.IN_SYNC, revision=31)
    assert world.read("a") == {"one": "29"}
    assert len(world.hub.jobs.list(target="test.folder/a")) <= 3


async def test_buttons_apply_and_repair(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    await shown(world, "a")
    (world.root / "a" / "one").write_text("changed by hand")
    await look(world, "a")
    await world.phase("a", Phase.DRIFTED)
    call = world.hub.services.call
    await call("button", "press", {"entity_id": "button.test_folder_a_apply"})
    assert world.resources.status("test.folder", "a").phase is Phase.DRIFTED
    await call("button", "press", {"entity_id": "button.test_folder_a_repair"})
    await world.phase("a", Phase.IN_SYNC)
    assert world.read("a") == {"one": "1"}
    sensor = world.hub.states.get("sensor.test_folder_a_phase")
    assert sensor.state == "in_sync"


async def test_what_is_live_is_known_after_a_restart(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    await world.hub.database.rows.flush()
    board = world.resources.board
    before = board.get("test.folder/a")
    board._statuses.clear()
    await board.load()
    after = board.get("test.folder/a")
    assert (after.phase, after.observed_revision, after.outcome) == (
        before.phase,
        before.observed_revision,
        before.outcome,
    )
