"""Hours: open and shut by the organisation's own clock, over midnight and over summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.hours import Hours
from chat.ids import Millis
from matcher.matching import Matching
from tests.circle import Circle

HELSINKI = ZoneInfo("Europe/Helsinki")
CLOCK = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda one: f"{one[0]:02}:{one[1]:02}")


def at(text: str) -> Millis:
    return Millis(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000))


@pytest.mark.parametrize(
    "text", ["", "17-22", "17:00–22:00", "24:00-01:00", "9:00-10:00", "17:00-17:00", "17:00-22:00\n"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Hours.parse(text, HELSINKI)


def test_an_evening_is_told_by_the_organisations_clock_in_winter_and_in_summer() -> None:
    evening = Hours.parse("17:00-22:00", HELSINKI)
    assert [evening.is_open(at(f"2026-01-10T{one}")) for one in ("14:59:59", "15:00", "19:59:59", "20:00")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [evening.is_open(at(f"2026-07-10T{one}")) for one in ("13:59:59", "14:00", "18:59:59", "19:00")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert evening.next_closing(at("2026-01-10T19:00")) == at("2026-01-10T20:00")
    assert evening.next_opening(at("2026-01-10T20:00")) == at("2026-01-11T15:00")
    assert evening.next_opening(at("2026-03-28T20:00")) == at("2026-03-29T14:00"), "summer time began at night"


def test_a_night_goes_over_midnight() -> None:
    night = Hours.parse("22:00-02:00", HELSINKI)
    assert [night.is_open(at(f"2026-01-10T{one}")) for one in ("19:59", "20:00", "23:59", "00:00")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert night.next_closing(at("2026-01-10T21:00")) == at("2026-01-11T00:00")


@given(CLOCK, CLOCK, st.integers(1_700_000_000_000, 1_900_000_000_000))
def test_what_comes_next_is_ahead_within_a_day_and_changes_it(opens: str, closes: str, moment: int) -> None:
    if opens == closes:
        return
    hours, now = Hours.parse(f"{opens}-{closes}", ZoneInfo("UTC")), Millis(moment)
    for ahead in (hours.next_opening(now), hours.next_closing(now)):
        assert 0 < ahead - now <= 24 * 3_600_000
    assert hours.is_open(hours.next_opening(now)) and not hours.is_open(hours.next_closing(now))
    assert hours.is_open(now) == (hours.next_closing(now) < hours.next_opening(now))


async def test_outside_the_hours_nobody_new_is_asked_and_what_stands_goes_on(circle: Circle) -> None:
    peer, first, second = await circle.peer(capacity=2), await circle.seeker(), await circle.seeker()
    now = datetime.now(UTC)
    shut = Hours.parse(f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}", UTC)
    matching = Matching(
        circle.place.store, circle.place.keys, offer_s=90, lease_s=15, hours=shut, encoder=circle.encoder
    )
    await circle.ask(first)
    await circle.matching().beat()
    (offer,) = await circle.standing(peer)
    await circle.ask(second)
    await matching.beat()
    assert await circle.standing(peer) == [offer], "it can still be taken"
    await circle.offers_run_out()
    await matching.beat()
    assert await circle.standing(peer) == []
    assert [(await circle.request(one)).state for one in (first, second)] == ["waiting", "waiting"]
    await circle.matching().beat()
    assert len(await circle.standing(peer)) == 1
