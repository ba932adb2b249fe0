"""Sessions: what a token opens, and that it ends everywhere."""

import pytest
import sqlalchemy as sa

from chat import sessions
from chat.refusals import NotAMember, SignedOut
from chat.tables import sessions as sessions_table
from tests.place import Place


async def test_a_token_opens_its_own_session_and_is_not_kept(place: Place) -> None:
    person = await place.person()
    async with place.store.transaction() as tx:
        token = await sessions.open(tx, person)
    async with place.store.reading() as tx:
        assert (await sessions.find(tx, token)).person.person == person
    [row] = await place.rows(sessions_table)
    assert token.encode() not in row.hash and len(token) >= 32


@pytest.mark.parametrize("token", ["", "x", "é" * 30, "a" * 100_000, "\0", "' or 1=1"])
async def test_what_is_no_token_is_signed_out(place: Place, token: str) -> None:
    with pytest.raises(SignedOut):
        async with place.store.reading() as tx:
            await sessions.find(tx, token)


async def test_a_token_is_good_for_its_own_kind_only_and_until_it_expires(place: Place) -> None:
    person = await place.person()
    async with place.store.transaction() as tx:
        cookie, bearer = await sessions.open(tx, person), await sessions.open(tx, person, "bearer")
    for token, kind in ((cookie, "bearer"), (bearer, "cookie")):
        with pytest.raises(SignedOut):
            async with place.store.reading() as tx:
                await sessions.find(tx, token, kind)  # type: ignore[arg-type]
    async with place.store.transaction() as tx:
        now = await tx.now()
        await tx.execute(sa.update(sessions_table).values(expires_at=now))
    with pytest.raises(SignedOut):
        async with place.store.reading() as tx:
            await sessions.find(tx, cookie)


async def test_ending_a_session_tells_the_inbox_which(place: Place) -> None:
    person, other = await place.person(), await place.person()
    async with place.store.transaction() as tx:
        token = await sessions.open(tx, person)
        kept = await sessions.open(tx, person)
        session = (await sessions.find(tx, token)).session
    with pytest.raises(NotAMember):
        async with place.store.transaction() as tx:
            await sessions.end(tx, other, session.id)
    async with place.store.transaction() as tx:
        await sessions.end(tx, person, session.id)
    assert [(one.kind, one.ref) for one in await place.inbox(person)] == [("signed_out", session.id)]
    async with place.store.reading() as tx:
        with pytest.raises(SignedOut):
            await sessions.find(tx, token)
        assert [one.person for one in await sessions.listing(tx, person)] == [person]
        await sessions.find(tx, kept)


async def test_ending_all_spares_the_one_that_is_named(place: Place) -> None:
    person = await place.person()
    async with place.store.transaction() as tx:
        tokens = [await sessions.open(tx, person) for _ in range(3)]
        found = [(await sessions.find(tx, token)).session for token in tokens]
    async with place.store.transaction() as tx:
        await sessions.end_all(tx, person, but=found[1].id)
    async with place.store.reading() as tx:
        assert [one.id for one in await sessions.listing(tx, person)] == [found[1].id]
    assert {one.ref for one in await place.inbox(person)} == {found[0].id, found[2].id}
    async with place.store.transaction() as tx:
        await sessions.end_all(tx, person)
    assert (await place.inbox(person))[-1].ref == 0
    assert await place.rows(sessions_table) == []


async def test_a_session_in_use_lives_on(place: Place) -> None:
    person = await place.person()
    async with place.store.transaction() as tx:
        token = await sessions.open(tx, person)
        assert not (await sessions.find(tx, token)).is_stale
        await tx.execute(sa.update(sessions_table).values(seen_at=0, expires_at=sessions_table.c.expires_at - 5))
        found = await sessions.find(tx, token)
        assert found.is_stale
        await sessions.touch(tx, found.session)
        assert not (await sessions.find(tx, token)).is_stale
