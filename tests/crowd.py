"""A crowd: many people with what they declare, written straight into the tables.

One at a time they would cost minutes; what is under test is how they are matched, not how they came.
"""

import random
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import sqlalchemy as sa

from chat.ids import PersonId, new_id
from chat.keys import _bound
from chat.seal import KEY_BYTES, Keyring
from chat.tables import memberships, people, roles, rooms
from matcher import changes, profiles
from matcher.facets import MOST, SEEDED, VALUES, Declared, Facet, Name
from matcher.requests import HOUR_MS, KEPT_H, RequestId
from matcher.tables import peers, profile_facets, profile_languages, request_facets, request_languages, requests
from matcher.tables import profiles as profiles_table
from tests.circle import Circle
from tests.words import words

AT_ONCE = 1000


@dataclass(frozen=True)
class One:
    """What somebody declares, writes and reads; `capacity` and `vetted` are a peer's, `breadth` a seeker's."""

    declares: Declared = field(default_factory=dict)
    text: str = ""
    languages: tuple[str, ...] = ("en",)
    capacity: int = 1
    vetted: bool = False
    breadth: int = 0


def anybody(chosen: random.Random, topics: Sequence[str] = tuple(SEEDED)) -> One:
    """Return somebody at random, who declares some things and leaves others open."""
    held: dict[Name, frozenset[str]] = {}
    for name, values in VALUES.items():
        possible = topics if name == "topic" else values
        count = chosen.choice((0, 1, 1, 1, 2)) if MOST[name] > 1 else chosen.choice((0, 1, 1))
        if name.startswith("wish_"):
            count = chosen.choice((0, 0, 0, 1, 2))
        if some := frozenset(chosen.sample(possible, min(count, MOST[name], len(possible)))):
            held[name] = some
    languages = tuple(sorted(chosen.sample(("en", "fi", "sv"), chosen.choice((1, 2)))))
    return One(held, "", languages, 1, chosen.random() < 0.3, chosen.choice((0, 0, 1, 2)))


async def people_of(circle: Circle, count: int) -> list[PersonId]:
    """Make so many people, with keys and inboxes."""
    found = [PersonId(new_id()) for _ in range(count)]
    keyring = Keyring.load(circle.place.folder / "master.keys")
    wrapped = [
        (person, purpose, *keyring.wrap(secrets.token_bytes(KEY_BYTES), _bound(person, purpose)))
        for person in found
        for purpose in ("own", "said")
    ]
    with closing(sqlite3.connect(circle.place.folder / "keys.db")) as keys:
        keys.executemany("insert into data_keys (owner, purpose, master, wrapped) values (?, ?, ?, ?)", wrapped)
        keys.commit()
    inboxes = [new_id() for _ in found]
    rows: dict[sa.Table, list[dict[str, object]]] = {rooms: [], people: [], memberships: []}
    for person, inbox in zip(found, inboxes, strict=True):
        name = f"Quiet Heron {person}"
        row = {"id": person, "state": "active", "nickname": name, "skeleton": name, "inbox": inbox, "created_at": 1}
        rows[people].append(row)
        rows[rooms].append({"id": inbox, "kind": "inbox", "state": "open", "capacity": 1, "created_at": 1})
        member = {"room": inbox, "person": person, "from_seq": 1, "part": "member", "since_at": 1}
        rows[memberships].append(member)
    await _insert(circle, rows)
    return found


async def peers_of(circle: Circle, ones: Sequence[One]) -> list[PersonId]:
    """Make so many trained peers, open, with profiles."""
    found = await people_of(circle, len(ones))
    own = await circle.place.keys.many(found, "own")
    tables = (roles, profiles_table, profile_languages, profile_facets, peers)
    rows: dict[sa.Table, list[dict[str, object]]] = {table: [] for table in tables}
    for person, one in zip(found, ones, strict=True):
        sealed = profiles.seal(own[person], circle.tokens, person, _words(one))
        rows[roles].append({"person": person, "role": "peer", "granted_at": 1})
        kept = {"person": person, "body": sealed.body, "version": 1, "language": one.languages[0], "saved_at": 1}
        rows[profiles_table].append(kept)
        rows[profile_languages] += [{"person": person, "language": language} for language in one.languages]
        rows[profile_facets] += [{"person": person, "name": name, "token": token} for name, token in sealed.facets]
        open_now = {"person": person, "state": "open", "capacity": one.capacity, "vetted": one.vetted, "changed_at": 1}
        rows[peers].append(open_now)
    await _insert(circle, rows)
    async with circle.place.store.transaction() as tx:
        for person in found:
            await changes.note(tx, person)
    return found


async def requests_of(circle: Circle, seekers: Sequence[PersonId], ones: Sequence[One]) -> list[RequestId]:
    """Let everybody ask at once; they were asked a question and have left it open."""
    own = await circle.place.keys.many(seekers, "own")
    async with circle.place.store.reading() as tx:
        now = await tx.now()
    rows: dict[sa.Table, list[dict[str, object]]] = {requests: [], request_languages: [], request_facets: []}
    found = []
    for person, one in zip(seekers, ones, strict=True):
        sealed = profiles.seal(own[person], circle.tokens, person, _words(one), "requests")
        request = RequestId(new_id())
        found.append(request)
        row = {"id": request, "person": person, "state": "waiting", "body": sealed.body, "language": one.languages[0]}
        row["questioned"] = "role"
        times = {"made_at": now, "kept_until": now + KEPT_H * HOUR_MS}
        rows[requests].append(row | times | {"breadth": one.breadth})
        rows[request_languages] += [{"request": request, "language": language} for language in one.languages]
        rows[request_facets] += [{"request": request, "name": name, "token": token} for name, token in sealed.facets]
    await _insert(circle, rows)
    return found


def _words(one: One) -> profiles.Words:
    facets = [Facet(name, value) for name, values in one.declares.items() for value in sorted(values)]
    return profiles.compose(words(one.text) if one.text else "", "matching", facets)


async def _insert(circle: Circle, rows: Mapping[sa.Table, Sequence[dict[str, object]]]) -> None:
    async with circle.place.store.transaction() as tx:
        for table, made in rows.items():
            for some in _pages(made):  # of nobody there is none
                await tx.execute(table.insert(), some)
        if tx.is_postgresql:
            await tx.execute(sa.text("analyze"))  # a minute later the server would do it by itself


def _pages(made: Sequence[dict[str, object]]) -> Iterable[Sequence[dict[str, object]]]:
    return (made[start : start + AT_ONCE] for start in range(0, len(made), AT_ONCE))
