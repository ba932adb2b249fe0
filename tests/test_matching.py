"""Matching: from a request to the fitting peer, through crashes, many processes and a model that still loads."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
import sqlalchemy as sa

from chat.ids import PersonId, Seq
from chat.tables import people as people_table
from matcher import offers
from matcher.encoder import Vectors
from matcher.facets import Name
from matcher.matching import PATIENCE_S, Matching
from matcher.noise import FEW, SPREAD
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.circle import Circle, WordCounts
from tests.test_offers import accept, decline
from tests.words import CANARY


async def encoded(circle: Circle) -> Matching:
    """Return a matching whose profiles all have vectors."""
    matching = circle.matching()
    while await matching.encoding.encode():
        pass
    return matching


async def test_the_peer_whose_words_are_most_alike_is_asked_first(circle: Circle) -> None:
    await circle.peer("horses and boats")
    alike = await circle.peer("wine every night and shame")
    await circle.peer("a house that burned")
    await circle.ask(await circle.seeker(), "I drink wine at night with shame")
    await (await encoded(circle)).beat()
    assert len(await circle.standing(alike)) == 1


async def test_words_never_overrule_a_hard_rule(circle: Circle) -> None:
    trap = await circle.peer("my husband hit me for years", ("topic", "violence"), ("side", "caused_harm"))
    right = await circle.peer("a shelter with the children", ("topic", "violence"), ("side", "harmed"))
    await circle.ask(await circle.seeker(), "my husband hit me for years", ("topic", "violence"), ("side", "harmed"))
    await (await encoded(circle)).beat()
    assert await circle.standing(trap) == []
    assert len(await circle.standing(right)) == 1


async def test_nobody_is_asked_who_may_not_be(circle: Circle) -> None:
    seeker = await circle.peer("the same words")  # gives and receives with one account
    away = await circle.peer("the same words")
    await circle.available(away, "away")
    finishing = await circle.peer("the same words")
    await circle.available(finishing, "finishing")
    reads_other = await circle.peer("the same words", languages=["fi"])
    banned = await circle.peer("the same words")
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(people_table).where(people_table.c.id == banned).values(state="banned"))
    untrained = await circle.seeker()
    await circle.save(untrained, "the same words")
    await circle.ask(seeker, "the same words")
    await (await encoded(circle)).beat()
    for person in (seeker, away, finishing, reads_other, banned, untrained):
        assert await circle.standing(person) == []
    assert (await circle.request(seeker)).state == "waiting"


async def test_after_a_no_the_next_peer_is_asked_at_once_and_nobody_twice_in_a_round(circle: Circle) -> None:
    peers = [await circle.peer("I drank", capacity=3) for _ in range(3)]
    seeker = await circle.seeker()
    await circle.ask(seeker, "I drank")
    matching = await encoded(circle)
    asked: list[PersonId] = []
    for _ in peers:
        await matching.beat()
        (row,) = await circle.place.rows(offers_table, offers_table.c.ended_at.is_(None))
        asked.append(row.peer)
        await decline(circle, row.peer, row.id)
    assert sorted(asked) == sorted(peers)
    await matching.beat()
    standing = await circle.request(seeker)
    assert standing.state == "waiting"
    await matching.beat()
    assert await circle.place.rows(offers_table, offers_table.c.ended_at.is_(None)) == []  # a pause
    await circle.look_again()
    await matching.beat()
    assert len(await circle.place.rows(offers_table, offers_table.c.ended_at.is_(None))) == 1  # another round
    assert (await circle.request(seeker)).made_at == standing.made_at  # the place is kept


async def test_an_offer_nobody_answers_goes_to_the_next(circle: Circle) -> None:
    peers = [await circle.peer("I drank") for _ in range(2)]
    await circle.ask(await circle.seeker(), "I drank")
    matching = await encoded(circle)
    await matching.beat()
    first = [peer for peer in peers if await circle.standing(peer)]
    await circle.offers_run_out()
    await matching.beat()
    second = [peer for peer in peers if await circle.standing(peer)]
    assert sorted(first + second) == sorted(peers)


async def test_the_waiting_page_is_told_the_same_whether_somebody_is_asked_or_nobody_is_there(circle: Circle) -> None:
    seeker = await circle.seeker()
    await circle.ask(seeker, "I drank", ("topic", "addiction"))
    assert (await circle.request(seeker)).scarce is None
    matching = circle.matching()
    await matching.beat()
    alone = await circle.request(seeker)
    assert (alone.state, alone.scarce) == ("waiting", True)
    peer = await circle.peer("I drank", ("topic", "addiction"))
    await circle.look_again()
    await matching.beat()
    asked = await circle.request(seeker)
    assert len(await circle.standing(peer)) == 1
    assert replace(asked, waited_s=alone.waited_s, kept_until=alone.kept_until) == alone


async def test_many_who_share_an_experience_are_told_of(circle: Circle) -> None:
    for _ in range(FEW + 2 * SPREAD + 1):
        await circle.peer("I drank", ("topic", "addiction"))
    seeker = await circle.seeker()
    await circle.ask(seeker, "I drank", ("topic", "addiction"))
    await circle.matching().beat()
    assert (await circle.request(seeker)).scarce is False


async def test_a_matcher_that_died_is_relieved_by_another(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank"), await circle.seeker()
    await circle.ask(seeker, "I drank")
    assert await circle.lease() is not None  # a process that leased it, and died
    other = await encoded(circle)
    await other.beat()
    assert await circle.standing(peer) == []
    await circle.run_out(requests_table, "lease_until")
    await other.beat()
    assert len(await circle.standing(peer)) == 1


async def test_many_matchers_at_once_make_one_offer_a_request_and_none_over_capacity(circle: Circle) -> None:
    peers = [await circle.peer("I drank", capacity=1 + n % 2) for n in range(4)]
    for _ in range(9):
        await circle.ask(await circle.seeker(), "I drank")
    matchings = [circle.matching() for _ in range(5)]
    await asyncio.gather(*(matching.beat() for matching in matchings))
    await circle.look_again()
    await asyncio.gather(*(matching.beat() for matching in matchings))
    standing = await circle.place.rows(offers_table, offers_table.c.ended_at.is_(None))
    assert len({row.request for row in standing}) == len(standing) == 6
    for n, peer in enumerate(peers):
        assert sum(row.peer == peer for row in standing) == 1 + n % 2


async def test_while_the_model_loads_a_new_request_waits_a_little_and_then_facets_decide(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank", ("topic", "addiction")), await circle.seeker()
    await circle.ask(seeker, "I drank", ("topic", "addiction"))
    loading = Matching(circle.place.store, circle.place.keys, offer_s=90, lease_s=15)
    await loading.beat()
    assert await circle.standing(peer) == []
    assert (await circle.request(seeker)).state == "waiting"
    async with circle.place.store.transaction() as tx:
        waited = {"made_at": requests_table.c.made_at - int(PATIENCE_S * 1000), "next_at": 0}
        await tx.execute(sa.update(requests_table).values(waited))
    await loading.beat()
    assert len(await circle.standing(peer)) == 1


async def test_a_language_the_model_does_not_cover_is_matched_by_facets(circle: Circle) -> None:
    await circle.peer("minä join", languages=["fi"])
    more = await circle.peer("jotain muuta", ("topic", "addiction"), ("kind", "company"), languages=["fi"])
    asked: tuple[tuple[str, str], ...] = (("kind", "company"), ("wish", "both"))
    seeker = await circle.seeker()
    await circle.ask(seeker, "minä join", *asked, languages=["fi"], language="fi")  # type: ignore[arg-type]
    matching = await encoded(circle)
    encoded_before = circle.encoder.encoded
    await matching.beat()
    assert len(await circle.standing(more)) == 1
    assert circle.encoder.encoded == encoded_before


async def test_where_words_cannot_be_compared_and_facets_are_alike_who_talked_less_today_is_asked(
    circle: Circle,
) -> None:
    facets: tuple[tuple[Name, str], ...] = (("topic", "addiction"),)
    busy, rested = [await circle.peer("minä join", *facets, languages=["en", "fi"], capacity=2) for _ in range(2)]
    await accept(circle, busy, await circle.offered(await circle.seeker(), busy))
    seeker = await circle.seeker()
    await circle.ask(seeker, "minä join", *facets, languages=["fi"], language="fi")
    await (await encoded(circle)).beat()
    assert len(await circle.standing(rested)) == 1
    assert await circle.standing(busy) == []


async def test_a_peer_whose_words_cannot_be_compared_is_asked_where_nobody_else_fits(circle: Circle) -> None:
    peer = await circle.place.person("peer")
    await circle.save(peer, "minä join", [("topic", "addiction")], languages=["en", "fi"], language="fi")
    await circle.available(peer, "open")
    await circle.ask(await circle.seeker(), "I drank", ("topic", "addiction"))
    await (await encoded(circle)).beat()
    assert len(await circle.standing(peer)) == 1


async def test_a_peer_who_changes_their_profile_is_known_by_the_new_one(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank", ("topic", "addiction")), await circle.seeker()
    matching = await encoded(circle)
    await matching.beat()  # the pool knows the first version
    await circle.save(peer, "I drank", [("topic", "gambling")])
    await circle.ask(seeker, "I drank", ("topic", "addiction"))
    await matching.beat()
    assert await circle.standing(peer) == []


async def test_a_request_whose_words_no_longer_open_ends(circle: Circle) -> None:
    await circle.peer("I drank")
    seeker = await circle.seeker()
    await circle.ask(seeker, "I drank")
    await circle.place.keys.destroy(seeker, "own")
    await (await encoded(circle)).beat()
    assert (await circle.request(seeker)).state == "withdrawn"


async def test_one_request_that_breaks_the_matcher_keeps_no_other_waiting(
    circle: Circle, caplog: pytest.LogCaptureFixture
) -> None:
    class Breaking(WordCounts):
        def encode(self, texts: list[str], languages: list[str]) -> Vectors:
            if any("breaks" in text for text in texts):
                raise ValueError
            return super().encode(texts, languages)

    peer, broken, seeker = await circle.peer("I drank"), await circle.seeker(), await circle.seeker()
    await circle.ask(broken, "it breaks")
    await circle.ask(seeker, "I drank")
    store, keys = circle.place.store, circle.place.keys
    await Matching(store, keys, offer_s=90, lease_s=15, encoder=Breaking()).beat()
    assert [row.seeker for row in await circle.place.rows(offers_table)] == [seeker]
    assert len(await circle.standing(peer)) == 1
    assert "a bug" in caplog.text


async def test_a_model_that_quotes_what_it_was_given_quotes_it_in_no_log(
    circle: Circle, caplog: pytest.LogCaptureFixture
) -> None:
    class Quoting(WordCounts):
        def encode(self, texts: list[str], languages: list[str]) -> Vectors:
            raise ValueError(texts[0])

    store, keys = circle.place.store, circle.place.keys
    await circle.ask(await circle.seeker(), "I drank")
    await Matching(store, keys, offer_s=90, lease_s=15, encoder=Quoting()).beat()
    assert "a bug" in caplog.text and "ValueError" in caplog.text
    assert CANARY not in caplog.text


async def test_a_request_is_offered_within_a_second_by_a_matcher_that_runs(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank"), await circle.seeker()
    heard = asyncio.Event()

    def listen(touched: dict[int, Seq]) -> None:
        if inbox in touched:
            heard.set()

    async with circle.place.store.reading() as tx:
        inbox = (await tx.execute(sa.select(people_table.c.inbox).where(people_table.c.id == peer))).scalar_one()
    circle.place.store.listen(listen)  # type: ignore[arg-type]
    running = asyncio.create_task(circle.matching().run(asyncio.Event()))
    try:
        await circle.ask(seeker, "I drank")
        async with asyncio.timeout(5):
            await heard.wait()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    (card,) = await offers.for_peer(circle.place.store, circle.place.keys, peer)
    assert card.waited_s < 5
    assert await accept(circle, peer, card.offer)
