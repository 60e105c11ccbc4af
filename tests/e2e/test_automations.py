"""Automations on the page: runs drawn, tried with the past, written; helpers and references."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e import past
from tests.e2e.conftest import CONFIG
from tests.e2e.visits import Tab, Visit, state_of
from tests.peers.hub import HubProcess

# The demo does not move: the automations run when a test wants it.
HOUSE = f"""{CONFIG}  interval: 86400
counter:
  visits:
    name: Visits
timer:
  tea:
    name: Tea
    duration: "00:04:00"
input_number:
  level:
    name: Night level
    min: 10
    max: 20
    step: 1
    unit_of_measurement: "°C"
"""
EVENING: dict[str, Any] = {
    "alias": "Evening light",
    "triggers": [{"trigger": "state", "entity_id": "sensor.demo_phase", "to": "dusk"}],
    "actions": [
        {"variables": {"level": "{{ 6 * 7 }}"}},
        {"choose": [
            {"conditions": "{{ false }}", "sequence": [{"action": "switch.turn_off"}]},
        ], "default": [{"action": "counter.increment", "target": {"entity_id": "counter.visits"}}]},
        {"action": "switch.turn_on", "target": {"entity_id": "switch.demo_lamp"}},
    ],
}  # fmt: skip


@pytest.fixture
def house(start_hub: Callable[..., HubProcess]) -> HubProcess:
    """A hub with the demo's entities and some helpers."""
    return start_hub(HOUSE)


async def put(tab: Tab, key: str, spec: dict[str, Any]) -> None:
    """Write an automation and wait until it lives."""
    url = f"{tab.hub.url}/api/resources/hub.automation/{key}"
    answer = await tab.page.request.put(url, data=spec, headers=tab.hub.headers)
    assert answer.ok, await answer.text()
    name = spec["alias"].lower().replace(" ", "_")
    dry = spec.get("dry_run")
    await becomes(
        tab, f"automation.{name}", lambda found: found["attributes"].get("dry_run") == dry
    )


async def becomes(tab: Tab, entity_id: str, fits: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until an entity is there and as wanted."""
    async with asyncio.timeout(30):
        while "state" not in (found := await state_of(tab, entity_id)) or not fits(found):
            await asyncio.sleep(0.02)


async def call(tab: Tab, service: str, **data: object) -> None:
    """Call a service as `domain/service`."""
    url = f"{tab.hub.url}/api/services/{service}"
    answer = await tab.page.request.post(url, data=data, headers=tab.hub.headers)
    assert answer.ok, await answer.text()


async def test_a_run_is_drawn_with_the_way_it_took(house: HubProcess, visit: Visit) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations", stay=True)
    await put(tab, "evening", EVENING)
    page = tab.page
    await page.get_by_role("button", name="Run now: Evening light").click()
    await page.get_by_role("link", name="Evening light").click()
    await expect(page.locator("hub-steps .node").first).to_contain_text("Demo Phase · → dusk")
    await page.locator(".tabs").get_by_role("link", name="Traces").click()
    trace = page.locator("hub-trace")
    await expect(trace).to_contain_text("Finished")
    await expect(trace.locator("[data-path='action/1/default/0']")).to_have_class(
        re.compile("pass")
    )
    skipped = trace.locator("[data-path='action/1/choose/0/sequence/0']")
    await expect(skipped).to_have_class(re.compile("skipped"))
    await trace.locator("[data-path='action/2']").click()
    about = trace.get_by_role("region", name="Step")
    await expect(about).to_contain_text("switch.turn_on")
    await expect(about).to_contain_text("switch.demo_lamp")
    await expect(about).to_contain_text(re.compile(r"\d\d:\d\d:\d\d · took \d+"))
    await trace.locator("[data-path='action/1']").click()
    await expect(about).to_contain_text("Variables that are new here")
    await expect(about).to_contain_text("level: 42")
    await call(tab, "automation/trigger", entity_id="automation.evening_light")
    runs = page.locator("hub-traces nav button")
    await expect(runs).to_have_count(2)
    await expect(runs.last).to_have_attribute("aria-pressed", "true")
    await expect(about).to_contain_text("level: 42")

    await put(tab, "evening", {**EVENING, "dry_run": True})
    await call(tab, "automation/trigger", entity_id="automation.evening_light")
    await expect(runs).to_have_count(3)
    await runs.first.click()
    await expect(trace.locator("[data-path='action/2'] .dry")).to_have_text("only noted")
    await page.locator(".tabs").get_by_role("link", name="Overview").click()
    await expect(page.locator("hub-automation .badge").first).to_have_text("Rehearses")
    rehearse = page.get_by_role("switch", name="Rehearse")
    await expect(rehearse).to_be_disabled()
    await expect(page.get_by_text("Its text says so")).to_be_visible()


async def test_an_automation_is_switched_run_and_rehearsed(house: HubProcess, visit: Visit) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations", stay=True)
    await put(tab, "evening", EVENING)
    page = tab.page
    listens = page.get_by_role("switch", name="Evening light")
    await expect(listens).to_have_attribute("aria-checked", "true")
    await listens.click()
    await becomes(tab, "automation.evening_light", lambda found: found["state"] == "off")
    await expect(listens).to_have_attribute("aria-checked", "false")
    await page.get_by_role("link", name="Evening light").click()
    rehearse = page.get_by_role("switch", name="Rehearse")
    await expect(rehearse).to_have_attribute("aria-checked", "false")
    await rehearse.focus()
    await page.keyboard.press("Space")
    await expect(rehearse).to_have_attribute("aria-checked", "true")
    run = page.get_by_role("button", name="Run now: Evening light")
    await run.click()
    await expect(page.locator("hub-automation-row")).to_contain_text(
        re.compile("Last run (now|1 sec)")
    )
    assert (await state_of(tab, "switch.demo_lamp"))["state"] == "off"
    assert (await state_of(tab, "counter.visits"))["state"] == "0"
    await page.get_by_role("link", name="Automations").last.click()
    await expect(page.locator("hub-automation-row .badge")).to_have_text("Rehearses")
    await page.get_by_role("link", name="Evening light").click()
    await rehearse.click()
    await expect(rehearse).to_have_attribute("aria-checked", "false")
    await run.click()
    await becomes(tab, "switch.demo_lamp", lambda found: found["state"] == "on")
    await tab.open("/logbook?entities=automation.evening_light")
    entry = page.locator("hub-logbook li").filter(has_text="Evening light ran").first
    await entry.get_by_role("link", name="Trace").click()
    await expect(page.locator("hub-trace [data-path='action/2']")).to_have_class(re.compile("pass"))
    await expect(page.locator("hub-trace .dry")).to_have_count(0)


async def test_yesterday_is_tried_with_the_text_before_it_is_saved(
    house: HubProcess, visit: Visit
) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations", stay=True)
    await put(tab, "evening", EVENING)
    past.write_day(house.data, hours=50)
    page = tab.page
    await tab.open("/automations/automation?id=evening&tab=configuration")
    text = page.get_by_role("textbox", name="Text")
    await expect(text).to_have_value(re.compile("to: dusk"))
    good = await text.input_value()
    await text.fill(good.replace("to: dusk", "to: day").replace("increment", "reset"))
    await page.locator(".tabs").get_by_role("link", name="Try it").click()
    await expect(page.get_by_text("as you have edited it")).to_be_visible()
    await page.get_by_role("button", name="Try against yesterday").click()
    result = page.locator("hub-automation-try")
    await expect(result.get_by_role("heading", name="It would have run once")).to_be_visible()
    row = result.get_by_role("row").filter(has_text="counter.reset")
    await expect(row).to_contain_text("state of Demo Phase")
    await expect(row).to_contain_text("did not run")
    await row.get_by_role("button", name="Show the run").click()
    await expect(result.locator("hub-trace [data-path='action/2']")).to_be_visible()
    assert (await state_of(tab, "switch.demo_lamp"))["state"] == "off"


async def test_a_mistake_is_told_at_its_line_and_saving_is_reviewed(
    house: HubProcess, visit: Visit
) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations", stay=True)
    await put(tab, "evening", EVENING)
    page = tab.page
    await tab.open("/automations/automation?id=evening&tab=configuration")
    text = page.get_by_role("textbox", name="Text")
    await expect(text).to_have_value(re.compile("trigger: state"))
    good = await text.input_value()
    await text.fill(good.replace("trigger: state", "trigger: stated"))
    mistake = page.locator("hub-automation-editor .mistakes button")
    line = good.splitlines().index("  - trigger: state") + 1
    await expect(mistake.first).to_contain_text(f"Line {line}")
    await expect(page.locator("hub-code .lines .bad")).to_have_text(str(line))
    await text.fill(good.replace("Evening light", "Late light"))
    await expect(page.get_by_text("No mistakes found")).to_be_visible()
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator("hub-review .diff")).to_contain_text("Late light")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Late light")
    await page.locator(".tabs").get_by_role("link", name="History").click()
    await expect(page.locator("hub-resource-history .rows > li")).to_have_count(2)
    await page.get_by_role("button", name="Roll back").click()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Evening light")


async def test_what_names_an_entity_is_told_and_renamed_with_it(
    house: HubProcess, visit: Visit
) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations/references", stay=True)
    await put(tab, "evening", EVENING)
    page = tab.page
    await expect(page.get_by_text("Everything that is named exists")).to_be_visible()
    await tab.open("/?entity=switch.demo_lamp")
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("Entity id").fill("switch.desk_lamp")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page.get_by_text("One place names this entity")).to_be_visible()
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page).to_have_url(re.compile("entity=switch.desk_lamp"))
    await tab.open("/automations/automation?id=evening&tab=configuration")
    text = page.get_by_role("textbox", name="Text")
    await expect(text).to_have_value(re.compile("switch.desk_lamp"))
    await put(tab, "odd", {**EVENING, "alias": "Odd", "actions": [{"delay": 1}], "triggers": [
        {"trigger": "state", "entity_id": "sensor.nowhere"}]})  # fmt: skip
    await tab.open("/automations/references")
    dead = page.locator("hub-dead-references li").filter(has_text="sensor.nowhere").last
    await expect(dead).to_contain_text("triggers.0.entity_id")
    await page.get_by_role("link", name="Odd").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Odd")


SCENE = """
scene:
  - name: Evening
    entities: {switch.demo_lamp: "on"}
"""


async def test_what_a_file_names_is_told_before_the_rename(
    start_hub: Callable[..., HubProcess], visit: Visit
) -> None:
    hub = start_hub(HOUSE + SCENE)
    tab = await visit(hub)
    await tab.sign_in("/?entity=switch.demo_lamp")
    page = tab.page
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("Entity id").fill("switch.desk_lamp")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page.get_by_text("These must be changed by hand:")).to_be_visible()
    line = (HOUSE + SCENE).splitlines().index("scene:") + 3
    await expect(page.locator("hub-rename .warn")).to_contain_text(f"hub.yaml:{line}")
    assert (await state_of(tab, "switch.demo_lamp"))["state"]


async def test_helpers_have_the_control_of_their_kind(house: HubProcess, visit: Visit) -> None:
    tab = await visit(house)
    await tab.sign_in("/automations/helpers")
    page = tab.page
    await page.get_by_role("button", name="Count up Visits").click()
    await page.get_by_role("button", name="Start: Tea").click()
    await expect(page.get_by_text(re.compile(r"0[34]:\d\d left"))).to_be_visible()
    slider = page.get_by_role("slider", name="Night level")
    await slider.focus()
    await page.keyboard.press("End")
    async with asyncio.timeout(30):
        while (await state_of(tab, "input_number.level"))["state"] != "20.0":
            await asyncio.sleep(0.02)
    assert (await state_of(tab, "counter.visits"))["state"] == "1"
    await page.get_by_label("New helper").select_option("hub.input_boolean")
    await expect(page).to_have_url(re.compile(r"hub\.input_boolean\?new=1"))
