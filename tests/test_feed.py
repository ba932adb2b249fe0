"""A feed lets nothing through but the next entry, whatever it is told, and in whatever order."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.feed import FLUSH_BYTES, Feed
from chat.ids import PersonId, RoomId
from chat.outbox import Follower, Outbox, Turn
from chat.protocol import Entry

ROOM = RoomId(7)


class Screen:
    """A wire that keeps what was written."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def waiting_bytes(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        raise AssertionError

    def abort(self) -> None:
        raise AssertionError

    def ask(self) -> None:
        raise AssertionError

    def entries(self) -> list[dict[str, object]]:
        """Every entry written, in order."""
        found: list[dict[str, object]] = []
        data = b"".join(self.frames)
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10]), 10
            found += json.loads(data[start : start + length])["entries"]
            data = data[start + length :]
        return found


def entry(seq: int, **other: object) -> Entry:
    return Entry(seq=seq, kind=str(other.pop("kind", "said")), at=1, author=5, text=f"text {seq}", **other)  # type: ignore[arg-type]


def follow(feed: Feed, cursor: int, from_seq: int = 1) -> tuple[Screen, Outbox, Follower]:
    screen = Screen()
    outbox = Outbox(screen, Turn(), PersonId(5), 1)
    follower = feed.followers[outbox] = Follower(cursor, from_seq, silent=False)
    return screen, outbox, follower


@given(st.lists(st.one_of(st.integers(1, 12), st.none()), max_size=60))
def test_whatever_order_entries_come_in_each_is_sent_once_and_in_order(arrivals: list[int | None]) -> None:
    async def run() -> None:
        feed = Feed(ROOM)
        feed.start(0)
        screen, _, follower = follow(feed, 0)
        for seq in arrivals:
            if seq is not None:
                feed.take(entry(seq))
            elif feed.fresh:
                assert all(behind == [] for behind in feed.flush())
            await asyncio.sleep(0)
        while feed.is_behind:  # what a reading of the timeline does
            assert feed.head is not None
            feed.take(entry(feed.head + 1))
        if feed.fresh:
            list(feed.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        newest = max((seq for seq in arrivals if seq), default=0)
        assert [one["seq"] for one in screen.entries()] == list(range(1, newest + 1))
        assert follower.cursor == newest

    asyncio.run(run())


async def test_a_follower_that_is_behind_is_passed_over_and_named() -> None:
    feed = Feed(ROOM)
    feed.start(5)
    screen, outbox, follower = follow(feed, 3)
    feed.take(entry(6))
    assert list(feed.flush()) == [[outbox]]
    assert (screen.frames, follower.cursor) == ([], 3)


async def test_a_reader_that_lags_is_left_at_its_cursor() -> None:
    feed = Feed(ROOM)
    feed.start(5)
    screen, outbox, follower = follow(feed, 5)
    outbox.pause(0.0)
    feed.take(entry(6))
    assert list(feed.flush()) == [[]]
    await asyncio.sleep(0)
    assert (screen.frames, follower.cursor) == ([], 5)


async def test_a_follower_that_was_caught_up_into_what_is_fresh_gets_only_the_rest() -> None:
    feed = Feed(ROOM)
    feed.start(5)
    screen, _, follower = follow(feed, 6)
    feed.take(entry(6))
    feed.take(entry(7))
    list(feed.flush())
    await asyncio.sleep(0)
    assert ([one["seq"] for one in screen.entries()], follower.cursor) == ([7], 7)


async def test_new_words_of_an_old_entry_are_not_sent_to_who_may_not_see_it() -> None:
    feed = Feed(ROOM)
    feed.start(5)
    old, _, _ = follow(feed, 5, from_seq=1)
    new, _, _ = follow(feed, 5, from_seq=4)
    feed.take(entry(6, kind="edited", target=3))
    list(feed.flush())
    await asyncio.sleep(0)
    assert [one.get("text") for one in old.entries()] == ["text 6"]
    assert [one.get("text") for one in new.entries()] == [None]


async def test_a_big_room_is_written_to_in_slices() -> None:
    feed = Feed(ROOM)
    feed.start(0)
    followed = [follow(feed, 0) for _ in range(2500)]
    feed.take(entry(1))
    slices = feed.flush()
    next(slices)
    assert sum(follower.cursor for _, _, follower in followed) == 1000
    assert len(list(slices)) == 2
    assert all(follower.cursor == 1 for _, _, follower in followed)


async def test_in_a_room_that_grows_big_everyone_knows_again_how_far_they_are() -> None:
    feed = Feed(ROOM)
    feed.start(0)
    followed = [follow(feed, 0) for _ in range(1000)]
    feed.take(entry(1))
    list(feed.flush())
    assert len(feed.step.outboxes) == 1000
    followed.append(follow(feed, 1))
    feed.take(entry(2))
    slices = feed.flush()
    next(slices)
    assert (len(feed.step.outboxes), sum(follower.cursor for _, _, follower in followed)) == (0, 2 * 1000 + 1)
    list(slices)
    await asyncio.sleep(0)
    assert all(follower.cursor == 2 for _, _, follower in followed)
    assert [one["seq"] for one in followed[0][0].entries()] == [1, 2]


async def test_a_turn_sends_no_more_than_its_bytes_and_at_least_one_entry() -> None:
    feed = Feed(ROOM)
    feed.start(0)
    screen, _, follower = follow(feed, 0)
    for seq in range(1, 101):
        feed.take(entry(seq, code="x" * (FLUSH_BYTES // 10 if seq < 100 else 2 * FLUSH_BYTES)))
    turns = 0
    while feed.fresh:
        before = sum(map(len, screen.frames))
        list(feed.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sum(map(len, screen.frames)) - before <= FLUSH_BYTES + 1000 or follower.cursor == 100
        turns += 1
    assert turns == 12
    assert [one["seq"] for one in screen.entries()] == list(range(1, 101))


async def test_who_leaves_gets_their_leaving_and_nothing_after_it() -> None:
    feed = Feed(ROOM)
    feed.start(0)
    screen, outbox, follower = follow(feed, 0)
    for seq, kind in enumerate(("said", "left", "said"), start=1):
        feed.take(entry(seq, kind=kind))
    list(feed.flush())
    assert (feed.sent, follower.cursor, feed.left()) == (2, 2, [outbox])
    follower.fall_out(outbox)
    feed.followers.clear()
    other, _, _ = follow(feed, 2)
    list(feed.flush())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ([one["seq"] for one in screen.entries()], [one["seq"] for one in other.entries()]) == ([1, 2], [3])
    assert feed.left() == []


@pytest.mark.parametrize("cursor", [1, 3])
async def test_who_comes_in_again_before_their_leaving_is_sent_stays(cursor: int) -> None:
    feed = Feed(ROOM)
    feed.start(0)
    follow(feed, cursor, from_seq=2)
    for seq, kind in enumerate(("left", "said", "joined", "said"), start=1):
        feed.take(entry(seq, kind=kind))
    while feed.fresh:
        list(feed.flush())
        assert feed.left() == []
