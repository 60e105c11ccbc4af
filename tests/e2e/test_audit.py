"""The audit log in the page: filtered, followed, proved, exported."""

import json
import re
from pathlib import Path

from playwright.async_api import expect

from hub.audit import Entry, Result
from tests.e2e.conftest import Workshop
from tests.e2e.lab import TYPE
from tests.e2e.visits import Visit

PASSWORD = "a-long-password"


async def test_rows_are_narrowed_and_followed(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home")
    audit = workshop.house.hub.audit
    audit.note(Entry("denied", "lab.house/home", Result.DENIED, data={"verb": "write"}))
    await audit.flush()
    tab = await visit(workshop)
    await tab.sign_in("/settings/audit", password=PASSWORD)
    page = tab.page
    rows = page.locator("hub-audit tbody tr")
    await expect(rows.filter(has_text="login")).to_have_count(1)
    await expect(rows.filter(has_text="resource.put")).to_contain_text([f"{TYPE}/home"])
    before = await rows.count()
    await workshop.put("barn")
    await expect(rows).to_have_count(before + 1)
    await expect(rows.first).to_contain_text("lab.house/barn")

    await page.get_by_label("Action").fill("resource.*")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    await expect(page).to_have_url(re.compile("action=resource"))
    await page.get_by_label("Target").fill("lab.house/home")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("Outcome").select_option("denied")
    await expect(rows).to_have_count(1)
    await expect(rows.locator(".badge")).to_have_text("Denied")
    await rows.get_by_text("Details").click()
    await expect(rows).to_contain_text("verb: write")
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("Until").fill("2020-01-01T00:00")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Nothing matches this search.")).to_be_visible()


async def test_long_logs_are_paged(workshop: Workshop, visit: Visit) -> None:
    audit = workshop.house.hub.audit
    for number in range(60):
        audit.note(Entry("test.row", f"number {number}"))
    await audit.flush()
    tab = await visit(workshop)
    await tab.sign_in("/settings/audit?action=test.row", password=PASSWORD)
    rows = tab.page.locator("hub-audit tbody tr")
    await expect(rows).to_have_count(50)
    await tab.page.get_by_role("button", name="Older").click()
    await expect(rows).to_have_count(60)
    await expect(tab.page.get_by_role("button", name="Older")).to_be_hidden()


async def test_a_changed_row_is_found_and_the_log_is_exported(
    workshop: Workshop, visit: Visit, tmp_path: Path
) -> None:
    await workshop.put("home")
    tab = await visit(workshop)
    await tab.sign_in("/settings/audit", password=PASSWORD)
    page = tab.page
    await page.get_by_role("button", name="Prove all rows").click()
    await expect(page.get_by_text("nothing was changed, removed or inserted")).to_be_visible()

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export").click()
    kept = tmp_path / "audit.jsonl"
    await (await download.value).save_as(kept)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert {"resource.put", "login"} <= {line["action"] for line in lines}

    from hub.storage.tables import audit

    database = workshop.house.hub.database
    async with database.begin() as connection:
        where = audit.c.action == "resource.put"
        await connection.execute(audit.update().where(where).values(target="lab.house/other"))
    await page.get_by_role("button", name="Prove all rows").click()
    await expect(page.get_by_text("is not what the hub wrote").first).to_be_visible()
