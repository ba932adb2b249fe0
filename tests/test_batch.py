"""Who waits is assigned together: fairly, and without asking peers for nothing."""

import sqlalchemy as sa

from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.circle import Circle
from tests.test_matching import encoded


async def test_of_many_for_one_who_waits_longest_is_served(circle: Circle) -> None:
    peer = await circle.peer("I drank")
    seekers = [await circle.seeker() for _ in range(4)]
    for seeker in seekers:
        await circle.ask(seeker, "I drank")
    async with circle.place.store.transaction() as tx:
        longest = sa.update(requests_table).where(requests_table.c.person == seekers[2])
        await tx.execute(longest.values(made_at=requests_table.c.made_at - 600_000))
    await (await encoded(circle)).beat()
    assert [row.seeker for row in await circle.place.rows(offers_table)] == [seekers[2]]
    assert len(await circle.standing(peer)) == 1


async def test_nobody_gets_whom_another_needs_when_both_can_be_served(circle: Circle) -> None:
    """The first would like either; the second can have but the one the first likes best."""
    both, other = await circle.peer("I drank wine", languages=["en", "fi"]), await circle.peer("I drank")
    first, second = await circle.seeker(), await circle.seeker()
    await circle.ask(first, "I drank wine")
    await circle.ask(second, "I drank wine", languages=["fi"])
    await (await encoded(circle)).beat()
    assert {(row.seeker, row.peer) for row in await circle.place.rows(offers_table)} == {(first, other), (second, both)}


async def test_a_peer_who_lets_two_go_by_is_away_and_told_so(circle: Circle) -> None:
    peer = await circle.peer("I drank")
    matching = await encoded(circle)
    for _ in range(2):
        await circle.ask(await circle.seeker(), "I drank")
        await matching.beat()
        assert len(await circle.standing(peer)) == 1
        await circle.offers_run_out()
        async with circle.place.store.transaction() as tx:
            await tx.execute(sa.update(requests_table).values(next_at=2**53))
        await matching.beat()
    assert (await circle.place.inbox(peer))[-1].code == "away_unanswered"
    await circle.ask(await circle.seeker(), "I drank")
    await matching.beat()
    assert await circle.standing(peer) == []
