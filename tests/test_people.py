"""People: made whole or not at all, names nobody else has, roles and bans that the audit knows."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import access, links, people, rooms, words
from chat.ids import PersonId
from chat.keys import KeyDestroyed
from chat.refusals import Gone, Muted, NicknameTaken, NotAllowed, NotAMember, NotWords
from chat.tables import audit, mutes
from chat.tables import links as links_table
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from tests.place import Place, nickname


async def test_a_person_has_keys_and_an_inbox_from_the_first_moment(place: Place) -> None:
    person = await place.person()
    async with place.store.reading() as tx:
        found = await people.find(tx, person)
        assert (await access.require_member(tx, found.inbox, person)).from_seq == 1
    assert (found.roles, found.state, found.is_staff) == ((), "active", False)
    await place.keys.get(person, "said")
    await place.keys.get(person, "own")


async def test_of_many_who_want_one_name_at_once_one_gets_it_and_no_key_is_left_over(place: Place) -> None:
    name = nickname()
    looks = [name, name.upper(), name.replace("o", "0"), f" {name}  ", name.replace("a", "á")]
    tried = await asyncio.gather(*(people.make(place.store, place.keys, one, "en") for one in looks),
                                 return_exceptions=True)  # fmt: skip
    assert sorted(type(one).__name__ for one in tried) == ["NicknameTaken"] * 4 + ["int"]
    made = [one.id for one in await place.rows(people_table)]
    assert await place.keys.owners("said") == set(made)


async def test_a_name_to_begin_with_is_nobodys_also_where_nearly_all_are_taken(place: Place) -> None:
    await place.person()
    [row] = await place.rows(people_table)
    names = [f"{first} {second}" for first in words._FIRST["en"] for second in words._SECOND["en"]]
    borne = [
        dict(row._mapping) | {"id": PersonId(number), "nickname": name, "skeleton": words.skeleton(name)}
        for number, name in enumerate(names[1:], start=1)
    ]
    async with place.store.transaction() as tx:
        await tx.execute(people_table.insert(), borne)
        found = [await people.free_nickname(tx, "en") for _ in range(30)]
    assert {words.skeleton(name) for name in found}.isdisjoint(one["skeleton"] for one in borne)
    assert all(words.check_nickname(name) == name for name in found)


async def test_staff_find_themselves_at_the_desk_and_the_audit_knows(place: Place) -> None:
    moderator, peer = await place.person("moderator"), await place.person("peer")
    async with place.store.reading() as tx:
        assert [one.person for one in await rooms.members(tx, rooms.DESK)] == [moderator]
    rows = await place.rows(audit)
    assert [(one.act, one.subject, one.code) for one in rows] == [
        ("granted", moderator, "moderator"), ("granted", peer, "peer"),
    ]  # fmt: skip


async def test_a_rename_is_refused_while_a_mute_stands_anywhere(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    wanted = nickname()
    async with place.store.transaction() as tx:
        now = await tx.now()
        await tx.execute(mutes.insert().values(id=5, person=person, room=room, until=now + 60_000))
    with pytest.raises(Muted):
        async with place.store.transaction() as tx:
            await people.rename(tx, person, wanted)
    async with place.store.transaction() as tx:
        await tx.execute(mutes.delete())
        assert await people.rename(tx, person, wanted) == wanted
    other = await place.person()
    for bad, refusal in ((wanted, NicknameTaken), ("Admin", NicknameTaken), ("x", NotWords)):
        with pytest.raises(refusal):
            async with place.store.transaction() as tx:
                await people.rename(tx, other, bad)


async def test_only_an_organiser_gives_and_takes_roles(place: Place) -> None:
    organiser, member, other = await place.person("organiser"), await place.person(), await place.person("moderator")
    for by in (member, other, PersonId(12345)):
        with pytest.raises(NotAllowed):
            async with place.store.transaction() as tx:
                await people.grant(tx, place.keys, member, "supervisor", by)
    for _ in range(2):
        async with place.store.transaction() as tx:
            await people.grant(tx, place.keys, member, "supervisor", organiser)
            assert (await people.find(tx, member)).roles == ("supervisor",)
    for _ in range(2):
        async with place.store.transaction() as tx:
            await people.revoke(tx, place.keys, member, "supervisor", organiser)
            assert (await people.find(tx, member)).roles == ()
            assert member not in {one.person for one in await rooms.members(tx, rooms.DESK)}
    with pytest.raises(NotAllowed):
        async with place.store.transaction() as tx:
            await people.revoke(tx, place.keys, organiser, "organiser", organiser)
    acts = [(one.act, one.code) for one in await place.rows(audit, audit.c.subject == member)]
    assert acts == [("granted", "supervisor"), ("revoked", "supervisor")]


async def test_with_the_role_of_a_peer_their_one_to_ones_end_and_both_are_told(place: Place) -> None:
    organiser, peer = await place.person("organiser"), await place.person("peer", "moderator")
    first, second, asked = [await place.person() for _ in range(3)]
    group = await place.room(peer)
    ended = [await place.one_to_one(one, peer) for one in (first, second)]
    before, as_seeker = await place.one_to_one(first, peer), await place.one_to_one(peer, asked)
    async with place.store.transaction() as tx:
        await rooms.leave(tx, before, first)
    said = len(await place.read(before))
    for _ in range(2):
        async with place.store.transaction() as tx:
            await people.revoke(tx, place.keys, peer, "peer", organiser)
    for room in ended:
        told = [(one.kind, one.author, one.code) for one in (await place.read(room))[1:]]
        assert told == [("left", peer, "ended"), ("closed", 0, "left")], "and no more is said in it"
    async with place.store.reading() as tx:
        assert [one.person for one in await rooms.members(tx, ended[0])] == [first]
        assert peer in {one.person for one in await rooms.members(tx, rooms.DESK)}
    assert len(await place.read(before)) == said, "what was over is left as it was"
    for room in (group, as_seeker):
        assert [row.state for row in await place.rows(rooms_table, rooms_table.c.id == room)] == ["open"]


async def test_a_link_makes_one_person_and_its_role_comes_with_it(place: Place) -> None:
    organiser = await place.person("organiser")
    async with place.store.transaction() as tx:
        token = await links.make_link(tx, role="moderator", by=organiser)
        with pytest.raises(Gone):
            await links.peek_link(tx, token + "x")
        assert (await links.peek_link(tx, token)).role == "moderator"
    tried = await asyncio.gather(
        *(people.make(place.store, place.keys, nickname(), "fi", link=token) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in tried) == ["Gone", "Gone", "int"]
    [made] = [one for one in tried if isinstance(one, int)]
    async with place.store.reading() as tx:
        assert (await people.find(tx, PersonId(made))).roles == ("moderator",)
    [row] = await place.rows(audit, audit.c.subject == made)
    assert row.actor == organiser
    assert len(await place.keys.owners("own")) == 2


async def test_a_link_dies_with_the_role_of_the_organiser_who_made_it(place: Place) -> None:
    organiser, other = await place.person("organiser"), await place.person("organiser")
    async with place.store.transaction() as tx:
        token = await links.make_link(tx, role="organiser", by=organiser)
        assert (await links.peek_link(tx, token)).made_by == organiser
    async with place.store.transaction() as tx:
        await people.revoke(tx, place.keys, organiser, "organiser", other)
    async with place.store.transaction() as tx:
        with pytest.raises(Gone):
            await links.peek_link(tx, token)
    with pytest.raises(Gone):
        await people.make(place.store, place.keys, nickname(), "en", link=token)


async def test_the_browser_that_used_a_link_comes_in_again_as_the_same_person_and_no_other_does(place: Place) -> None:
    organiser, somebody, other = await place.person("organiser"), await place.person(), await place.person("organiser")
    async with place.store.transaction() as tx:
        invitation = await links.make_link(tx, role="moderator", by=organiser)
        sign_in = await links.make_link(tx, person=somebody)
    made = await people.make(place.store, place.keys, nickname(), "en", link=invitation, browser="mine")
    async with place.store.transaction() as tx:
        first = await links.use_link(tx, sign_in, "mine")
    assert not first.is_used
    for token, person in ((invitation, made), (sign_in, somebody)):
        async with place.store.transaction() as tx:
            for ask in (links.peek_link, links.use_link, links.use_link):
                again = await ask(tx, token, "mine")
                assert (again.person, again.is_used) == (person, True)
            for browser in ("", "other", "min", "mine\0"):
                for ask in (links.peek_link, links.use_link):
                    with pytest.raises(Gone):
                        await ask(tx, token, browser)
            with pytest.raises(Gone):
                await links.use_link(tx, f"{token}\0mine")
        with pytest.raises(Gone):
            await people.make(place.store, place.keys, nickname(), "en", link=token, browser="mine")
    async with place.store.transaction() as tx:
        await people.revoke(tx, place.keys, organiser, "organiser", other)
    async with place.store.transaction() as tx:
        with pytest.raises(Gone):
            await links.peek_link(tx, invitation, "mine")
        await tx.execute(sa.update(links_table).values(expires_at=await tx.now()))
        with pytest.raises(Gone):
            await links.use_link(tx, sign_in, "mine")


async def test_a_name_that_is_taken_does_not_use_the_link_up(place: Place) -> None:
    name = nickname()
    await people.make(place.store, place.keys, name, "en")
    async with place.store.transaction() as tx:
        token = await links.make_link(tx)
    with pytest.raises(NicknameTaken):
        await people.make(place.store, place.keys, name, "en", link=token)
    await people.make(place.store, place.keys, nickname(), "en", link=token)


async def test_an_expired_link_and_a_link_for_somebody_else_make_nobody(place: Place) -> None:
    person = await place.person()
    async with place.store.transaction() as tx:
        expired = await links.make_link(tx, hours=0)
        theirs = await links.make_link(tx, person=person)
    for token in (expired, theirs, ""):
        with pytest.raises(Gone):
            await people.make(place.store, place.keys, nickname(), "en", link=token)
    async with place.store.transaction() as tx:
        assert (await links.use_link(tx, theirs)).person == person
    with pytest.raises(KeyDestroyed):
        await place.keys.get(12345, "own")


async def test_a_stranger_and_an_erased_person_look_the_same(place: Place) -> None:
    with pytest.raises(NotAMember):
        async with place.store.reading() as tx:
            await people.find(tx, PersonId(12345))


async def test_whoever_is_made_with_several_roles_gets_them_in_whatever_order(place: Place) -> None:
    person = await place.person("peer", "moderator")
    async with place.store.transaction() as tx:
        assert (await people.find(tx, person)).roles == ("peer", "moderator")
        assert await access.require_member(tx, rooms.DESK, person)
