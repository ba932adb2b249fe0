"""Profiles: sealed, versioned, refused from the muted, gone when forgotten."""

import numpy as np
import pytest
import sqlalchemy as sa

from chat.ids import PersonId, new_id
from chat.keys import KeyDestroyed
from chat.protocol import TEXT_CHARACTERS
from chat.refusals import Malformed, Muted, NotWords, TooLong
from chat.seal import DataKey, SealBroken
from chat.tables import mutes
from matcher import profiles
from matcher.facets import Facet
from matcher.tables import peers as peers_table
from matcher.tables import profile_languages
from matcher.tables import profiles as table
from matcher.tokens import Tokens
from tests.circle import Circle
from tests.words import CANARY, words


async def mute(circle: Circle, person: PersonId) -> None:
    async with circle.place.store.transaction() as tx:
        await tx.execute(mutes.insert().values(id=new_id(), person=person, until=await tx.now() + 60_000))


async def test_a_person_finds_their_profile_as_they_left_it(circle: Circle) -> None:
    person = await circle.seeker()
    text = words("I drank")
    key = await circle.place.keys.get(person, "own")
    kept = profiles.compose(text, "shown", [Facet("topic", "addiction", "hidden"), Facet("side", "harmed", "shown")])
    async with circle.place.store.transaction() as tx:
        sealed = profiles.seal(key, circle.tokens, person, kept)
        await profiles.save(tx, person, sealed, language="fi", languages=["fi", "sv", "fi"])
    found = await profiles.load(circle.place.store, circle.place.keys, person)
    assert found is not None
    assert (found.words, found.language, found.languages) == (kept, "fi", ("fi", "sv"))


async def test_nothing_of_a_profile_lies_open_in_the_database(circle: Circle) -> None:
    person = await circle.peer("I drank", ("topic", "addiction"), ("side", "harmed"))
    await circle.matching().encoding.encode()
    row = (await circle.place.rows(table, table.c.person == person))[0]
    assert row.vector is not None
    raw = b"".join(bytes(value) for value in row if isinstance(value, bytes)) + repr(row).encode()
    for secret in (CANARY.encode(), b"addiction", b"harmed"):
        assert secret not in raw


async def test_a_saved_profile_grows_a_version_and_loses_its_vector(circle: Circle) -> None:
    person = await circle.peer("first")
    assert await circle.matching().encoding.encode() == 1
    before = (await circle.place.rows(table))[0]
    await circle.save(person, "second")
    after = (await circle.place.rows(table))[0]
    assert (before.version, before.vector_of, before.vector is None) == (1, 1, False)
    assert (after.version, after.vector_of, after.vector is None) == (2, 0, True)


async def test_a_vector_of_words_that_were_replaced_meanwhile_is_not_kept(circle: Circle) -> None:
    person = await circle.peer("first")
    async with circle.place.store.transaction() as tx:
        taken = await profiles.take_unencoded(tx, "m", 5)
    await circle.save(person, "second")
    async with circle.place.store.transaction() as tx:
        await profiles.keep_vectors(tx, "m", {(person, taken[0].version): b"old"})
    assert (await circle.place.rows(table))[0].vector is None


async def test_two_matchers_never_encode_the_same_profile_and_a_dead_one_is_relieved(circle: Circle) -> None:
    await circle.peer("one")
    async with circle.place.store.transaction() as tx:
        assert len(await profiles.take_unencoded(tx, "m", 5)) == 1
    async with circle.place.store.transaction() as tx:
        assert await profiles.take_unencoded(tx, "m", 5) == []
    await circle.run_out(table, "encode_until")
    async with circle.place.store.transaction() as tx:
        assert len(await profiles.take_unencoded(tx, "m", 5)) == 1


async def test_another_model_encodes_everything_anew(circle: Circle) -> None:
    await circle.peer("one")
    assert await circle.matching().encoding.encode() == 1
    assert await circle.matching().encoding.encode() == 0
    circle.encoder.name = "another"
    assert await circle.matching().encoding.encode() == 1


async def test_a_language_the_model_does_not_cover_gets_no_vector_and_is_not_asked_for_again(circle: Circle) -> None:
    person = await circle.place.person("peer")
    await circle.save(person, "minä join", language="fi", languages=["fi"])
    assert await circle.matching().encoding.encode() == 1
    assert await circle.matching().encoding.encode() == 0
    assert (await circle.place.rows(table))[0].vector is None
    assert circle.encoder.encoded == 0


async def test_a_muted_person_cannot_change_their_profile(circle: Circle) -> None:
    person = await circle.peer("before")
    await mute(circle, person)
    with pytest.raises(Muted):
        await circle.save(person, "after")


async def test_words_sealed_for_one_person_or_place_open_in_no_other() -> None:
    key, vector = DataKey(bytes(32), 1), np.ones(3, dtype=np.float32)
    one, other = PersonId(1), PersonId(2)
    sealed = profiles.seal(key, Tokens(bytes(32)), one, profiles.compose(words(), "matching", []))
    with pytest.raises(SealBroken):
        profiles.unseal(key, other, sealed.body)
    with pytest.raises(SealBroken):
        profiles.unseal(key, one, sealed.body, "requests")
    with pytest.raises(SealBroken):
        profiles.unseal_vector(key, one, profiles.seal_vector(key, one, vector, "m"), "n")
    back = profiles.unseal_vector(key, one, profiles.seal_vector(key, one, vector, "m"), "m")
    assert np.array_equal(back, vector)


def test_words_are_bounded_and_checked() -> None:
    assert profiles.compose("  ", "matching", []).text == ""
    with pytest.raises(TooLong):
        profiles.compose("a" * (TEXT_CHARACTERS + 1), "matching", [])
    with pytest.raises(NotWords):
        profiles.compose("a\0b", "matching", [])
    assert CANARY not in repr(profiles.compose(words(), "shown", []))


@pytest.mark.parametrize("languages", [[], ["x"], ["en; drop"], ["en"] * 3 + [f"a{c}" for c in "abcdefghi"]])
def test_languages_are_tags_and_few(languages: list[str]) -> None:
    with pytest.raises(Malformed):
        profiles.checked_languages(languages)


async def test_forgetting_a_person_leaves_no_row_of_them(circle: Circle) -> None:
    person = await circle.peer("words")
    for _ in range(2):
        async with circle.place.store.transaction() as tx:
            await profiles.forget(tx, person)
    for one in (table, profile_languages, peers_table):
        assert await circle.place.rows(one) == []


async def test_a_profile_whose_key_is_destroyed_is_gone_for_everyone(circle: Circle) -> None:
    person = await circle.peer("words")
    await circle.place.keys.destroy(person, "own")
    assert await profiles.load(circle.place.store, circle.place.keys, person) is None
    assert await circle.matching().encoding.encode() == 1  # taken, found to be unreadable, and not asked for again
    assert await circle.matching().encoding.encode() == 0
    with pytest.raises(KeyDestroyed):
        await circle.save(person, "again")
    assert (await circle.place.rows(table, table.c.vector.is_not(sa.null()))) == []
