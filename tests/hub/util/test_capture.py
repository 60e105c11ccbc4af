import asyncio
from pathlib import Path

import pytest

from hub.util.capture import Capture, Chunk, Direction, capture_framing, read_capture


async def test_what_is_recorded_is_read_back_under_its_format(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "deep" / "line.jsonl", "a-capture", "rtu")
    capture.record(1.5, "peer", Direction.RECEIVED, b"\x00\xff")
    await capture.flush()
    capture.record(2.0, "peer", Direction.SENT, b"\x01")
    await asyncio.gather(capture.flush(), capture.flush())
    assert capture_framing(capture.path, "a-capture") == "rtu"
    assert list(read_capture(capture.path, "a-capture")) == [
        Chunk(1.5, "peer", "rx", b"\x00\xff"),
        Chunk(2.0, "peer", "tx", b"\x01"),
    ]
    with pytest.raises(ValueError, match="not a capture"):
        list(read_capture(capture.path, "b-capture"))


async def test_a_full_file_becomes_the_older_one(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "line.jsonl", "a-capture", "rtu", limit=1000)
    for number in range(40):
        capture.record(float(number), "peer", Direction.SENT, bytes(20))
        await capture.flush()
    older = capture.path.with_name("line.jsonl.1")
    chunks = [*read_capture(older, "a-capture"), *read_capture(capture.path, "a-capture")]
    assert chunks[-1].at == 39.0
    assert max(capture.path.stat().st_size, older.stat().st_size) < 1200


async def test_memory_is_bounded_and_a_failing_disk_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    capture = Capture(tmp_path / "file" / "line.jsonl", "a-capture", "rtu")
    for _ in range(2):
        capture.record(1.0, "peer", Direction.SENT, b"")
        await capture.flush()
    assert (capture.dropped, len(caplog.records)) == (2, 1)
    for _ in range(10_005):
        capture.record(1.0, "peer", Direction.SENT, b"")
    assert capture.dropped == 7


@pytest.mark.parametrize("head", ["", "[]", '{"format": "a-capture", "version": 1}'])
def test_other_files_and_damaged_lines_are_named(tmp_path: Path, head: str) -> None:
    path = tmp_path / "line.jsonl"
    path.write_text(head + "\n")
    with pytest.raises(ValueError, match="not a capture"):
        capture_framing(path, "a-capture")
    path.write_text('{"format": "a-capture", "version": 1, "framing": "rtu"}\n[1, "a"]\n')
    with pytest.raises(ValueError, match=r"line\.jsonl:2"):
        list(read_capture(path, "a-capture"))
