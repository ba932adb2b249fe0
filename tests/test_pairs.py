"""Pairs: who must never meet does not, whatever the table says; memory and database decide alike."""

import asyncio
import itertools
import random
from collections.abc import Mapping

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import sqlalchemy as sa

from chat.refusals import Malformed, NotAllowed
from matcher import pairs
from matcher.facets import AGES, ROLES, SIDES, STATUSES, VALUES, Declared, Name
from matcher.index import Index, Sought
from matcher.pairs import DEFAULTS, NAMES, NEVER, PairName, Pairs, may_meet, may_meet_in_age
from matcher.rules import RULES
from matcher.tables import pairs as table
from matcher.tables import peers, requests
from tests import crowd
from tests.circle import Circle
from tests.crowd import One

FACETS = ("topic", "role", "side", "status", "age", "gender")
"""The rules that compare what two people declare."""
TOPICS = ("addiction", "gambling", "violence")
MINOR = "under_18"
POPULATIONS, CROWD = 100_000, 12


def never(seeker: Declared, peer: Declared, *, vetted: bool) -> bool:
    """Whether these two must not meet, whoever says so: written down here once more, and not taken from the code."""
    side, other = one_of(seeker, "side"), one_of(peer, "side")
    crosses = (side == "harmed" and other == "caused_harm") or (side == "caused_harm" and other == "harmed")
    unsafe = other == "caused_harm" and side != "caused_harm"
    grown, minor = one_of(seeker, "age") != MINOR, one_of(peer, "age") == MINOR
    apart = (grown and minor) or (not grown and not minor and not vetted)
    return crosses or unsafe or apart or one_of(peer, "status") == "in_crisis"


def unkind(seeker: Declared, peer: Declared) -> bool:
    """Whether the table that the server begins with must keep these two apart."""
    side, other = one_of(seeker, "side"), one_of(peer, "side")
    roles, others = seeker.get("role", frozenset()), peer.get("role", frozenset())
    shore, theirs = one_of(seeker, "status"), one_of(peer, "status")
    further = bool(shore and theirs) and STATUSES.index(theirs) < STATUSES.index(shore)
    alone = side in ("harmed", "caused_harm") and other != side
    drowning = shore == "in_crisis" and theirs in ("in_crisis", "struggling")
    return alone or drowning or bool(roles and others and not roles & others) or (
        further and theirs in ("in_crisis", "struggling")
    )  # fmt: skip


def one_of(held: Declared, name: Name) -> str:
    return next(iter(held.get(name, ())), "")


def everybody() -> list[Declared]:
    """Everything that can be declared of what keeps pairs from harm, one value each or none."""
    values: dict[Name, tuple[str, ...]] = {
        "role": ("", *ROLES), "side": ("", *SIDES), "status": ("", *STATUSES), "age": ("", MINOR, "30_44"),
    }  # fmt: skip
    return [
        {name: frozenset({one}) for name, one in zip(values, held, strict=True) if one}
        for held in itertools.product(*values.values())
    ]


def meets(allowed: Pairs, *, vetted: bool) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Return who of `everybody` may meet whom."""
    people = everybody()
    return np.array(
        [[may_meet(one, other, allowed, breadth=2) and may_meet_in_age(one, other, allowed, vetted=vetted)
          for other in people] for one in people]
    )  # fmt: skip


@pytest.mark.parametrize("vetted", [False, True])
def test_of_all_that_can_be_declared_no_dangerous_pair_meets(vetted: bool) -> None:
    people, allowed = everybody(), meets(DEFAULTS, vetted=vetted)
    for (n, one), (m, other) in itertools.product(enumerate(people), repeat=2):
        if never(one, other, vetted=vetted) or unkind(one, other):
            assert not allowed[n, m], (one, other)
    assert allowed.any(axis=1).all(), "and nobody is left without anybody"


def test_no_dangerous_pair_meets_in_a_hundred_thousand_populations() -> None:
    people, allowed = everybody(), meets(DEFAULTS, vetted=False)
    dangerous = np.array([[never(one, other, vetted=False) for other in people] for one in people])
    chosen = np.random.default_rng(1)
    met = feared = 0
    for _ in range(10):
        seekers, others = chosen.integers(len(people), size=(2, POPULATIONS // 10, CROWD))
        may, must_not = (held[seekers[:, :, None], others[:, None, :]] for held in (allowed, dangerous))
        assert not (may & must_not).any()
        met, feared = met + int(may.any(axis=(1, 2)).sum()), feared + int(must_not.any(axis=(1, 2)).sum())
    assert min(met, feared) > 0.99 * POPULATIONS, "in nearly all there was somebody to meet, and somebody to fear"


@st.composite
def tables(draw: st.DrawFn) -> Pairs:
    """Any table at all, what may never meet included."""
    return {
        name: draw(st.frozensets(st.sampled_from(list(itertools.product(pairs.VALUES[name], repeat=2)))))
        for name in NAMES
    }


async def test_memory_and_database_decide_alike_whatever_the_table_says(circle: Circle) -> None:
    chosen = random.Random(1)
    asking, asked = ([crowd.anybody(chosen, TOPICS) for _ in range(count)] for count in (25, 40))
    who = await crowd.peers_of(circle, asked)
    found = await crowd.requests_of(circle, await crowd.people_of(circle, len(asking)), asking)
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("")
    row_of = {int(person): row for row, person in enumerate(index.people)}
    for allowed in (DEFAULTS, every_pair(), some_pairs(chosen), some_pairs(chosen)):
        await write(circle, allowed)
        async with circle.place.store.reading() as tx:
            loaded, partners = await pairs.load(tx, circle.tokens), await pairs.partners(tx)
            columns = [RULES[code](tx.is_postgresql).label(code) for code in (*FACETS, "language")]
            both = sa.select(requests.c.id, peers.c.person, *columns).select_from(requests.join(peers, sa.true()))
            judged = {(row.id, row.person): row for row in await tx.execute(both)}
        met = 0
        for request, one in zip(found, asking, strict=True):
            fitting = index.fitting(sought(circle, one), partners)
            for person, other in zip(who, asked, strict=True):
                row = judged[request, person]
                by_rules = all(getattr(row, code) for code in FACETS)
                by_memory = may_meet(one.declares, other.declares, loaded, breadth=one.breadth) and may_meet_in_age(
                    one.declares, other.declares, loaded, vetted=other.vetted
                )
                assert by_rules is by_memory, (one, other)
                assert bool(fitting[row_of[person]]) is (by_rules and bool(row.language)), (one, other)
                assert not (by_rules and never(one.declares, other.declares, vetted=other.vetted)), (one, other)
                met += by_rules
        assert met


async def test_any_seeker_finds_the_same_in_memory_as_by_the_rule_itself(sqlite_circle: Circle) -> None:
    circle, chosen = sqlite_circle, random.Random(2)
    asked = [crowd.anybody(chosen, TOPICS) for _ in range(100)]
    who = await crowd.peers_of(circle, asked)
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("")
    row_of = {int(person): row for row, person in enumerate(index.people)}

    @hypothesis.given(st.randoms(use_true_random=False), tables())
    @hypothesis.settings(max_examples=25)
    def alike(luck: random.Random, allowed: Pairs) -> None:
        one = crowd.anybody(luck, TOPICS)
        safe: Pairs = {name: allowed[name] - NEVER[name] for name in NAMES}
        fitting = index.fitting(sought(circle, one), partners_of(circle, safe))
        for person, other in zip(who, asked, strict=True):
            may = may_meet(one.declares, other.declares, safe, breadth=one.breadth) and may_meet_in_age(
                one.declares, other.declares, safe, vetted=other.vetted
            )
            assert bool(fitting[row_of[person]]) is (may and bool({*one.languages} & {*other.languages}))

    await asyncio.to_thread(alike)


async def test_a_supervisor_edits_the_table_and_cannot_let_meet_what_never_may(circle: Circle) -> None:
    supervisor, member = await circle.place.person("supervisor"), await circle.seeker()
    wanted = DEFAULTS["role"] | {("carer", "self")}
    with pytest.raises(NotAllowed):
        await allow(circle, member, "role", wanted)
    for name in ("side", "status"):
        with pytest.raises(Malformed):
            await allow(circle, supervisor, name, DEFAULTS[name] | {next(iter(NEVER[name]))})
    for wrong in (("age", frozenset()), ("role", {("carer", "the moon")})):
        with pytest.raises(Malformed):
            await allow(circle, supervisor, *wrong)  # type: ignore[arg-type]
    await asyncio.gather(*(allow(circle, supervisor, "role", wanted) for _ in range(4)))
    async with circle.place.store.transaction() as tx:
        await pairs.seed(tx, circle.tokens)  # another process starts
        assert await pairs.load(tx, circle.tokens) == {**DEFAULTS, "role": wanted}
    await allow(circle, supervisor, "role", frozenset())
    async with circle.place.store.reading() as tx:
        assert (await pairs.load(tx, circle.tokens))["role"] == frozenset()


async def allow(
    circle: Circle, by: int, name: PairName, wanted: "frozenset[tuple[str, str]] | set[tuple[str, str]]"
) -> None:
    async with circle.place.store.transaction() as tx:
        await pairs.allow(tx, circle.place.keys, circle.tokens, by, name, wanted)  # type: ignore[arg-type]


async def write(circle: Circle, allowed: Pairs) -> None:
    """Write a table as whoever owns the database could, asking nobody."""
    rows: list[dict[str, object]] = [
        {"name": name, "seeker": token(circle, name, one), "peer": token(circle, name, other)}
        for name in NAMES for one, other in allowed[name]
    ]  # fmt: skip
    async with circle.place.store.transaction() as tx:
        await tx.execute(table.delete().where(table.c.name.in_(NAMES)))
        await tx.execute(table.insert(), rows)


def token(circle: Circle, name: PairName, value: str) -> bytes:
    return circle.tokens.facet(pairs.FACET[name], value)


def partners_of(circle: Circle, allowed: Pairs) -> Mapping[tuple[str, bytes], frozenset[bytes]]:
    made: dict[tuple[str, bytes], set[bytes]] = {}
    for name in NAMES:
        for one, other in allowed[name]:
            made.setdefault((name, token(circle, name, one)), set()).add(token(circle, name, other))
    return {key: frozenset(held) for key, held in made.items()}


def every_pair() -> Pairs:
    return {name: frozenset(itertools.product(pairs.VALUES[name], repeat=2)) for name in NAMES}


def some_pairs(chosen: random.Random) -> Pairs:
    return {name: frozenset(one for one in sorted(every_pair()[name]) if chosen.random() < 0.5) for name in NAMES}


def sought(circle: Circle, one: One) -> Sought:
    reads = (("reads", language.encode()) for language in one.languages)
    return Sought(frozenset((*circle.tokens.facets(one.declares), *reads)), one.breadth, None)


def test_the_table_speaks_of_every_value_there_is() -> None:
    assert {name: set(pairs.VALUES[name]) - {""} for name in NAMES} == {
        "role": set(ROLES), "side": set(SIDES), "status": set(STATUSES), "age": set(AGES), "vetted": set(AGES),
    }  # fmt: skip
    assert all(pairs.FACET[name] in VALUES for name in NAMES)
    assert all(not DEFAULTS[name] & NEVER[name] for name in NAMES)
