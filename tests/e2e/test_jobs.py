"""The jobs page: what runs, how far it is, its log, cancelling, and what is over."""

import asyncio

from playwright.async_api import expect

from hub.jobs import Job
from tests.e2e.conftest import Workshop
from tests.e2e.lab import TYPE
from tests.e2e.visits import Visit

PASSWORD = "a-long-password"


async def test_a_running_job_is_watched_and_cancelled(workshop: Workshop, visit: Visit) -> None:
    go = asyncio.Event()

    async def work(job: Job) -> None:
        job.log("Begun")
        job.progress(0.25, "A quarter")
        await go.wait()
        job.log("<b>Half</b> done")
        job.progress(0.5, "Half")
        while True:
            await job.checkpoint()
            await asyncio.sleep(0.01)

    tab = await visit(workshop)
    await tab.sign_in("/jobs", password=PASSWORD)
    page = tab.page
    await expect(page.get_by_text("Nothing was done yet.")).to_be_visible()
    await workshop.house.hub.jobs.start("test.copy", "the archive", work)
    row = page.locator("hub-job-list li.card")
    await expect(row).to_contain_text("the archive")
    await expect(row.locator(".badge").first).to_have_text("Running")
    await row.get_by_role("button").first.click()
    log = page.get_by_role("region", name="Log")
    await expect(log).to_contain_text("Begun")
    go.set()
    await expect(log).to_contain_text("<b>Half</b> done")
    await expect(page.locator("hub-job .percent")).to_have_text("50 %")
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await expect(row.locator(".badge").first).to_have_text("Cancelled")
    await expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_hidden()


async def test_past_jobs_tell_how_they_ended(workshop: Workshop, visit: Visit) -> None:
    async def well(job: Job) -> str:
        job.log("It went well")
        return "42 files"

    jobs = workshop.house.hub.jobs
    await (await jobs.start("test.good", "one", well)).wait()
    await workshop.put("home", zones=[])
    tab = await visit(workshop)
    await tab.sign_in("/jobs", password=PASSWORD)
    page = tab.page
    rows = page.locator("hub-job-list li.card")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Test.good").click()
    await expect(page.get_by_role("region", name="Log")).to_contain_text("It went well")
    await expect(page.locator(".ends")).to_contain_text("42 files")
    await page.get_by_role("button", name="lab.house/home").click()
    await page.get_by_role("link", name="To the resource").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    await page.get_by_role("navigation", name="Sections").get_by_role("link", name="Jobs").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(f"{TYPE}/home")
