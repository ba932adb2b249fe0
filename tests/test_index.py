"""The index: every process comes to the same, whatever is changed in whichever order, and forgets what is gone."""

import random

import numpy as np
import pytest

from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Unavailable
from chat.seal import Keyring
from matcher import pairs, profiles
from matcher.index import Index, Sought
from tests import crowd
from tests.circle import Circle
from tests.crowd import One
from tests.test_pairs import sought

TOPICS = ("addiction", "violence")


async def encoded(circle: Circle) -> None:
    matching = circle.matching()
    while await matching.encoding.encode():
        pass


async def told(circle: Circle, index: Index, one: One) -> dict[int, tuple[bool, float]]:
    """Return what an index says of a request, by peer."""
    async with circle.place.store.reading() as tx:
        partners = await pairs.partners(tx)
    vector = circle.encoder.encode([one.text], ["en"])[0]
    asked = sought(circle, one)
    asked = Sought(asked.facets, asked.breadth, vector)
    fitting, alike = index.fitting(asked, partners), index.alike([asked])[0]
    return {int(who): (bool(fitting[n]), round(float(alike[n]), 5)) for n, who in enumerate(index.people)}


async def test_two_processes_say_the_same_though_one_came_late(circle: Circle) -> None:
    chosen = random.Random(1)
    who = await crowd.peers_of(
        circle, [One(crowd.anybody(chosen, TOPICS).declares, "a house that burned") for _ in range(20)]
    )
    one, late = (Index(circle.place.store, circle.place.keys) for _ in range(2))
    await encoded(circle)
    await one.follow("word-counts")
    for n, person in enumerate(chosen.sample(who, 12)):
        if n % 3 == 0:
            async with circle.place.store.transaction() as tx:
                await profiles.withdraw(tx, person)
        elif n % 3 == 1:
            await circle.save(person, "wine every night", [("topic", chosen.choice(TOPICS))])
        else:
            await circle.available(person, "away")
        await one.follow("word-counts")
    await encoded(circle)
    for index in (one, late):
        await index.follow("word-counts")
    asking = One({"topic": frozenset({"addiction"})}, "wine at night")
    assert await told(circle, one, asking) == await told(circle, late, asking)
    assert one.people.tolist() != late.people.tolist(), "though their rows stand in another order"
    assert len(one) == 16 and one.encoded == 16


async def test_a_start_that_was_cut_short_begins_again(circle: Circle) -> None:
    await crowd.peers_of(circle, [One(text="a house")] * 5)
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("")

    class Away(Keys):
        """A key store that does not answer."""

        async def many(self, *_: object) -> dict[int, object]:  # type: ignore[override]
            raise Unavailable(1.0)

    folder = circle.place.folder
    index._keys = await Away.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    with pytest.raises(Unavailable):
        await index.follow("word-counts")
    await index._keys.close()
    index._keys = circle.place.keys
    await index.follow("word-counts")
    assert len(index) == 5


async def test_who_has_gone_leaves_nothing_in_memory(circle: Circle) -> None:
    who = await crowd.peers_of(circle, [One({"topic": frozenset({"violence"})}, f"words {n}") for n in range(4)])
    await encoded(circle)
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("word-counts")
    for person in (who[0], who[-1]):
        async with circle.place.store.transaction() as tx:
            await profiles.withdraw(tx, person)
    await index.follow("word-counts")
    assert set(index.people.tolist()) == {who[1], who[2]}
    assert np.count_nonzero(index._vectors[2:]) == np.count_nonzero(index._has[2:]) == 0
    assert index.size_bytes > 0


async def test_a_vector_of_another_model_is_no_vector(circle: Circle) -> None:
    (person,) = await crowd.peers_of(circle, [One({"topic": frozenset({"violence"})}, "a house")])
    await encoded(circle)
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("another")
    assert (len(index), index.encoded) == (1, 0)
    asked = Sought(sought(circle, One({"topic": frozenset({"violence"})})).facets, 0, np.ones(64, dtype=np.float32) / 8)
    assert index.alike([asked])[0, 0] > 0, "by what both declare"
    await index.follow("word-counts")
    assert index.encoded == 1 and PersonId(int(index.people[0])) == person
