"""Modbus devices in the page: registers as they change, writes from the page to the wire."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from hub.auth import Role
from hub.resources import Phase
from tests.e2e.conftest import Workshop
from tests.e2e.test_looks import AXE, NARROW, violations
from tests.e2e.test_users import PASSWORD, add
from tests.e2e.visits import Tab, Visit
from tests.peers.modbus_fake import FakeDevice, Unit

if TYPE_CHECKING:
    from playwright.async_api import Locator

MAP: dict[str, Any] = {
    "name": "Boiler",
    "manufacturer": "Example",
    "model": "B-200",
    "blocks": [
        {
            "table": "holding",
            "first": 0,
            "registers": {
                "target": {
                    "address": 10, "name": "Set point", "unit": "°C", "scale": 0.1, "precision": 1,
                    "write": {"min": 5, "max": 60},
                },
                "mode": {
                    "address": 11, "name": "Mode", "enum": {0: "off", 1: "heat", 2: "boost"},
                    "write": {},
                },
            },
        },
        {
            "table": "coil",
            "first": 0,
            "registers": {"pump": {"address": 3, "name": "Pump", "write": {}}},
        },
        {
            "table": "input",
            "first": 0,
            "registers": {
                "flow": {
                    "address": 0, "name": "Flow", "unit": "°C", "scale": 0.1, "precision": 1,
                    "rate": "fast",
                },
                "outside": {"address": 9, "name": "Outside", "unit": "°C"},
            },
        },
    ],
    "entities": [{"kind": "sensor", "register": "flow"}],
}  # fmt: skip

BOILER: dict[str, Any] = {
    "name": "Boiler", "link": "cellar", "definition": "boiler", "stale_after": 1.5,
    "intervals": {"fast": 0.2, "normal": 0.5},
    "breaker": {"failures": 2, "wait": 0.5, "longest": 1},
}  # fmt: skip


@dataclass
class Cellar:
    """A hub that polls a boiler, which does as it is told."""

    workshop: Workshop
    fake: FakeDevice

    @property
    def boiler(self) -> Unit:
        """The memory of the boiler."""
        return self.fake[1]

    async def put(self, id: str, **spec: Any) -> None:
        """Write a resource and wait until the hub has done what it says."""
        type_name, _, key = id.partition("/")
        resources = self.workshop.house.hub.resources
        change = await resources.put(type_name, key, spec)
        while resources.status(type_name, key).observed_revision != change.revision:
            assert resources.status(type_name, key).phase is not Phase.FAILED
            await asyncio.sleep(0.01)

    async def link(self, seconds: float = 10) -> None:
        """Write the link, which waits so long for an answer."""
        transport = {"type": "tcp", "host": "127.0.0.1", "port": self.fake.port}
        await self.put("modbus.link/cellar", name="Cellar", transport=transport, timeout=seconds)

    async def visit(
        self, visit: Visit, path: str = "/modbus/boiler", user: str = "owner", **options: Any
    ) -> Tab:
        """Sign in at a page of the hub."""
        tab = await visit(self.workshop, **options)
        await tab.sign_in(path, user=user, password=PASSWORD, stay=True)
        return tab


@pytest.fixture
async def cellar(workshop: Workshop) -> AsyncIterator[Cellar]:
    """A link with one boiler, whose register `outside` does not exist."""
    async with FakeDevice().on_tcp() as fake:
        found = Cellar(workshop, fake)
        found.boiler.holding.update({10: 215, 11: 1})
        found.boiler.input[0] = 353
        found.boiler.holes.add(("input", 9))
        resources = workshop.house.hub.resources
        await resources.put("modbus.definition", "boiler", MAP)
        await found.link()
        await found.put("modbus.device/boiler", **BOILER)
        yield found


def row(tab: Tab, name: str) -> "Locator":
    """Return the row of a register or a device."""
    return tab.page.get_by_role("row").filter(has=tab.page.get_by_text(name, exact=True))


async def write(tab: Tab, name: str, typed: str) -> None:
    """Type a value for a register by keyboard, and say yes."""
    await row(tab, name).get_by_role("button", name=f"Write {name}").press("Enter")
    await expect(tab.page.get_by_label(f"New value of {name}")).to_be_focused()
    await tab.page.keyboard.type(typed)
    await row(tab, name).get_by_role("button", name="Write", exact=True).press("Enter")
    await agree(tab)


async def agree(tab: Tab) -> None:
    """Say yes to the question."""
    await tab.page.get_by_role("dialog").get_by_role("button", name="Write").click()


async def test_registers_are_shown_and_change_while_one_looks(cellar: Cellar, visit: Visit) -> None:
    tab = await cellar.visit(visit, "/")
    page = tab.page
    await page.get_by_role("link", name="Modbus").click()
    link = page.get_by_role("region", name="Cellar")
    await expect(link).to_contain_text(f"TCP 127.0.0.1:{cellar.fake.port}")
    await expect(link.get_by_text("Connected", exact=True)).to_be_visible()
    await expect(row(tab, "Boiler")).to_contain_text("Incomplete")
    await expect(row(tab, "Boiler")).to_contain_text("Example B-200")
    await expect(row(tab, "Boiler")).to_contain_text("4 of 5 good")
    await row(tab, "Boiler").get_by_role("link", name="Boiler", exact=True).click()

    await expect(row(tab, "Flow")).to_contain_text(
        re.compile("Input 0.*0161.*35.3\u00a0°C.*Good", re.DOTALL)
    )
    await expect(row(tab, "Mode")).to_contain_text("heat")
    cellar.boiler.input[0] = 402
    await expect(row(tab, "Flow")).to_contain_text("40.2\u00a0°C")
    await expect(row(tab, "Outside")).to_contain_text("The device does not have this register")

    await page.get_by_label("Only problems (1)").check()
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(row(tab, "Outside")).to_be_visible()
    await page.get_by_label("Only problems (1)").uncheck()
    await page.get_by_label("Addresses in hex").check()
    await page.get_by_label("Search registers").fill("0x000a")
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(row(tab, "Set point")).to_contain_text("Holding 0x000A")
    assert page.url.endswith("?hex=1&q=0x000a")

    reads = len(cellar.fake.reads)
    await page.get_by_role("button", name="Read now").click()
    await expect(page.get_by_text("It was read.")).to_be_visible()
    assert len(cellar.fake.reads) > reads
    cellar.boiler.holes.clear()
    await page.get_by_role("button", name="Forget what was learned").click()
    await page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    await page.get_by_label("Search registers").fill("outside")
    await expect(row(tab, "Outside")).to_contain_text("Good")


async def test_a_write_goes_through_and_a_refused_one_says_why(
    cellar: Cellar, visit: Visit
) -> None:
    tab = await cellar.visit(visit)
    page = tab.page
    await row(tab, "Set point").get_by_role("button", name="Write Set point").click()
    await page.get_by_label("New value of Set point").fill("22.5")
    await page.keyboard.press("Enter")
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text("Now: 21.5\u00a0°C. Afterwards: 22.5\u00a0°C.")
    assert cellar.fake.writes == []
    await page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    assert cellar.fake.writes == []
    await page.keyboard.press("Enter")
    await agree(tab)
    told = row(tab, "Set point").get_by_role("status")
    await expect(told).to_have_text("Written. It was 21.5\u00a0°C and is 22.5\u00a0°C.")
    assert cellar.boiler.holding[10] == 225

    await write(tab, "Mode", "boost")
    await expect(row(tab, "Mode").get_by_role("status")).to_contain_text("is boost")
    assert cellar.boiler.holding[11] == 2
    pump = row(tab, "Pump").get_by_role("switch", name="Pump")
    await expect(pump).not_to_be_checked()
    await pump.click()
    await agree(tab)
    await expect(pump).to_be_checked()
    await expect(row(tab, "Pump").get_by_role("status")).to_contain_text("It was Off and is On.")
    assert cellar.boiler.coil[3] == 1

    problem = row(tab, "Set point").get_by_role("alert")
    await row(tab, "Set point").get_by_role("button", name="Write Set point").click()
    await page.keyboard.type("61")
    await page.keyboard.press("Enter")
    await expect(problem).to_contain_text("choose 5 to 60")
    await expect(question).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(problem).to_be_hidden()
    cellar.boiler.read_only.add(("holding", 10))
    await write(tab, "Set point", "30")
    await expect(problem).to_contain_text("Boiler refuses it")
    await expect(row(tab, "Set point")).to_contain_text("22.5\u00a0°C")
    await expect(page.get_by_label("New value of Set point")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(problem).to_be_hidden()
    assert cellar.boiler.holding[10] == 225


async def test_a_dead_device_shows_old_values_with_reasons_and_comes_back(
    cellar: Cellar, visit: Visit
) -> None:
    tab = await cellar.visit(visit)
    page = tab.page
    await expect(row(tab, "Flow")).to_contain_text("Good")
    cellar.boiler.silent = True
    await cellar.link(0.2)
    await expect(page.locator(".top").get_by_text("Does not answer")).to_be_visible()
    await expect(row(tab, "Flow")).to_contain_text(
        re.compile("35.3\u00a0°C.*Old.*The device does not answer", re.DOTALL)
    )
    await expect(page.locator("hub-modbus-device .note.bad")).to_contain_text("no answer")
    await write(tab, "Set point", "40")
    # When the write itself is the next attempt, it is the one that gets no answer.
    why = re.compile("can not be reached|no answer within")
    await expect(row(tab, "Set point").get_by_role("alert")).to_contain_text(why)
    await page.keyboard.press("Escape")

    cellar.boiler.silent = False
    cellar.boiler.input[0] = 361
    await cellar.link()
    await expect(row(tab, "Flow")).to_contain_text(re.compile("36.1\u00a0°C.*Good", re.DOTALL))
    await expect(page.locator("hub-modbus-device .note.bad")).to_be_hidden()

    await cellar.put("modbus.device/boiler", **BOILER, when_offline="queue")
    await cellar.fake.stop()
    await expect(page.locator(".top").get_by_text("The link is down")).to_be_visible()
    await write(tab, "Set point", "41")
    await expect(row(tab, "Set point").get_by_role("status")).to_contain_text("It waits")
    await expect(row(tab, "Set point")).to_contain_text("Waits to be written: 41.0\u00a0°C")
    await expect(row(tab, "Flow")).to_contain_text(re.compile("36.1.*Old.*link is down", re.DOTALL))
    await page.get_by_role("link", name="Modbus").last.click()
    await expect(page.get_by_role("region", name="Cellar")).to_contain_text("Disconnected")
    await expect(row(tab, "Boiler")).to_contain_text("The link is down")
    await cellar.fake.start()
    await expect(row(tab, "Boiler")).to_contain_text("5 good")

    await row(tab, "Boiler").get_by_role("link", name="Boiler", exact=True).click()
    await expect(row(tab, "Set point")).to_contain_text(re.compile("41.*Good", re.DOTALL))
    assert cellar.boiler.holding[10] == 410
    await cellar.workshop.house.hub.resources.delete("modbus.device", "boiler")
    await expect(page.get_by_text("There is no device")).to_be_visible()


async def test_a_device_is_added_on_a_link(cellar: Cellar, visit: Visit) -> None:
    cellar.fake[2].input[0] = 200
    tab = await cellar.visit(visit, "/modbus")
    page = tab.page
    await page.get_by_role("link", name="Add a device on Cellar").click()
    await expect(page.get_by_label("Link required")).to_have_value("cellar")
    await page.get_by_label("Key").fill("second")
    await page.get_by_label("Unit").fill("2")
    definition = page.get_by_label("Definition required")
    await page.locator("select").and_(definition).select_option("boiler")
    await page.get_by_role("button", name="Review").click()
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 1 is live.")).to_be_visible()
    await page.get_by_role("link", name="Modbus").first.click()
    await row(tab, "second").get_by_role("link", name="second", exact=True).click()
    await expect(row(tab, "Flow")).to_contain_text("00C8")


async def test_who_may_what(cellar: Cellar, visit: Visit) -> None:
    workshop = cellar.workshop
    await add(workshop, "Vera", Role.VIEWER)
    await add(workshop, "Otto", Role.OPERATOR)
    tab = await cellar.visit(visit, "/modbus", "vera")
    await expect(row(tab, "Boiler")).to_contain_text("Incomplete")
    await expect(tab.page.get_by_role("link", name=re.compile("^Add a"))).to_have_count(0)
    await row(tab, "Boiler").get_by_role("link", name="Boiler", exact=True).click()
    await expect(tab.page.get_by_text("told to those who may call services")).to_be_visible()
    await expect(tab.page.get_by_role("button", name="Read now")).to_be_hidden()
    await workshop.house.hub.audit.flush()
    assert await workshop.house.hub.audit.query(action="denied") == []

    tab = await cellar.visit(visit, user="otto")
    await write(tab, "Set point", "23")
    await expect(row(tab, "Set point")).to_contain_text("23")
    await tab.open("/modbus")
    await expect(row(tab, "Boiler")).to_contain_text("good")
    await expect(tab.page.get_by_role("link", name=re.compile("^Add a"))).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "scheme", "size"),
    [("en-GB", "light", {"width": 1440, "height": 900}), ("ar-EG", "dark", NARROW)],
)
async def test_no_part_has_an_accessibility_violation(
    cellar: Cellar, visit: Visit, locale: str, scheme: str, size: dict[str, int]
) -> None:
    tab = await cellar.visit(
        visit, "/modbus", viewport=size, color_scheme=scheme, locale=locale,
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = tab.page

    async def clean(state: str) -> None:
        await page.add_script_tag(content=AXE.read_text())
        assert (state, await violations(tab)) == (state, [])
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert (state, wide) == (state, False)

    await expect(row(tab, "Boiler").locator(".badge")).to_have_count(1)
    await clean("list")
    await tab.open("/modbus/boiler?hex=1")
    button = row(tab, "Set point").locator("hub-modbus-write button")
    await button.click()
    field = row(tab, "Set point").locator("input")
    await field.fill("warm")
    await field.press("Enter")
    await expect(row(tab, "Set point").get_by_role("alert")).to_be_visible()
    await clean("registers, one being written")
    cellar.boiler.silent = True
    await cellar.link(0.2)
    await expect(page.locator("hub-modbus-device .note.bad")).to_be_visible()
    await clean("a device that is away")
