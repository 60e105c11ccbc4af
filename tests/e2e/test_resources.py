"""Resources in the page: found, written, reviewed, applied, rolled back, repaired, deleted."""

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from hub.events import Context
from tests.e2e.conftest import Workshop
from tests.e2e.lab import SERVER, TYPE
from tests.e2e.visits import Tab, Visit

if TYPE_CHECKING:
    from playwright.async_api import Locator

PASSWORD = "a-long-password"
ZONES = [{"name": "Living room", "channel": 1}, {"name": "Kitchen", "channel": 2}]


async def arrive(visit: Visit, workshop: Workshop, path: str, **options: object) -> Tab:
    """Sign in at a page of the workshop."""
    tab = await visit(workshop, **options)
    await tab.sign_in(path, password=PASSWORD)
    return tab


def of(key: str, section: str = "") -> str:
    """Return the address of a house."""
    return f"/resources/{TYPE}/{key}" + (f"?tab={section}" if section else "")


def phase(tab: Tab) -> "Locator":
    """Return the phase beside the heading."""
    return tab.page.locator("hub-resource h1 + .badge")


async def test_the_page_shows_a_plan_applies_it_with_a_progress_bar_and_rolls_it_back(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home", zones=ZONES)
    before = workshop.lab.read("home")
    tab = await arrive(visit, workshop, of("home", "configuration"))
    page = tab.page
    await page.get_by_label("Target (°C)").nth(1).fill("22,5")
    await expect(page.get_by_text("Not saved yet")).to_be_visible()
    await page.get_by_role("button", name="Review").click()

    await expect(page.get_by_role("heading", name="Review: change lab.house/home")).to_be_focused()
    await expect(page.locator(".diff li")).to_contain_text(["Kitchen"])
    step = page.locator(".steps li")
    await expect(step).to_have_count(1)
    await expect(step).to_contain_text("Write zone-2.txt")
    await expect(step.locator("del")).to_contain_text("21.0 °C")
    await expect(step.locator("ins")).to_contain_text("22.5 °C")
    assert workshop.lab.read("home") == before

    workshop.lab.gate.clear()
    await page.get_by_label("Note for the history").fill("Warmer kitchen")
    await page.get_by_role("button", name="Apply", exact=True).click()
    bar = page.get_by_role("progressbar").first
    await expect(bar).to_be_visible()
    await expect(
        page.get_by_role("status").get_by_text("Write zone-2.txt (1 of 4)")
    ).to_be_visible()
    assert 0 < float(await bar.evaluate("(bar) => bar.value")) < 0.9
    await expect(page.get_by_role("region", name="Log")).to_contain_text("zone-2.txt: part 1 of 4")
    await expect(phase(tab)).to_have_text("Applying")
    workshop.lab.gate.set()
    await expect(page.get_by_text("Revision 2 is live.")).to_be_visible()
    await expect(phase(tab)).to_have_text("In sync")
    assert workshop.lab.read("home")["zone-2.txt"] == "Kitchen\n22.5 °C\n"

    await page.get_by_role("button", name="Done").click()
    await page.locator(".tabs").get_by_role("link", name="History").click()
    first = page.locator("hub-resource-history .rows li").first
    await expect(first).to_contain_text("Warmer kitchen")
    await expect(first).to_contain_text("Owner")
    await page.get_by_role("button", name="Roll back to revision 1").click()
    await expect(page.locator(".steps ins")).to_contain_text("21.0 °C")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 3 is live.")).to_be_visible()
    assert workshop.lab.read("home") == before
    await page.get_by_role("button", name="Done").click()
    await expect(first).to_contain_text("Rolled back")


async def test_an_apply_that_fails_says_that_it_was_taken_back(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home", zones=ZONES)
    before = workshop.lab.read("home")
    tab = await arrive(visit, workshop, of("home", "configuration"))
    await tab.page.get_by_label("Target (°C)").first.fill("19")
    await tab.page.get_by_label("Fail at").fill("zone-1.txt")
    await tab.page.get_by_role("button", name="Review").click()
    await tab.page.get_by_role("button", name="Apply", exact=True).click()
    await expect(
        tab.page.get_by_text("It failed; what had been done was taken back.")
    ).to_be_visible()
    await expect(tab.page.locator("hub-following")).to_contain_text("zone-1.txt can not be written")
    await expect(phase(tab)).to_have_text("Failed")
    assert workshop.lab.read("home") == before


async def test_a_running_apply_is_cancelled(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home", zones=ZONES)
    before = workshop.lab.read("home")
    workshop.lab.gate.clear()
    tab = await arrive(visit, workshop, of("home", "configuration"))
    await tab.page.get_by_label("Target (°C)").first.fill("19")
    await tab.page.get_by_role("button", name="Review").click()
    await tab.page.get_by_role("button", name="Apply", exact=True).click()
    await tab.page.get_by_role("button", name="Cancel").click()
    await expect(tab.page.locator("hub-following .note")).to_contain_text("was cancelled")
    await expect(tab.page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert workshop.lab.read("home") == before


async def test_a_new_resource_is_made_by_keyboard_and_mouse(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.house.hub.resources.put(SERVER, "nas", {"address": "10.0.0.2"})
    tab = await arrive(visit, workshop, f"/resources/{TYPE}")
    page = tab.page
    await page.get_by_role("link", name="Create").click()
    await page.get_by_label("Key").fill("Barn!")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Key")).to_be_focused()
    await expect(page.get_by_label("Key")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Key").fill("barn")
    await page.keyboard.press("Enter")
    summary = page.get_by_role("group", name="One thing to mend")
    await expect(summary).to_be_focused()
    await summary.get_by_role("link").click()
    name = page.get_by_label("Name required")
    await expect(name).to_be_focused()
    await page.keyboard.type("The barn")
    await page.get_by_label("Password").fill("long enough")
    # It is a field for any text until the servers are known.
    await page.locator("select").and_(page.get_by_label("Server")).select_option("nas")
    await page.get_by_role("group", name="Zones").get_by_role("button", name="Add").click()
    await page.keyboard.type("Loft")
    await page.keyboard.press("Tab")
    await page.keyboard.type("3")
    await page.get_by_role("group", name="Labels").get_by_role("button", name="Add Labels").click()
    await (
        page.get_by_role("group", name="Labels")
        .get_by_role("button", name="Add", exact=True)
        .click()
    )
    await page.keyboard.type("owner")
    await page.get_by_label("Value").fill("Anna")
    await page.get_by_label("Extra").fill('{"any": [1, 2]}')
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator(".diff")).not_to_contain_text("long enough")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await page.get_by_text("Revision 1 is live.").wait_for()
    await page.get_by_role("button", name="Done").click()
    await expect(page).to_have_url(re.compile(rf"{re.escape(of('barn'))}$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("The barn")
    spec = workshop.house.hub.resources.as_dict(workshop.house.hub.resources.get(TYPE, "barn"))
    assert spec["spec"] == {
        "name": "The barn", "mode": "heat", "port": 1502, "watched": True, "tags": [],
        "password": {"sealed": True}, "server": "nas", "labels": {"owner": "Anna"},
        "zones": [{"name": "Loft", "channel": 3, "target": 21.0}], "extra": {"any": [1, 2]},
    }  # fmt: skip


async def test_problems_that_the_hub_finds_stand_at_their_fields(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home", zones=ZONES)
    tab = await arrive(visit, workshop, of("home", "configuration"))
    page = tab.page
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("group", name="One thing to mend")).to_be_focused()
    field = page.get_by_label("Password")
    await expect(field).to_have_attribute("aria-invalid", "true")
    told = await field.get_attribute("aria-describedby")
    assert told is not None
    problem = page.locator(f"#{told.split()[-1]}")
    await expect(problem).to_contain_text("too short for a secret: at least 8 characters")
    await expect(field).to_have_value("short")


async def test_a_secret_is_kept_unless_it_is_typed_anew(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home", password="the first one")
    tab = await arrive(visit, workshop, of("home", "configuration"))
    page = tab.page
    await expect(page.get_by_label("Password")).to_have_value("")
    await expect(page.get_by_text("It is set; leave this empty to keep it.")).to_be_visible()
    await page.get_by_label("Password").fill("never mind")
    await page.get_by_label("Password").fill("")
    await page.get_by_label("Port").fill("1503")
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator(".diff li")).to_have_count(1)
    assert "the first one" not in await page.content()


async def test_somebody_who_was_faster_is_put_together_by_hand(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home", zones=ZONES)
    tab = await arrive(visit, workshop, of("home", "configuration"))
    page = tab.page
    await page.get_by_label("Name required").first.fill("My home")
    await page.get_by_label("Port").fill("1600")
    owner = next(iter(workshop.house.hub.auth.users.all()))
    await workshop.house.hub.resources.put(
        TYPE, "home", {"name": "Their home", "mode": "cool", "zones": ZONES},
        context=Context(user_id=owner.id),
    )  # fmt: skip
    await expect(page.get_by_text("Revision 2 was saved while you were writing.")).to_be_visible()
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("heading", name="This was changed meanwhile")).to_be_focused()
    await expect(page.get_by_text("Owner saved revision 2 while you were writing.")).to_be_visible()
    await page.get_by_role("radio", name="Take the other").check()
    await page.get_by_role("button", name="Put both together").click()
    await expect(page.get_by_label("Name required").first).to_have_value("Their home")
    await expect(page.get_by_label("Port")).to_have_value("1600")
    await expect(page.get_by_label("Mode")).to_have_value('"cool"')
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator(".diff li")).to_have_count(1)
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 3 is live.")).to_be_visible()


async def test_what_was_typed_is_not_lost_by_leaving(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home")
    tab = await arrive(visit, workshop, of("home"))
    page = tab.page
    await page.get_by_role("link", name="Configuration").click()
    await page.get_by_label("Port").fill("1600")
    await page.locator(".tabs").get_by_role("link", name="History").click()
    await page.get_by_role("link", name="Configuration").click()
    await expect(page.get_by_label("Port")).to_have_value("1600")
    await page.get_by_role("link", name="Entities").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await expect(page.get_by_label("Port")).to_have_value("1600")
    await page.get_by_role("link", name="Entities").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Entities")


async def test_drift_is_shown_and_repaired(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home", zones=ZONES)
    workshop.lab.write("home", "zone-1.txt", "by hand\n")
    plan = await workshop.house.hub.resources.plan(TYPE, "home")
    assert plan.steps
    tab = await arrive(visit, workshop, of("home"))
    page = tab.page
    await page.get_by_role("button", name="Apply now").click()
    await expect(page.locator(".steps del")).to_contain_text("by hand")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("hub-following .badge").first).to_have_text("Applied")
    assert workshop.lab.read("home")["zone-1.txt"] == "Living room\n21.0 °C\n"


async def test_a_used_resource_goes_only_with_those_that_use_it(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.house.hub.resources.put(SERVER, "nas", {"address": "10.0.0.2"})
    await workshop.put("home", server="nas")
    tab = await arrive(visit, workshop, f"/resources/{SERVER}/nas")
    page = tab.page
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("It is used by:")).to_be_visible()
    confirm = page.get_by_label("To confirm, type nas")
    await confirm.fill("nas")
    delete = page.locator("hub-resource-remove").get_by_role("button", name="Delete")
    await expect(delete).to_be_disabled()
    await page.get_by_label("Delete these as well, before it").check()
    await expect(page.get_by_text("Deleted with it:")).to_be_visible()
    await confirm.fill("na")
    await expect(delete).to_be_disabled()
    await confirm.fill("nas")
    await delete.click()
    await expect(page.get_by_text("It is gone.")).to_be_visible()
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page.get_by_text("There are none yet.")).to_be_visible()
    assert workshop.lab.read("home") == {}


async def test_the_list_is_searched_and_follows_what_happens(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home")
    await workshop.put("barn")
    tab = await arrive(visit, workshop, "/resources")
    page = tab.page
    card = page.get_by_role("link").filter(has_text="lab.house")
    await expect(card).to_contain_text("2")
    await card.click()
    rows = page.locator("hub-resources .rows li")
    await expect(rows).to_have_count(2)
    await page.get_by_role("searchbox").fill("bar")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile("q=bar"))
    workshop.lab.away = True
    await workshop.house.hub.resources.put(TYPE, "barn", {"name": "Barn with a loft"})
    await expect(rows).to_contain_text(["Barn with a loft"])
    await expect(rows.locator(".badge")).to_have_text("Not known")
    await expect(rows).to_contain_text(["The lab does not answer"])
    await page.get_by_role("searchbox").fill("nothing like this")
    await expect(page.get_by_text("Nothing matches this search.")).to_be_visible()


async def test_without_a_plan_the_page_says_why(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home")
    workshop.lab.away = True
    tab = await arrive(visit, workshop, of("home", "configuration"))
    await tab.page.get_by_label("Port").fill("1600")
    await tab.page.get_by_role("button", name="Review").click()
    await expect(tab.page.get_by_text("The lab does not answer").last).to_be_visible()
    await expect(tab.page.get_by_role("button", name="Apply", exact=True)).to_be_enabled()


async def test_lists_in_a_form_are_put_in_order_by_keyboard(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.put("home", zones=ZONES, tags=["a", "b"])
    tab = await arrive(visit, workshop, of("home", "configuration"))
    page = tab.page
    await page.get_by_role("button", name="Move Kitchen up").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Move Kitchen down")).to_be_focused()
    names = page.get_by_role("group", name="Zones").get_by_label("Name required")
    await expect(names.first).to_have_value("Kitchen")
    await page.get_by_role("button", name="Remove Tags 1").click()
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator(".diff li")).to_have_count(2)
