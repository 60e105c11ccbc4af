"""Accounts in the page: users, roles, policies, passwords, second factors, what a viewer sees."""

import re
from typing import Any

import pyotp
from playwright.async_api import expect

from hub.auth import Role
from tests.e2e.conftest import Workshop
from tests.e2e.lab import SERVER, TYPE
from tests.e2e.visits import Tab, Visit

PASSWORD = "a-long-password"


async def add(workshop: Workshop, name: str, role: Role, **changes: Any) -> str:
    """Make a user who signs in with his small name; returns his id."""
    users = workshop.house.hub.auth.users
    user = await users.create(name)
    await users.update(user.id, role=role, **changes)
    await users.add_credentials(user.id, name.lower(), PASSWORD)
    return user.id


async def at(visit: Visit, workshop: Workshop, path: str, user: str = "owner") -> Tab:
    """Sign in somebody at a page."""
    tab = await visit(workshop)
    await tab.sign_in(path, user=user, password=PASSWORD)
    return tab


async def test_a_user_is_added_changed_and_removed(workshop: Workshop, visit: Visit) -> None:
    tab = await at(visit, workshop, "/settings/users")
    page = tab.page
    await page.get_by_role("button", name="Add a user").click()
    await page.get_by_label("Name", exact=True).fill("Berta Brown")
    await page.get_by_label("User name").fill("berta")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
    await expect(page.locator(".people > li")).to_have_count(1)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator(".people > li")).to_have_count(2)

    other = await at(visit, workshop, "/settings", "berta")
    await expect(other.page.get_by_text("(Viewer)")).to_be_visible()
    await expect(other.page.get_by_role("link", name="Users")).to_be_hidden()

    panel = page.locator("hub-user")
    await panel.get_by_label("Role").select_option("operator")
    await panel.get_by_role("button", name="Save").click()
    await expect(page.locator(".people > li").nth(1)).to_contain_text("Operator")
    await panel.get_by_label("New password").fill("another-password")
    await panel.get_by_role("button", name="Set a password").click()
    await expect(panel.get_by_role("status")).to_have_text("The password was changed.")
    user = workshop.house.hub.auth.users.by_username("berta")
    assert user is not None
    assert user.role is Role.OPERATOR

    await panel.get_by_label("Active").uncheck()
    await panel.get_by_role("button", name="Save").click()
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await panel.get_by_role("button", name="Remove the user").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove the user").click()
    await expect(page.locator(".people > li")).to_have_count(1)
    assert workshop.house.hub.auth.users.by_username("berta") is None
    other.forgive()


async def test_a_password_is_changed_by_whoever_knows_it(workshop: Workshop, visit: Visit) -> None:
    tab = await at(visit, workshop, "/settings")
    page = tab.page
    section = page.get_by_role("region", name="Change password")
    await section.get_by_label("Present password").fill("wrong")
    await section.get_by_label("New password").fill("the-new-password")
    await section.get_by_label("Password again").fill("the-other-password")
    await section.get_by_role("button", name="Change password").click()
    await expect(section.get_by_role("alert")).to_have_text("The two passwords differ.")
    await section.get_by_label("Password again").fill("the-new-password")
    await section.get_by_role("button", name="Change password").click()
    await expect(section.get_by_role("alert")).not_to_be_empty()
    await expect(section.get_by_label("Present password")).to_be_focused()
    await section.get_by_label("Present password").fill(PASSWORD)
    await section.get_by_role("button", name="Change password").click()
    await expect(section.get_by_role("status")).to_have_text("The password was changed.")
    again = await visit(workshop)
    await again.sign_in("/", password="the-new-password")


async def test_a_second_factor_is_set_up_asked_for_and_turned_off(
    workshop: Workshop, visit: Visit
) -> None:
    tab = await at(visit, workshop, "/settings")
    page = tab.page
    section = page.get_by_role("region", name="Second factor")
    await section.get_by_role("button", name="Set up").click()
    picture = section.get_by_role("img", name="QR code")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 50
    secret = (await section.locator("code").text_content() or "").strip()
    await section.get_by_label("Code that the app shows").fill("000000")
    await section.get_by_role("button", name="Turn on").click()
    await expect(section.get_by_role("alert").first).to_have_text("The code is wrong.")
    code = pyotp.TOTP(secret).now()
    await section.get_by_label("Code that the app shows").fill(code)
    await section.get_by_role("button", name="Turn on").click()
    codes = section.locator(".codes li")
    await expect(codes).to_have_count(10)
    recovery = await codes.first.text_content()
    assert recovery is not None
    async with page.expect_download() as download:
        await section.get_by_role("link", name="Download").click()
    kept = (await (await download.value).path()).read_text()
    assert recovery in kept
    await section.get_by_role("button", name="I have kept them").click()
    await expect(section).not_to_contain_text(recovery)
    await expect(section).to_contain_text("Signing in asks for a code")

    again = await visit(workshop)
    await again.open("/settings")
    await again.page.locator("[name=username]").fill("owner")
    await again.page.locator("[name=password]").fill(PASSWORD)
    await again.page.keyboard.press("Enter")
    field = again.page.locator("[name=code]")
    await field.fill(recovery)
    await again.page.keyboard.press("Enter")
    await again.page.locator("hub-app main h1").wait_for()

    await section.get_by_role("button", name="Turn off").click()
    await page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    await expect(section.get_by_role("button", name="Set up")).to_be_visible()


async def test_a_policy_is_written_and_binds_at_once(workshop: Workshop, visit: Visit) -> None:
    await workshop.put("home")
    await add(workshop, "Carl", Role.OPERATOR)
    other = await at(visit, workshop, f"/resources/{TYPE}/home", "carl")
    await expect(other.page.get_by_role("button", name="Apply now")).to_be_visible()
    await expect(other.page.get_by_role("button", name="Delete")).to_be_hidden()

    tab = await at(visit, workshop, "/settings/policies")
    page = tab.page
    await page.get_by_role("button", name="New policy").click()
    await page.get_by_label("Name", exact=True).fill("Not A Name")
    await page.get_by_label("write", exact=True).check()
    await page.get_by_label("Resource type").fill(TYPE)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").filter(has_text="small letters")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("houses")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("May read, write")).to_be_visible()
    await page.get_by_role("link", name="Users").click()
    await page.get_by_role("button", name="Carl").click()
    await page.get_by_label("houses").check()
    await page.locator("hub-user").get_by_role("button", name="Save").click()
    await expect(page.locator("hub-user").get_by_role("status")).to_have_text("Saved.")

    third = await at(visit, workshop, f"/resources/{TYPE}/home", "carl")
    await expect(third.page.get_by_role("button", name="Delete")).to_be_visible()
    await page.get_by_role("link", name="Policies").click()
    await page.get_by_role("button", name="Delete houses").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("alert").filter(has_text="used by")).to_be_visible()


async def test_a_viewer_reads_and_is_told_why_he_may_not_write(
    workshop: Workshop, visit: Visit
) -> None:
    await workshop.house.hub.resources.put(SERVER, "nas", {"address": "10.0.0.2"})
    await workshop.put("home", server="nas", password="not to be seen")
    await add(workshop, "Vera", Role.VIEWER)
    tab = await at(visit, workshop, f"/resources/{TYPE}", "vera")
    page = tab.page
    await expect(page.get_by_text("Your role does not allow this.")).to_be_visible()
    await expect(page.get_by_role("link", name="Create")).to_be_hidden()
    await page.get_by_role("link", name="Home").click()
    await expect(page.get_by_text("Your role lets you read this, not change it.")).to_be_visible()
    for name in ("Apply now", "Repair", "Delete"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await page.get_by_role("link", name="Configuration").click()
    await expect(page.locator("hub-resource pre")).to_contain_text("name: Home")
    await expect(page.locator("hub-spec-form")).to_have_count(0)
    await page.locator(".tabs").get_by_role("link", name="History").click()
    await expect(page.locator("hub-resource-history")).to_contain_text("Revision 1")
    await expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    await tab.open("/settings/users")
    await tab.sign_in("/settings/users", user="vera", password=PASSWORD)
    await expect(page.get_by_role("alert")).to_have_text("Your role does not allow this.")


async def test_a_refused_address_is_let_in_again(workshop: Workshop, visit: Visit) -> None:
    auth = workshop.house.hub.auth
    for _ in range(200):
        auth.failed("203.0.113.9")
    assert len(auth.bans.all()) == 1
    tab = await at(visit, workshop, "/settings/users")
    page = tab.page
    await expect(page.get_by_text("203.0.113.9")).to_be_visible()
    await page.get_by_role("button", name="Let in again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Let in again").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_text("203.0.113.9", exact=True)).to_be_hidden()
    assert auth.bans.all() == []
