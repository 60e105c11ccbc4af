"""The probe: a held-up loop is measured and its holder named."""

import asyncio
import time

import pytest

from hub.observe import loop
from hub.observe.loop import LoopProbe


async def test_a_held_up_loop_is_measured_and_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EVERY", 0.05)
    monkeypatch.setattr(loop, "LONG", 0.3)
    probe = LoopProbe()
    probe.start()
    await asyncio.sleep(0.12)
    assert probe.histogram.count >= 1
    hold_up()
    while probe.worst < 0.3:
        await asyncio.sleep(0.01)
    probe.stop()
    assert "The event loop was held up for" in caplog.text
    assert "hold_up" in caplog.text


def hold_up() -> None:
    time.sleep(0.8)


async def test_a_stopped_probe_leaves_no_thread() -> None:
    probe = LoopProbe()
    probe.start()
    thread = probe._thread
    probe.stop()
    assert thread is not None
    assert not thread.is_alive()
    assert probe.silence == 0.0
