"""A stalker from the same small town: a thousand requests do not tell whether somebody is here.

All is asked twice, once before the one who is looked for comes and once after; between the two nothing else differs.
What the asker is told of a request, and how much work the database does to tell it, is compared.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import sqlalchemy as sa

from chat.ids import Millis, PersonId
from matcher import blocks, places
from matcher.facets import Declared, Name
from matcher.index import Index
from matcher.noise import is_few
from matcher.requests import RequestId
from tests import crowd
from tests.circle import Circle
from tests.crowd import One
from tests.test_pairs import sought
from tests.words import place_name

Answers = npt.NDArray[np.bool_]
PROBES, INSTALLATIONS = 1000, 220
HOME = place_name("small town")
TARGET: Declared = {
    "topic": frozenset({"violence", "loneliness"}), "role": frozenset({"self"}), "side": frozenset({"harmed"}),
    "status": frozenset({"in_recovery"}), "age": frozenset({"30_44"}), "gender": frozenset({"woman"}),
}  # fmt: skip
TOPICS = ("violence", "loneliness", "work", "caring")
MOST = 0.55
"""What is promised: the share of pairs (one world with them, one without) told apart; .5 is guessing."""


def probes(chosen: random.Random) -> list[One]:
    """What the stalker asks, knowing all of the one they look for: that, and one thing after another changed."""
    made = []
    for n in range(PROBES):
        other = crowd.anybody(chosen, TOPICS)
        name: Name = chosen.choice(("topic", "role", "side", "status", "kind", "wish", "age", "gender", "wish_gender"))
        declares = {**TARGET, name: other.declares[name]} if name in other.declares else {**TARGET}
        made.append(replace(other, declares=declares, breadth=n % 3, languages=("en",) if n % 2 else other.languages))
    return made


async def scarce(circle: Circle, asking: Sequence[One], keys: Sequence[bytes]) -> Answers:
    """Return whether each question is answered by "few", by installation (they differ by their key)."""
    index = Index(circle.place.store, circle.place.keys)
    await index.follow("")
    counts = [index.sharing(sought(circle, one)) for one in asking]
    return np.array([[is_few(key, count) for count in counts] for key in keys])


def told_apart(without: npt.NDArray[np.generic], with_them: npt.NDArray[np.generic]) -> float:
    """Return the area under the curve of telling two worlds apart by one figure, whichever way round it is."""
    before, after = without.ravel().astype(float), with_them.ravel().astype(float)
    above = (after[:, None] > before[None, :]).mean() + 0.5 * (after[:, None] == before[None, :]).mean()
    return float(max(above, 1 - above))


async def arrive(circle: Circle) -> PersonId:
    """Let the one come who is looked for."""
    (target,) = await crowd.peers_of(circle, [One(TARGET, "", ("en", "fi"), capacity=3)])
    return target


@pytest.mark.parametrize("others", [0, 4, 12, 40, 120])
async def test_a_thousand_questions_do_not_tell_whether_somebody_is_here(sqlite_circle: Circle, others: int) -> None:
    circle, chosen = sqlite_circle, random.Random(3)
    asking, keys = probes(chosen), [str(n).encode() for n in range(INSTALLATIONS)]
    await crowd.peers_of(circle, [crowd.anybody(chosen, TOPICS) for _ in range(others)])
    without = await scarce(circle, asking, keys)
    await arrive(circle)
    with_them = await scarce(circle, asking, keys)
    for question in range(0, PROBES, 10):
        assert told_apart(without[:, question], with_them[:, question]) <= MOST, asking[question]
    assert told_apart(without.sum(axis=1), with_them.sum(axis=1)) <= MOST, "nor all of them together"
    assert others > 4 or (without == with_them).all(), "where few are, nothing changes at all"


async def test_who_is_busy_has_blocked_or_avoids_the_place_looks_like_who_is_not_there(sqlite_circle: Circle) -> None:
    circle, chosen = sqlite_circle, random.Random(5)
    matching, prober = circle.matching(), await circle.seeker()
    await crowd.peers_of(circle, [crowd.anybody(chosen, ("work",)) for _ in range(4)])
    async with circle.place.store.transaction() as tx:
        await places.save_homes(tx, circle.tokens, prober, [HOME], small=False, wished=True)
    target = None
    told: list[tuple[bytes, int]] = []
    looked: list[int] = []
    for how in ("absent", "offered", "from a small place", "away", "blocked"):
        if how == "offered":
            target = await arrive(circle)
        if how == "from a small place" and target is not None:
            async with circle.place.store.transaction() as tx:
                await places.save_homes(tx, circle.tokens, target, [HOME], small=True, wished=False)
        if how == "away" and target is not None:
            await circle.available(target, "away")
        if how == "blocked" and target is not None:
            await circle.available(target, "open", 3)
            async with circle.place.store.transaction() as tx:
                await blocks.block(tx, target, prober)
        await circle.ask(prober, "", *((name, one) for name in TARGET for one in sorted(TARGET[name])), anew=True)
        await matching.beat()  # takes up what has changed
        await circle.look_again()
        with statements(circle) as seen:
            await matching.beat()
        assert bool(target and await circle.standing(target)) is (how == "offered"), how
        if how != "offered":
            looked.append(sum("was_asked" in one for one in seen))
        told.append(await standing_of(circle, prober))
    assert len(set(told)) == 1, "the same words, and the same work to find them"
    assert looked == [1] * 4, "and the same work to look whether anybody is there"


async def standing_of(circle: Circle, person: PersonId) -> tuple[bytes, int]:
    """Return what somebody is told of their request, without what is their own (whose it is, since when), and how many
    statements it took the database."""
    with statements(circle) as seen:
        standing = await circle.request(person)
    own = {"request": RequestId(0), "made_at": Millis(0), "waited_s": 0.0, "kept_until": Millis(0)}
    return repr(replace(standing, **own)).encode(), len(seen)  # type: ignore[arg-type]


@contextmanager
def statements(circle: Circle) -> Iterator[list[str]]:
    """Gather what the database is asked."""
    seen: list[str] = []

    def gather(*told: object) -> None:
        seen.append(str(told[2]))

    engine = circle.place.store._reader.sync_engine
    sa.event.listen(engine, "before_cursor_execute", gather)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", gather)
