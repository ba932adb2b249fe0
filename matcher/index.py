"""The index: what a matcher process remembers of all peers' profiles, to find who is most alike.

It follows the timeline of changes, so every process comes to the same answers. It only says whom to look at first: who
may be offered a request is asked of the database (see `eligibility`), so what is out of date here costs a look and
harms nobody. It holds vectors, and the facets' tokens as columns of a table of yes and no; words are never in it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from chat.ids import PersonId, Seq
from chat.keys import Keys
from chat.seal import SealBroken
from chat.store import Store
from chat.tables import people
from matcher import changes
from matcher.encoder import Vectors
from matcher.facets import WISHED
from matcher.profiles import unseal_vector
from matcher.ranking import UNIT, Pool, similarities
from matcher.tables import peers, profile_facets, profile_languages, profiles

PAGE = 250
"""So many profiles are read and unsealed before others get their turn (about 10 ms)."""

VETTED = ("vetted", (b"",))
"""How it stands among the facets that a peer was vetted."""

Mask = npt.NDArray[np.bool_]
Tokens = frozenset[tuple[str, bytes]]
"""(name, token) of what somebody declares; languages stand as ("reads", tag)."""


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """What a request asks of the index. `vector`: shape (d,), unit length, or None where no text can be compared."""

    facets: Tokens
    breadth: int
    vector: Vectors | None


class Index:
    """All peers' profiles, a row each, in no order; rows move when somebody leaves."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._cursor: Seq | None = None
        self._pool: Pool | None = None
        self._clear("")

    def __len__(self) -> int:
        return len(self._row)

    @property
    def size_bytes(self) -> int:
        """What the vectors and facets take."""
        return self._vectors.nbytes + self._has.nbytes + self._people.nbytes

    @property
    def people(self) -> npt.NDArray[np.int64]:
        """Whose row is whose, shape (n,)."""
        return self._people[: len(self)]

    @property
    def encoded(self) -> int:
        """How many rows have a vector of the present model."""
        return int(np.count_nonzero(self._vectors[: len(self)].any(axis=1)))

    async def follow(self, model: str) -> None:
        """Come up to date: read what has changed, or everything at first and when the model is another."""
        async with self._store.reading() as tx:
            heard = None if self._cursor is None or model != self._model else await changes.since(tx, self._cursor)
            if heard is None:
                heard = await changes.last(tx), frozenset()
                everybody = list((await tx.execute(_who())).scalars())
                self._clear(model)
            else:
                everybody = sorted(heard[1])
        for start in range(0, len(everybody), PAGE):
            await self._read(everybody[start : start + PAGE])
            await asyncio.sleep(0)
        self._cursor = heard[0]

    def fitting(self, sought: Sought, partners: Mapping[tuple[str, bytes], frozenset[bytes]]) -> Mask:
        """Return whom the rules of facets, ages and languages allow, shape (n,): the same that `rules` asks of the
        database.

        Args:
            partners: see `pairs.partners`.
        """
        held: dict[str, set[bytes]] = {}
        for name, token in sought.facets:
            held.setdefault(name, set()).add(token)
        mask = self._any("reads", held.get("reads", ()))
        for name in ("role", "side", "status"):
            may = {other for one in held.get(name, ()) for other in partners.get((name, one), ())}
            mask &= self._any(name, may)
        if held.get("topic") and sought.breadth < 2:
            shared = self._any("topic", held["topic"])
            mask &= shared | self._any("family", held.get("family", ())) if sought.breadth else shared
        for wish, own in WISHED.items():
            if held.get(wish):
                mask &= self._any(own, held[wish])
            wished = self._any(wish, [token for name, token in self._column if name == wish])
            mask &= ~wished | self._any(wish, held.get(own, ()))
        by_age, by_vetting = (
            self._any("age", {other for one in held.get("age", ()) for other in partners.get((name, one), ())})
            for name in ("age", "vetted")
        )
        allowed: Mask = mask & np.where(self._any(*VETTED), by_vetting, by_age)
        return allowed

    def sharing(self, sought: Sought) -> int:
        """Return how many peers share what a request is about and read a language of its person's: the one of its
        topics that most share; the family where the circle is wider, and everybody where it is widest. Nothing finer is
        counted, so that a thousand questions count no one person apart."""
        name = "family" if sought.breadth else "topic"
        about = [token for of, token in sought.facets if of == name]
        reading = self._any("reads", [token for of, token in sought.facets if of == "reads"])
        if sought.breadth > 1 or not about:
            return int(np.count_nonzero(reading))
        return max(int(np.count_nonzero(reading & self._any(name, [token]))) for token in about)

    def alike(self, sought: Sequence[Sought]) -> Vectors:
        """Return how alike each request and each peer are, shape (s, n): by their words, and where there are none to
        compare by how many of the request's facets the peer declares too (0 … 1)."""
        count = len(self)
        made: Vectors = np.zeros((len(sought), count), dtype=np.float32)
        rows = [n for n, one in enumerate(sought) if one.vector is not None and self._is_comparable(one.vector)]
        if rows and count:
            self._pool = self._pool or Pool.of(self._vectors[:count])
            wanted = np.stack([sought[n].vector for n in rows])  # type: ignore[misc]
            made[rows] = similarities(wanted, self._pool)
        for n in set(range(len(sought))) - set(rows):
            columns = [self._column[one] for one in sought[n].facets if one in self._column]
            made[n] = self._has[:count, columns].sum(axis=1) / max(1, len(sought[n].facets))
        return made

    def declared(self, row: int) -> Tokens:
        """Return what the peer in a row declares."""
        return frozenset(one for one, column in self._column.items() if self._has[row, column])

    def _is_comparable(self, vector: Vectors) -> bool:
        return len(vector) == self._width and abs(float(np.linalg.norm(vector)) - 1) < UNIT

    def _any(self, name: str, tokens: Iterable[bytes]) -> Mask:
        columns = [self._column[name, token] for token in tokens if (name, token) in self._column]
        made: Mask = np.any(self._has[: len(self), columns], axis=1)
        return made

    async def _read(self, who: Sequence[int]) -> None:
        async with self._store.reading() as tx:
            wanted = _who().add_columns(profiles.c.vector, profiles.c.vector_model, peers.c.vetted)
            rows = {row.person: row for row in await tx.execute(wanted.where(profiles.c.person.in_(who)))}
            facets: dict[int, list[tuple[str, bytes]]] = {
                person: [("vetted", b"")] if row.vetted else [] for person, row in rows.items()
            }
            for one in await tx.execute(sa.select(profile_facets).where(profile_facets.c.person.in_(rows))):
                facets[one.person].append((one.name, bytes(one.token)))
            for one in await tx.execute(sa.select(profile_languages).where(profile_languages.c.person.in_(rows))):
                facets[one.person].append(("reads", one.language.encode()))
        own = await self._keys.many(rows, "own")
        for person in who:
            row, key = rows.get(person), own.get(person)
            if row is None or key is None:
                self._drop(PersonId(person))
                continue
            vector = None
            if row.vector is not None and row.vector_model == self._model:
                try:
                    vector = unseal_vector(key, PersonId(person), row.vector, row.vector_model)
                except SealBroken:
                    vector = None
            self._put(PersonId(person), facets[person], vector)

    def _clear(self, model: str) -> None:
        self._model = model
        self._cursor = None  # until everything has been read
        self._width = 0
        self._row: dict[PersonId, int] = {}
        self._column: dict[tuple[str, bytes], int] = {}
        self._people = np.zeros(PAGE, dtype=np.int64)
        self._vectors: Vectors = np.zeros((PAGE, 0), dtype=np.float32)
        self._has: Mask = np.zeros((PAGE, 64), dtype=np.bool_)
        self._pool = None

    def _put(self, person: PersonId, facets: Iterable[tuple[str, bytes]], vector: Vectors | None) -> None:
        row = self._row.setdefault(person, len(self._row))
        if row == len(self._people):
            self._people = np.concatenate((self._people, np.zeros_like(self._people)))
            self._vectors = np.concatenate((self._vectors, np.zeros_like(self._vectors)))
            self._has = np.concatenate((self._has, np.zeros_like(self._has)))
        if vector is not None and not self._width:
            self._width = len(vector)
            self._vectors = np.zeros((len(self._people), self._width), dtype=np.float32)
        self._people[row] = person
        self._vectors[row] = 0
        if vector is not None and self._is_comparable(vector):
            self._vectors[row] = vector
        self._has[row] = False
        for one in facets:
            column = self._column.setdefault(one, len(self._column))
            if column == self._has.shape[1]:
                self._has = np.concatenate((self._has, np.zeros_like(self._has)), axis=1)
            self._has[row, column] = True
        self._pool = None

    def _drop(self, person: PersonId) -> None:
        row = self._row.pop(person, None)
        if row is None:
            return
        end = len(self._row)
        for held in (self._people, self._vectors, self._has):
            held[row] = held[end]
            held[end] = 0  # a vector can be inverted into text
        if row != end:
            self._row[PersonId(int(self._people[row]))] = row
        self._pool = None


def _who() -> "sa.Select[Any]":
    """Who is to be in the index: everybody active with a profile who has ever said when they take requests."""
    return (
        sa.select(profiles.c.person)
        .join(peers, peers.c.person == profiles.c.person)
        .join(people, people.c.id == profiles.c.person)
        .where(people.c.state == "active")
        .order_by(profiles.c.person)
    )
