"""A batch: requests that are matched together, and to whom each of them goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chat.ids import PersonId
from matcher.assignment import Edges, assign, commonness
from matcher.eligibility import Free
from matcher.encoder import Vectors
from matcher.index import Sought
from matcher.profiles import Words
from matcher.requests import Lease


@dataclass(frozen=True, slots=True, repr=False)
class Open:
    """A leased request that is being matched."""

    held: Lease
    words: Words
    sought: Sought


@dataclass(frozen=True, slots=True)
class Fate:
    """What the look at a request came to. `everybody_asked`: all who may be were asked in this round."""

    scarce: bool
    question: str | None
    everybody_asked: bool


def assigned(
    batch: Sequence[Open],
    able: Sequence[Sequence[int]],
    alike: Vectors,
    people: npt.NDArray[np.int64],
    free: Mapping[PersonId, Free],
) -> list[PersonId | None]:
    """Return to whom each request goes, if to anybody. `able`: rows of the index, for each request."""
    rows = sorted({row for one in able for row in one})
    column = {row: n for n, row in enumerate(rows)}
    peers = [free[PersonId(int(people[row]))] for row in rows]
    pairs_of = [(n, row) for n, one in enumerate(able) for row in sorted(one)]
    edges = Edges(
        np.array([n for n, _ in pairs_of], dtype=np.intp),
        np.array([column[row] for _, row in pairs_of], dtype=np.intp),
        np.array([alike[n, row] for n, row in pairs_of], dtype=np.float32),
    )
    taken = assign(
        edges,
        capacity=np.array([one.places for one in peers], dtype=np.int64),
        talks=np.array([one.load for one in peers], dtype=np.int64),
        waited_min=np.array([one.held.waited_s / 60 for one in batch]),
        common=commonness(alike),
    )
    return [None if place < 0 else peers[place].person for place in taken]
