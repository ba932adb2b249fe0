"""Topics: the organiser's list, appended to and never edited; what people hold of it, and what their matches see."""

import pytest

from chat.ids import PersonId
from chat.refusals import Malformed, NotAllowed, NotAMember, NotWords, Refusal
from chat.tables import audit
from matcher import profiles, topics
from matcher.facets import SEEDED, Facet
from matcher.tables import topics as table
from matcher.topics import LABEL_MOST, Topic
from tests.circle import Circle

LABELS = {"en": "Long nights", "fi": "Pitkät yöt"}


async def listed(circle: Circle) -> list[Topic]:
    async with circle.place.store.reading() as tx:
        return list(await topics.load(tx))


async def add(circle: Circle, organiser: PersonId, family: str = "life") -> str:
    async with circle.place.store.transaction() as tx:
        return await topics.add(tx, circle.place.keys, organiser, family, LABELS)


async def change(circle: Circle, organiser: PersonId, code: str, **to: object) -> None:
    now = next((one for one in await listed(circle) if one.code == code), Topic(code, "life", LABELS))
    place = [one.code for one in await listed(circle)].index(code) + 1 if now in await listed(circle) else 1
    values: dict[str, object] = {"family": now.family, "labels": now.labels, "retired": now.retired, "place": place}
    async with circle.place.store.transaction() as tx:
        await topics.change(tx, circle.place.keys, organiser, code, **values | to)  # type: ignore[arg-type]


async def test_the_list_begins_with_what_the_software_knows_and_beginning_again_changes_nothing(circle: Circle) -> None:
    organiser = await circle.place.person("organiser")
    await change(circle, organiser, "work", labels=LABELS)
    async with circle.place.store.transaction() as tx:
        await topics.seed(tx)
    now = await listed(circle)
    assert [one.code for one in now] == list(SEEDED)
    assert topics.offered(now) == SEEDED
    assert [one.labels for one in now if one.code == "work"] == [LABELS]


async def test_every_change_is_a_version_with_when_and_by_whom_and_nothing_is_overwritten(circle: Circle) -> None:
    organiser = await circle.place.person("organiser")
    assert await circle.place.rows(table, table.c.version > 0) == []
    code = await add(circle, organiser)
    await change(circle, organiser, code, labels={"en": "Nights", "fi": "Yöt"})
    await change(circle, organiser, code, retired=True)
    rows = sorted(await circle.place.rows(table, table.c.code == code), key=lambda one: one.version)
    assert [one.version for one in rows] == sorted({one.version for one in rows})
    assert {one.made_by for one in rows} == {organiser}
    assert [one.retired for one in rows] == [False, False, True]
    noted = await circle.place.rows(audit, audit.c.act == "topic")
    assert [(one.n, one.actor, one.code) for one in noted] == [(one.version, organiser, code) for one in rows]
    async with circle.place.store.reading() as tx:
        assert await topics.version(tx) == rows[-1].version
        assert await topics.changed(tx) == (rows[-1].made_at, organiser)


@pytest.mark.parametrize("place", [1, 2, 14, 27, 28, 99])
async def test_a_topic_is_moved_to_where_the_organiser_wants_it(circle: Circle, place: int) -> None:
    organiser = await circle.place.person("organiser")
    code = await add(circle, organiser)
    for _ in range(2):
        await change(circle, organiser, code, place=place)
        order = [one.code for one in await listed(circle)]
        assert order.index(code) + 1 == min(place, len(order))
        assert [one for one in order if one != code] == list(SEEDED)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"family": "moon"}, Malformed), ({"labels": {"en": "a" * (LABEL_MOST + 1)}}, Malformed),
        ({"labels": {"en": " "}}, NotWords), ({"labels": {"en": "a\0b"}}, NotWords), ({"code": "moon"}, NotAMember),
    ],
)  # fmt: skip
async def test_what_is_no_topic_is_refused(circle: Circle, wrong: dict[str, object], refusal: type[Refusal]) -> None:
    organiser = await circle.place.person("organiser")
    with pytest.raises(refusal):
        await change(circle, organiser, **{"code": "work"} | wrong)  # type: ignore[arg-type]
    assert await circle.place.rows(table, table.c.version > 0) == []


async def test_nobody_but_an_organiser_changes_the_list(circle: Circle) -> None:
    for role in ("peer", "moderator", "supervisor"):
        person = await circle.place.person(role)
        with pytest.raises(NotAllowed):
            await add(circle, person)
        with pytest.raises(NotAllowed):
            await change(circle, person, "work", retired=True)
    assert await circle.place.rows(table, table.c.version > 0) == []


async def test_who_holds_a_retired_topic_keeps_it_until_they_next_save(circle: Circle) -> None:
    organiser, person = await circle.place.person("organiser"), await circle.peer("words", ("topic", "work"))
    await change(circle, organiser, "work", retired=True)
    found = await profiles.load(circle.place.store, circle.place.keys, person)
    assert found is not None
    assert [one.value for one in found.words.facets] == ["work"]
    with pytest.raises(Malformed):
        profiles.compose("", "matching", found.words.facets, topics.offered(await listed(circle)))


async def test_a_new_topic_lies_near_the_family_the_organiser_gave_it(circle: Circle) -> None:
    organiser = await circle.place.person("organiser")
    code = await add(circle, organiser, "mind")
    offered = topics.offered(await listed(circle))
    kept = profiles.compose("", "matching", [Facet("topic", code)], offered)
    hidden = profiles.compose("", "matching", [Facet("topic", code, "hidden")], offered)
    key, mind = await circle.place.keys.get(organiser, "own"), ("family", circle.tokens.facet("family", "mind"))
    assert mind in profiles.seal(key, circle.tokens, organiser, kept).facets
    assert mind not in profiles.seal(key, circle.tokens, organiser, hidden).facets
    opened = profiles.unseal(key, organiser, profiles.seal(key, circle.tokens, organiser, kept).body)
    assert opened.near == ("mind",), "it is remembered as it was when it was said"
