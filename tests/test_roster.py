"""The roster: who is on duty, until when, and what holds when nobody is."""

import pytest
import sqlalchemy as sa

from chat import people, roster
from chat.ids import PersonId
from chat.refusals import Malformed, NobodyRuleMissing, NotAllowed, NotWords
from chat.tables import audit, nobody_rule, shifts
from tests.place import Place
from tests.words import words


async def begin(place: Place, person: PersonId, hours: int = 4) -> None:
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, person, hours)


async def on_duty(place: Place) -> list[tuple[PersonId, str]]:
    async with place.store.reading() as tx:
        return [(one.person, one.role) for one in await roster.on_duty(tx)]


async def set_rule(place: Place, by: PersonId, told: str, alerted: str = "supervisor") -> None:
    async with place.store.transaction() as tx:
        await roster.set_rule(tx, place.keys, by, told, alerted)


async def told_now(place: Place) -> str:
    async with place.store.reading() as tx:
        return await roster.told_now(tx)


async def test_who_goes_on_duty_is_on_duty_until_the_hour_they_said(place: Place) -> None:
    moderator, both = await place.person("moderator"), await place.person("supervisor", "organiser", "peer")
    peer, member = await place.person("peer"), await place.person()
    for person in (peer, member):
        with pytest.raises(NotAllowed):
            await begin(place, person)
    for hours in (0, -1, roster.HOURS_MOST + 1):
        with pytest.raises(Malformed):
            await begin(place, moderator, hours)
    await begin(place, moderator)
    await begin(place, both, 2)
    assert (await on_duty(place))[0] == (moderator, "moderator")
    assert set((await on_duty(place))[1:]) == {(both, "supervisor"), (both, "organiser")}
    await begin(place, moderator, 1)
    async with place.store.reading() as tx:
        until, now = await roster.until(tx, moderator), await tx.now()
        assert await roster.until(tx, peer) is None
    assert until is not None and 3_500_000 < until - now <= 3_600_000
    assert (await on_duty(place))[0] == (moderator, "moderator"), "who stays longer has been there as long"
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(shifts).where(shifts.c.person == moderator).values(ends_at=shifts.c.begins_at))
    for _ in range(2):
        async with place.store.transaction() as tx:
            await roster.end(tx, place.keys, both)
    assert await on_duty(place) == []
    acts = [(one.act, one.actor) for one in await place.rows(audit, audit.c.act.in_(["on_duty", "off_duty"]))]
    assert acts == [("on_duty", moderator), ("on_duty", both), ("on_duty", moderator), ("off_duty", both)]
    assert [one.kind for one in (await place.desk())[-4:]] == ["on_duty", "on_duty", "on_duty", "off_duty"]


async def test_a_role_that_was_taken_back_is_on_duty_no_more(place: Place) -> None:
    organiser, both = await place.person("organiser"), await place.person("moderator", "supervisor")
    await begin(place, both)
    async with place.store.transaction() as tx:
        await people.revoke(tx, place.keys, both, "supervisor", organiser)
    assert await on_duty(place) == [(both, "moderator")]
    await place.ban(both, organiser)
    assert await on_duty(place) == []


async def test_no_room_opens_before_it_is_said_what_holds_when_nobody_is_on_duty(place: Place) -> None:
    organiser, moderator = await place.person("organiser"), await place.person("moderator")
    async with place.store.transaction() as tx:
        with pytest.raises(NobodyRuleMissing):
            await roster.require_rule(tx)
    with pytest.raises(NotAllowed):
        await set_rule(place, moderator, words())
    for told, alerted, refusal in (
        ("", "supervisor", NotWords),
        ("x" * (roster.TOLD_MOST + 1), "supervisor", Malformed),
        (words(), "peer", Malformed),
    ):
        with pytest.raises(refusal):
            await set_rule(place, organiser, told, alerted)
    assert await place.rows(nobody_rule) == []
    for told in (words(), words()):
        await set_rule(place, organiser, told)
        assert await told_now(place) == told
    async with place.store.transaction() as tx:
        await roster.require_rule(tx)
    await begin(place, organiser)
    assert await told_now(place) == told, "an organiser, as such, looks at no queue"
    await begin(place, moderator)
    assert await told_now(place) == ""
