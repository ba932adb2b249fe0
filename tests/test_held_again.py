"""What waited and waits no more, and comes again."""

from chat import held
from chat.ids import ActId
from chat.protocol import TakeBack
from chat.tables import acts
from tests.place import Place
from tests.test_group import code
from tests.test_held import ONE, TWO, decline, said, speaking, undo, waits_in


async def test_what_was_declined_or_taken_back_is_not_said_after_all_once_the_room_holds_no_more(place: Place) -> None:
    """As the outbox of a phone would that heard no answer."""
    moderator, a = await place.person("moderator"), await place.person()
    room, [one, two] = await waits_in(place, a, moderator, ONE, TWO)
    await decline(place, moderator, one)
    async with place.store.transaction() as tx:
        await held.take_back(tx, a, TakeBack(room=room, say_id=two.say_id))
    [holding] = await place.rows(acts, acts.c.kind == "holding")
    await undo(place, moderator, ActId(holding.id))
    async with speaking(place) as here:
        for waits in (one, two):
            assert code(await here.say(room, a, waits.text, waits.say_id)) == "gone"
        assert code(await here.say(room, a, ONE)) == "said", "whoever says it again says it"
    assert await said(place, room) == [ONE]
