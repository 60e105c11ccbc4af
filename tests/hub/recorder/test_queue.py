import pytest

from hub.recorder.writing.queue import HIGH, LOW, NORMAL, Queue


def put(
    queue: Queue, entity_id: str | None, text: str, priority: int = NORMAL, cost: int = 0
) -> None:
    queue.put(entity_id, queue.serial, text, None, None, None, priority, cost)


def texts(queue: Queue) -> list[str | None]:
    return [item[3] for item in queue.take(10**6)]


def test_rows_come_back_in_order_after_a_failure() -> None:
    queue = Queue()
    for number in range(6):
        put(queue, "a.b", str(number))
    first = [item[3] for item in queue.take(4)]
    assert len(queue) == 6
    queue.give_back()
    put(queue, "a.b", "6")
    assert first == ["0", "1", "2", "3"]
    assert texts(queue) == ["0", "1", "2", "3", "4", "5", "6"]
    queue.committed()
    assert (len(queue), queue.bytes) == (0, 0)


def test_settled_means_written() -> None:
    queue = Queue()
    put(queue, "a.b", "0")
    serial = queue.serial
    put(queue, "a.b", "1")
    assert not queue.settled(serial)
    queue.take(1)
    assert not queue.settled(serial)
    queue.committed()
    assert queue.settled(serial)
    assert not queue.settled(queue.serial)


def test_oldest_unimportant_rows_go_first_and_last_values_stay() -> None:
    queue = Queue(max_rows=100)
    for number in range(40):
        put(queue, "sensor.low", f"low {number}", LOW)
        put(queue, "sensor.normal", f"normal {number}")
    put(queue, "sensor.quiet", "the only one", LOW)
    for number in range(60):
        put(queue, "sensor.high", f"high {number}", HIGH)
    kept = texts(queue)
    assert queue.dropped == 141 - len(kept)
    assert len(kept) <= 100
    assert [text for text in kept if text and text.startswith("high")] == [
        f"high {number}" for number in range(60)
    ]
    assert "the only one" in kept
    assert "low 39" in kept, "the last value of an entity"
    assert "low 0" not in kept
    assert kept == sorted(kept, key=kept.index)


@pytest.mark.parametrize("priority", [LOW, NORMAL, HIGH])
def test_never_more_than_allowed_but_every_last_value(priority: int) -> None:
    queue = Queue(max_rows=200)
    for number in range(5000):
        put(queue, f"sensor.s{number % 300}", str(number), priority)
    assert len(queue) <= 300 * 1.1 + 1
    last = {item[1]: item[3] for item in queue.take(10**6)}
    assert last == {f"sensor.s{n % 300}": str(n) for n in range(4700, 5000)}


def test_bytes_are_bounded_too() -> None:
    queue = Queue(max_bytes=100_000)
    for number in range(200):
        put(queue, "sensor.fat", str(number), NORMAL, 5_000)
    assert queue.bytes <= 100_000
    assert queue.dropped == 200 - len(queue)
    assert texts(queue)[-1] == "199"
    queue.committed()
    assert queue.bytes == 0


def test_events_go_before_the_last_values_of_entities() -> None:
    queue = Queue(max_rows=50)
    for number in range(50):
        put(queue, f"sensor.s{number}", "x", LOW)
    for _ in range(50):
        put(queue, None, "happened")
    assert sum(1 for item in queue.take(1000) if item[1] is not None) == 50


def test_what_is_being_written_is_not_dropped() -> None:
    queue = Queue(max_rows=10)
    for number in range(10):
        put(queue, "a.b", str(number))
    queue.take(5)
    for number in range(10, 30):
        put(queue, "a.b", str(number))
    queue.give_back()
    assert texts(queue)[:5] == ["0", "1", "2", "3", "4"]


def test_rename_reaches_what_waits() -> None:
    queue = Queue()
    put(queue, "a.old", "0")
    put(queue, "a.other", "1")
    queue.rename("a.old", "a.new")
    assert [item[1] for item in queue.take(9)] == ["a.new", "a.other"]
