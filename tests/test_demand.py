"""Who left waiting: counted by week, hour and what they share, told so that it is about right and never exact."""

import pytest
import sqlalchemy as sa

from chat.ids import PersonId, new_id
from chat.tables import people, roles
from matcher.demand import (
    DAY_MS,
    HOUR_MS,
    MEDIAN_LEAST,
    MINUTE_MS,
    MONDAY_MS,
    WEEK_MS,
    WITHIN_MIN,
    Demand,
    Kind,
    Line,
    report,
    weeks_kept,
)
from matcher.noise import STEP
from matcher.tables import profile_facets, profile_languages, profiles, request_facets, request_languages
from matcher.tables import requests as table
from tests.circle import Circle

LISTED: dict[Kind, tuple[str, ...]] = {
    "topic": ("caring", "cancer", "work"), "role": ("carer", "self", ""), "age": ("65_up", ""),
    "language": ("fi", "en"),
}  # fmt: skip
WEEKS = 4
OFF = 45
"""Noise of as much comes once in 2^40 numbers, so a count this far off is a wrong count."""
TUESDAY_AT_NINE_MS = DAY_MS + 9 * HOUR_MS


async def demand(circle: Circle, key: bytes = b"key") -> Demand:
    async with circle.place.store.reading() as tx:
        return await report(tx, key, circle.tokens, weeks=WEEKS, listed=LISTED)


async def keep(circle: Circle, n: int, state: str, weeks_ago: int, waited_min: int, *topics: str) -> None:
    """Keep requests of nobody any more, that ended on a Tuesday shortly after nine."""
    async with circle.place.store.transaction() as tx:
        now = await tx.now()
        made_at = now - (now - MONDAY_MS) % WEEK_MS - weeks_ago * WEEK_MS + TUESDAY_AT_NINE_MS
        times = {"made_at": made_at, "ended_at": made_at + waited_min * MINUTE_MS, "kept_until": 0}
        made: list[dict[str, object]] = [{"id": new_id(), "state": state, "language": "fi", **times} for _ in range(n)]
        await tx.execute(table.insert(), made)
        held = [("role", ""), ("age", "65_up"), *(("topic", one) for one in topics)]
        await tx.execute(request_facets.insert(), [
            {"request": row["id"], "name": name, "token": circle.tokens.facet(name, value)}
            for row in made for name, value in held
        ])  # fmt: skip
        await tx.execute(request_languages.insert(), [{"request": row["id"], "language": "fi"} for row in made])


async def approve(circle: Circle, n: int, topic: str) -> None:
    """Let there be peers who declare a topic."""
    async with circle.place.store.transaction() as tx:
        who: list[dict[str, object]] = [{"person": PersonId(new_id())} for _ in range(n)]
        made = [{"id": one["person"], "state": "active", "created_at": 0} for one in who]
        await tx.execute(people.insert(), made)
        await tx.execute(roles.insert(), [one | {"role": "peer", "granted_at": 0} for one in who])
        rest = {"body": b"", "version": 1, "language": "fi", "saved_at": 0}
        await tx.execute(profiles.insert(), [one | rest for one in who])
        token = circle.tokens.facet("topic", topic)
        await tx.execute(profile_facets.insert(), [one | {"name": "topic", "token": token} for one in who])
        await tx.execute(profile_languages.insert(), [one | {"language": "fi"} for one in who])


def near(told: int, count: int) -> bool:
    return told % STEP == 0 and abs(told - count) <= OFF


def line(found: Demand, kind: Kind, value: str) -> Line:
    return next(one for one in found.kinds[kind] if one.value == value)


async def test_who_left_is_counted_by_week_by_hour_and_by_what_they_share(circle: Circle) -> None:
    await keep(circle, 300, "withdrawn", 1, 12, "caring", "cancer")
    await keep(circle, 200, "expired", 3, 1440, "cancer")
    await keep(circle, 400, "accepted", 3, 3, "work")
    await keep(circle, 150, "replaced", 2, 12, "caring")
    await keep(circle, 150, "withdrawn", 0, -1, "caring")  # this week is not over
    await keep(circle, 150, "withdrawn", WEEKS + 1, 12, "caring")
    found = await demand(circle)
    assert near(found.total.left, 500) and near(found.total.met, 400)
    assert near(found.withdrew, 300) and near(found.ran_out, 200)
    assert all(near(one.left, left) for one, left in zip(found.weeks, (0, 200, 0, 300), strict=True))
    assert all(near(one.met, met) for one, met in zip(found.weeks, (0, 400, 0, 0), strict=True))
    wanted = {(kind, value): (0, 0) for kind, values in LISTED.items() for value in values}
    wanted |= {("topic", "caring"): (300, 0), ("topic", "cancer"): (500, 0), ("topic", "work"): (0, 400),
               ("role", ""): (500, 400), ("age", "65_up"): (500, 400), ("language", "fi"): (500, 400)}  # fmt: skip
    for (kind, value), (left, met) in wanted.items():
        one = line(found, kind, value)
        assert near(one.left, left) and near(one.met, met), (kind, value)
    for day, parts in enumerate(found.days):
        for part, left in enumerate(parts):
            assert near(left, 500 if (day, part) == (1, 1) else 0), (day, part)


async def test_a_typical_wait_is_told_in_steps_and_of_many_only(circle: Circle) -> None:
    await keep(circle, 300, "withdrawn", 1, 12, "caring")
    await keep(circle, 2, "withdrawn", 1, 12, "cancer")
    await keep(circle, 300, "accepted", 1, 2000, "work")
    found = await demand(circle)
    assert line(found, "topic", "caring").left_within == 15
    assert line(found, "topic", "work").met_within == WITHIN_MIN[-1]
    cancer = line(found, "topic", "cancer")
    assert (cancer.left_within is None) == (cancer.left < MEDIAN_LEAST)


async def test_what_many_left_waiting_with_and_few_peers_share_is_wanted(circle: Circle) -> None:
    await keep(circle, 200, "expired", 1, 1440, "caring", "cancer")
    await approve(circle, 120, "cancer")
    found = await demand(circle)
    assert line(found, "topic", "caring").is_wanted
    assert near(line(found, "topic", "cancer").peers, 120) and near(line(found, "language", "fi").peers, 120)
    assert not line(found, "topic", "cancer").is_wanted
    assert not line(found, "topic", "work").is_wanted


async def test_the_same_is_told_however_often_it_is_asked_and_other_with_another_key(circle: Circle) -> None:
    await keep(circle, 30, "withdrawn", 1, 12, "caring")
    first = await demand(circle)
    assert await demand(circle) == first
    assert await demand(circle, b"another key") != first


async def test_who_asks_with_other_words_has_not_left(circle: Circle) -> None:
    seeker = await circle.seeker()
    request = await circle.ask(seeker)
    await circle.ask(seeker, anew=True)
    [row] = await circle.place.rows(table, table.c.id == request)
    assert (row.state, row.body) == ("replaced", None)
    assert (await circle.request(seeker)).state == "waiting"


@pytest.mark.parametrize(("days", "weeks"), [(14, 1), (20, 1), (21, 2), (90, 11), (91, 12), (4000, 12)])
def test_only_weeks_are_told_of_which_all_is_kept(days: int, weeks: int) -> None:
    assert weeks_kept(days) == weeks


async def test_who_left_is_found_by_an_index(circle: Circle) -> None:
    plan = "explain " if circle.place.store.is_postgresql else "explain query plan "
    ask = "select count(*) from requests where ended_at >= 1 and ended_at < 2"
    async with circle.place.store.transaction() as tx:
        if circle.place.store.is_postgresql:
            await tx.execute(sa.text("set local enable_seqscan = off"))
        told = " ".join(str(row) for row in await tx.execute(sa.text(plan + ask)))
    assert "ix_requests_ended" in told
