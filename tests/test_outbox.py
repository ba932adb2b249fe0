"""The outbox: what a turn brings is one write, and who drains too little for too long is stuck."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from chat.codec import encode
from chat.ids import PersonId
from chat.outbox import PROGRESS_BYTES, STUCK_S, Outbox, Turn, nowhere, text_frame
from chat.protocol import Done
from tests.test_feed import Screen


class Pipe(Screen):
    """A wire that holds what the test says it holds."""

    def __init__(self, holds: int = 0) -> None:
        super().__init__()
        self.holds = holds

    def waiting_bytes(self) -> int:
        return self.holds


def outbox_of(wire: Screen, turn: Turn | None = None) -> Outbox:
    return Outbox(wire, turn or Turn(), PersonId(5), 1)


async def test_what_one_turn_brings_is_one_write_to_each_in_the_order_it_came() -> None:
    turn, screens = Turn(), [Screen() for _ in range(3)]
    outboxes = [outbox_of(screen, turn) for screen in screens]
    for n in range(5):
        for outbox in outboxes[: n + 1]:
            outbox.send(Done(ref=n))
    assert [screen.frames for screen in screens] == [[], [], []]
    await asyncio.sleep(0)
    expected = [text_frame(encode(Done(ref=n))) for n in range(5)]
    assert [screen.frames for screen in screens] == [[b"".join(expected[start:])] for start in range(3)]
    outboxes[0].send(Done(ref=9))
    await asyncio.sleep(0)
    assert [len(screen.frames) for screen in screens] == [2, 1, 1]


async def test_what_is_flushed_before_the_turn_ends_is_not_written_again() -> None:
    screen = Screen()
    outbox = outbox_of(screen)
    outbox.send(Done(ref=1))
    outbox.flush()
    outbox.flush()
    await asyncio.sleep(0)
    assert screen.frames == [text_frame(encode(Done(ref=1)))]
    outbox.send(Done(ref=2))
    outbox.write = nowhere  # as a wire does that was closed
    await asyncio.sleep(0)
    assert len(screen.frames) == 1


def drained(steps: list[int], *, holds: int = 100_000) -> list[bool]:
    """Pause an outbox and drain so many bytes a second; return for each second whether it is stuck."""
    wire = Pipe(holds)
    outbox = outbox_of(wire)
    outbox.pause(0.0)
    found = []
    for second, step in enumerate(steps, start=1):
        wire.holds -= step
        found.append(outbox.is_stuck(float(second)))
    return found


def test_a_byte_a_second_is_no_progress_and_a_hundred_are() -> None:
    second = int(STUCK_S) + 1
    assert drained([1] * 20) == [False] * (second - 1) + [True] * (21 - second)
    assert drained([0] * 20) == drained([1] * 20)
    assert not any(drained([PROGRESS_BYTES // 10 + 1] * 60))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=80))
def test_nobody_is_stuck_who_drains_enough_in_every_ten_seconds(steps: list[int]) -> None:
    """And everybody is who drained nothing like it in the last ten."""
    window = int(STUCK_S)
    for second, is_stuck in enumerate(drained(steps), start=1):
        last = sum(steps[max(0, second - window) : second])
        if second >= window and is_stuck:
            assert sum(steps[second - window : second]) < PROGRESS_BYTES
        if last == 0 and second > 2 * window + 1:
            assert is_stuck


def test_who_is_not_lagging_is_never_stuck() -> None:
    wire = Pipe(50_000)
    outbox = outbox_of(wire)
    assert not outbox.is_stuck(1000.0)
    outbox.pause(1000.0)
    outbox.resume()
    assert not outbox.is_stuck(2000.0)
    outbox.pause(2000.0)
    assert not outbox.is_stuck(2000.0 + STUCK_S), "its time begins afresh"
    assert outbox.is_stuck(2000.1 + STUCK_S)
