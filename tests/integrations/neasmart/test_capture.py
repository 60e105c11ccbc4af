import asyncio
from pathlib import Path

import pytest

from integrations.neasmart.capture import Capture, Chunk, framing_of, read
from integrations.neasmart.image import Image
from integrations.neasmart.options import Options
from integrations.neasmart.pdu import Slave
from integrations.neasmart.replay import main, replay
from integrations.neasmart.server import Server
from tests.peers.ports import wait_until


async def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "deep" / "bus.jsonl", "rtu")
    capture.record(1.5, "peer", "rx", b"\x00\xff")
    capture.record(2.0, "peer", "tx", b"\x01")
    await capture.flush()
    capture.record(3.0, "other", "rx", b"\x02")
    await capture.flush()
    assert framing_of(capture.path) == "rtu"
    assert list(read(capture.path)) == [
        Chunk(1.5, "peer", "rx", b"\x00\xff"),
        Chunk(2.0, "peer", "tx", b"\x01"),
        Chunk(3.0, "other", "rx", b"\x02"),
    ]


async def test_the_file_is_bounded_and_the_memory_too(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "bus.jsonl", "rtu", limit=5000)
    for turn in range(50):
        for _ in range(20):
            capture.record(float(turn), "peer", "rx", bytes(20))
        await capture.flush()
    files = [capture.path, capture.path.with_name("bus.jsonl.1")]
    assert all(file.stat().st_size < 7000 for file in files)
    assert framing_of(files[0]) == framing_of(files[1]) == "rtu"
    for _ in range(20_000):
        capture.record(1.0, "peer", "rx", b"")
    assert capture.dropped == 10_000


async def test_a_failing_disk_costs_the_recording_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    capture = Capture(tmp_path / "file" / "bus.jsonl", "rtu")
    for _ in range(3):
        capture.record(1.0, "peer", "rx", b"")
        await capture.flush()
    assert capture.dropped == 3
    assert len(caplog.records) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "neasmart-capture"}', "\x00\xff"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"not a capture"):
        list(read(path))


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"format": "neasmart-capture", "version": 1, "framing": "rtu"}\n[1, "a"]\n')
    with pytest.raises(ValueError, match="file:2"):
        list(read(path))


async def test_a_replayed_capture_gives_the_identical_image(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "bus.jsonl", "mbap")
    first = Server(Slave(Image()), Options(host="127.0.0.1", port=0), capture=capture)
    await first.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", first.port)
    for zone in range(1, 61):
        frame = bytes.fromhex("00 00 00 00 00 0d 00 10") + (100 * zone).to_bytes(2, "big")
        writer.write(frame + bytes.fromhex("0003 06 0001 0c33 0c1a"))
        writer.write(bytes.fromhex("00 01 00 00 00 06 F0 03 00 66 00 01"))
    writer.write(b"\xff\xff\xff")
    await reader.readexactly(60 * 11)
    writer.close()
    await wait_until(lambda: first.counters().noise_bytes or not first.peers)
    await first.stop()

    second = Server(Slave(Image()), Options(host="127.0.0.1", port=0))
    await second.start()
    await replay(capture.path, "127.0.0.1", second.port)
    assert second.image.served == first.image.served
    assert second.image.measurements().keys() == first.image.measurements().keys()
    assert second.counters().reads == first.counters().reads == 60
    await second.stop()


def test_the_command_line_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path / "x"), "nowhere"])
    assert left.value.code == 2
    assert main([str(tmp_path / "missing"), "127.0.0.1:1"]) == 1
    assert "missing" in capsys.readouterr().err
