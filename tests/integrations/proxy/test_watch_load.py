"""Percent of processor, memory and disk, from real texts of Linux."""

from integrations.proxy.watch import load

STAT = "cpu  4705 356 584 3699 23 23 0 50 0 0\ncpu0 1 2 3\n"
LATER = "cpu  4755 356 634 3789 33 23 0 50 99 0\n"
MEMINFO = "MemTotal:       16000000 kB\nMemFree:  1000000 kB\nMemAvailable:    4000000 kB\n"


def test_processor_time_between_two_readings() -> None:
    before, after = load.ticks(STAT), load.ticks(LATER)
    assert before is not None
    assert before.total == 9440
    # 50 user + 50 system against 90 idle + 10 waiting for disks; guests are part of user
    assert load.cpu(before, after) == 50.0


def test_a_processor_that_slept_is_zero_and_one_unread_is_unknown() -> None:
    before = load.ticks(STAT)
    idle = load.ticks("cpu 4705 356 584 4699 23 23 0 50")
    assert load.cpu(before, idle) == 0
    assert load.cpu(None, idle) is None
    assert load.cpu(before, before) is None
    assert load.cpu(idle, before) is None, "counters that go back are another start"
    assert load.ticks("") is None
    assert load.ticks("cpu 1 2") is None
    assert load.ticks("cpu 1 2 3 x 5 6 7") is None
    assert load.ticks("intr 1 2 3 4 5") is None


def test_memory() -> None:
    assert load.memory(MEMINFO) == 75.0
    old = "MemTotal: 100 kB\nMemFree: 20 kB\nBuffers: 5 kB\nCached: 25 kB\n"
    assert load.memory(old) == 50.0
    assert load.memory("MemTotal: 100 kB\n") is None
    assert load.memory("MemTotal: 0 kB\nMemAvailable: 0 kB") is None
    assert load.memory("MemTotal: 100 kB\nMemAvailable: 900 kB") is None
    assert load.memory("") is None


def test_disk() -> None:
    # 4 used, 12 free, and 4 that only root may have
    assert load.disk("/dev/sda1 20 4 12 25% /var/www and more") == 25.0
    header = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    assert load.disk(header + "//nas/a share 20 10 10 50% /mnt") == 50.0
    assert load.disk("") is None
    assert load.disk("df: nothing") is None
    assert load.disk("none 0 0 0 - /proc") is None
    assert load.disk("none 0 0 0 0% /proc") is None
