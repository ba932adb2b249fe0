"""The pool: what a matcher process remembers of peers' profiles, so that a request need not unseal all of them.

It is never asked who may be offered anything: the database says who (see `eligibility`), with the version of each
profile, and whoever is not remembered in that version is read and unsealed then. Whoever has left is forgotten.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from chat.ids import PersonId
from chat.keys import Keys
from chat.seal import SealBroken
from chat.store import Store
from chat.tables import people
from matcher.eligibility import Row
from matcher.encoder import Vectors
from matcher.facets import Declared, declared
from matcher.profiles import unseal, unseal_vector
from matcher.tables import peers, profiles

PAGE = 250
"""So many profiles are read and unsealed before others get their turn (about 10 ms)."""


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """One peer's profile in one version. `vector`: None where there is none (yet), or the language is not covered."""

    stamp: tuple[int, int, str | None]
    declared: Declared
    vector: Vectors | None


class Pool:
    """Profiles of peers, by person."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._known: dict[PersonId, Known] = {}

    async def of(self, rows: Sequence[Row]) -> dict[PersonId, Known]:
        """Return what is known of these peers, reading what is missing or changed. Who cannot be read is left out."""
        missing = [row for row in rows if (known := self._known.get(row.person)) is None or known.stamp != _stamp(row)]
        for start in range(0, len(missing), PAGE):
            await self._read([row.person for row in missing[start : start + PAGE]])
            await asyncio.sleep(0)
        return {row.person: self._known[row.person] for row in rows if row.person in self._known}

    async def warm(self) -> None:
        """Read every peer's profile, and forget who has gone: at start, and now and then."""
        wanted = (
            sa.select(profiles.c.person, profiles.c.version, profiles.c.vector_of, profiles.c.vector_model)
            .join(peers, peers.c.person == profiles.c.person)
            .join(people, people.c.id == profiles.c.person)
            .where(people.c.state == "active")
        )
        async with self._store.reading() as tx:
            rows = list(await tx.execute(wanted))
        there = {row.person for row in rows}
        self._known = {person: known for person, known in self._known.items() if person in there}
        await self.of(rows)

    def people(self) -> set[PersonId]:
        """Whose profiles are remembered."""
        return set(self._known)

    async def _read(self, who: list[PersonId]) -> None:
        async with self._store.reading() as tx:
            rows = list(await tx.execute(sa.select(profiles).where(profiles.c.person.in_(who))))
        own = await self._keys.many(who, "own")
        for person in who:
            self._known.pop(person, None)
        for row in rows:
            key = own.get(row.person)
            if key is None:
                continue
            try:
                facets = declared(unseal(key, row.person, row.body).facets)
                vector = None
                if row.vector is not None:
                    vector = unseal_vector(key, row.person, row.vector, row.vector_model)
            except SealBroken:
                continue
            self._known[row.person] = Known(_stamp(row), facets, vector)


def matrix(known: Sequence[Known], model: str, wanted: Vectors) -> Vectors:
    """Return the vectors of that model, a row each; zeros (similar to nothing) where there is none."""
    made: Vectors = np.zeros((len(known), len(wanted)), dtype=np.float32)
    for row, one in enumerate(known):
        if one.vector is not None and one.stamp[2] == model and len(one.vector) == len(wanted):
            made[row] = one.vector
    return made


def _stamp(row: Row) -> tuple[int, int, str | None]:
    return row.version, row.vector_of, row.vector_model
