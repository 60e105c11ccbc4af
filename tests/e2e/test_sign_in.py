"""The first owner, signing in and out, and signing in for another program."""

import base64
import hashlib
import json
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from playwright.async_api import expect

from tests.e2e.conftest import CONFIG
from tests.e2e.visits import Visit
from tests.peers.hub import OWNER, PASSWORD, HubProcess


async def test_the_first_visit_creates_the_owner(
    start_hub: Callable[..., HubProcess], visit: Visit
) -> None:
    tab = await visit(start_hub(CONFIG, init=False))
    await tab.open()
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Welcome to your hub")
    await tab.page.locator("[name=name]").fill("Anna")
    await tab.page.locator("[name=username]").fill("anna")
    await tab.page.locator("[name=password]").fill(PASSWORD)
    await tab.page.locator("[name=again]").fill("something else")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert")).to_have_text("The two passwords differ.")
    await expect(tab.page.locator("[name=again]")).to_be_focused()
    await tab.page.locator("[name=again]").fill(PASSWORD)
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Test house")
    await tab.sign_in(user="anna")
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Test house")


async def test_a_wrong_password_is_told_beside_the_field(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.open()
    await tab.page.locator("[name=username]").fill(OWNER)
    await tab.page.locator("[name=password]").fill("wrong")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert")).to_have_text(
        "The user name or the password is wrong."
    )
    await expect(tab.page.locator("[name=password]")).to_be_focused()
    await tab.page.keyboard.type(PASSWORD)
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Test house")
    assert not urlsplit(tab.page.url).query


async def test_too_many_wrong_passwords_are_slowed_down(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.open()
    await tab.page.locator("[name=username]").fill(OWNER)
    told = tab.page.get_by_role("alert")
    for _ in range(20):
        await tab.page.locator("[name=password]").fill("wrong")
        await tab.page.get_by_role("button", name="Sign in").click()
        await expect(told).not_to_be_empty()
        if "Too many attempts" in (await told.text_content() or ""):
            break
    await expect(told).to_have_text("Too many attempts. Wait a moment, then try again.")
    await expect(tab.page.locator("[name=password]")).to_be_focused()
    tab.forgive()


async def test_a_session_is_kept_only_when_asked(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    assert await tab.page.evaluate("localStorage.getItem('session')") is None
    await tab.page.reload()
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await tab.sign_in(stay=True)
    await tab.page.reload()
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Test house")
    kept = json.loads(await tab.page.evaluate("localStorage.getItem('session')"))
    await tab.page.get_by_role("link", name="Settings").click()
    await tab.page.get_by_role("button", name="Sign out").click()
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await tab.page.evaluate("localStorage.getItem('session')") is None
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": kept["refresh_token"],
        "client_id": kept["clientId"],
    }
    answer = await tab.page.request.post(f"{demo.url}/auth/token", form=refresh)
    assert answer.status == 400


async def test_what_was_shown_may_still_draw_when_somebody_signs_out(
    demo: HubProcess, visit: Visit
) -> None:
    tab = await visit(demo)
    await tab.sign_in("/settings")
    await tab.page.evaluate("window.left = document.querySelector('hub-app')")
    await tab.page.get_by_role("button", name="Sign out").click()
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await tab.page.evaluate("left.requestUpdate(), left.updateComplete")
    left = tab.page.locator("hub-app")
    await expect(left).to_have_count(0)


async def test_another_program_gets_a_code(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    client, back = f"{demo.url}/", f"{demo.url}/landing"
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    await tab.open(
        f"/auth/authorize?response_type=code&client_id={quote(client)}&redirect_uri={quote(back)}"
        f"&state=s%26t&code_challenge={challenge}&code_challenge_method=S256"
    )
    await expect(tab.page.get_by_text(urlsplit(client).netloc)).to_be_visible()
    await tab.page.locator("[name=username]").fill(OWNER)
    await tab.page.locator("[name=password]").fill(PASSWORD)
    await tab.page.keyboard.press("Enter")
    await tab.page.wait_for_url("**/landing?*")
    answer = parse_qs(urlsplit(tab.page.url).query)
    assert answer["state"] == ["s&t"]
    grant: dict[str, str | float | bool] = {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "client_id": client,
        "code_verifier": verifier,
    }
    tokens = await tab.page.request.post(f"{demo.url}/auth/token", form=grant)
    assert tokens.status == 200
