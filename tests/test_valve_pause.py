"""What a pause that came by itself leaves to whom it reaches."""

import pytest

from chat import people
from chat.ids import PersonId
from chat.refusals import Muted
from chat.staff_commands import Mute
from chat.valve import PAUSE_FLAGS
from matcher import waiting
from tests.circle import Circle
from tests.place import nickname
from tests.test_moderation_acts import WHY, act, refusal_of
from tests.test_offers import accept
from tests.test_valve import aged, flag, made
from tests.words import words


async def pause(circle: Circle, person: PersonId) -> None:
    """Let as many report one message of somebody as it takes."""
    reporters = await aged(circle.place, PAUSE_FLAGS)
    room = await circle.place.room(person, *reporters)
    await flag(circle.place, room, await circle.place.say(room, person, words()), *reporters)
    assert await refusal_of(circle.place, room, person) == Muted.code


async def rename(circle: Circle, person: PersonId) -> None:
    async with circle.place.store.transaction() as tx:
        await people.rename(tx, person, nickname())


async def test_who_is_paused_by_reports_still_asks_is_asked_and_goes_by_another_name(circle: Circle) -> None:
    peer, seeker, waits = await circle.peer(capacity=2), await circle.seeker(), await circle.seeker()
    await circle.ask(waits)
    for person in (peer, seeker, waits):
        await pause(circle, person)
    for _ in range(2):  # the request that stood, and one that is made now
        held = await circle.lease()
        assert held is not None and await circle.make(held, peer) == "offered"
        [offer] = await circle.standing(peer)
        await accept(circle, peer, offer)
        await circle.ask(seeker)
    key = await circle.place.keys.get(waits, "said")
    await circle.ask(waits)
    async with circle.place.store.transaction() as tx:
        await waiting.keep_letter(tx, waits, waiting.seal_letter(key, waits, words()))
    await circle.save(seeker, "the same words")
    await rename(circle, seeker)
    assert (await made(circle.place)).count("muted") == 3
    await act(circle.place, await circle.place.person("moderator"), Mute(person=waits, minutes=5, **WHY))
    for attempt in (circle.save(waits, "now"), rename(circle, waits)):
        with pytest.raises(Muted):
            await attempt
