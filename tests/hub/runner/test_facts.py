"""Facts: the true ones of this machine, and none from hostile output."""

import os

from hypothesis import given
from hypothesis import strategies as st

from hub.runner.facts import Facts, question, read
from tests.hub.runner.conftest import MakeRunners

MARK = "@hub:0123456789abcdef"
WHOLE = f"""noise of a .bashrc
{MARK} name
web-1
{MARK} kernel
6.1.0
{MARK} arch
x86_64
{MARK} system
Linux
{MARK} cpus
4
{MARK} release
ID=debian
VERSION_ID="12"
PRETTY_NAME="Debian GNU/Linux 12"
EVIL=$(reboot)
{MARK} memory
MemTotal:        2048 kB
MemFree:         1 kB
MemAvailable:    1024 kB
{MARK} uptime
12.5 99.0
{MARK} disks
Filesystem 1024-blocks Used Available Capacity Mounted on
/dev/vda1 1000 400 600 40% /
tmpfs 10 0 10 0% /run
/dev/vdb 2000 0 2000 0% /mnt/with space
{MARK} end
"""


def test_a_whole_answer() -> None:
    facts = read(WHOLE.encode(), MARK)
    assert facts is not None
    assert facts.as_dict() == {
        "hostname": "web-1",
        "system": "Linux",
        "os_id": "debian",
        "os_version": "12",
        "os_name": "Debian GNU/Linux 12",
        "kernel": "6.1.0",
        "arch": "x86_64",
        "cpus": 4,
        "memory_total": 2048 << 10,
        "memory_available": 1024 << 10,
        "uptime": 12.5,
        "disks": [
            {"device": "/dev/vda1", "mount": "/", "total": 1000 << 10, "free": 600 << 10},
            {
                "device": "/dev/vdb",
                "mount": "/mnt/with space",
                "total": 2000 << 10,
                "free": 2000 << 10,
            },
        ],
    }


def test_a_cut_off_answer_is_none() -> None:
    assert read(WHOLE.rpartition(MARK)[0].encode(), MARK) is None
    assert read(b"", MARK) is None


def test_nonsense_is_left_out() -> None:
    text = WHOLE.replace("\n4\n", "\n-4\n").replace("2048 kB", "1_000 kB").replace("12.5", "nan")
    text = text.replace("web-1", "evil\x1b[2J" + "x" * 1000).replace("1000 400", "٣ 400")
    facts = read(text.encode(), MARK)
    assert facts is not None
    assert facts.cpus is None
    assert facts.memory_total is None
    assert facts.uptime is None
    assert facts.hostname is not None
    assert "\x1b" not in facts.hostname
    assert len(facts.hostname) <= 200
    assert [disk.mount for disk in facts.disks] == ["/mnt/with space"]


def test_a_file_can_not_forge_a_section() -> None:
    text = WHOLE.replace("ID=debian", "@hub:ffffffffffffffff name\nowned")
    facts = read(text.encode(), MARK)
    assert facts is not None
    assert facts.hostname == "web-1"


@given(st.binary(max_size=2000))
def test_anything_at_all_is_read_without_error(output: bytes) -> None:
    found = read(MARK.encode() + b" disks\n" + output + f"\n{MARK} end\n".encode(), MARK)
    assert found is None or isinstance(found, Facts)


def test_each_question_has_a_mark_of_its_own() -> None:
    assert question()[1] != question()[1]


async def test_facts_of_this_machine(make_runners: MakeRunners) -> None:
    facts = await make_runners().local("hub").facts()
    assert facts.hostname == os.uname().nodename
    assert facts.kernel == os.uname().release
    assert facts.cpus == os.cpu_count()
    assert facts.memory_total
    assert facts.uptime
    assert facts.disks
