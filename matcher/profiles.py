"""Profiles: what a person has lived through, in their own words and in facets, and what of it may be shown.

Words and facets are one sealed body under the person's `own` key; keys are fetched before a transaction opens. The
vector is sealed too, and is made by a matcher process when it comes to it: a profile without one still fits by facets.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from chat import words
from chat.access import is_muted
from chat.ids import PersonId
from chat.keys import Keys
from chat.protocol import TEXT_CHARACTERS, Quiet
from chat.refusals import Malformed, Muted, SignedOut, TooLong
from chat.seal import DataKey, SealBroken, about
from chat.store import Store, Transaction
from chat.tables import people
from matcher import changes
from matcher.encoder import Vectors
from matcher.facets import SEEDED, Facet, Topics, Visibility, checked, declared, families
from matcher.tables import not_today, peers, places, profile_facets, profile_languages, profiles
from matcher.tokens import Tokens

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
LANGUAGES_MOST = 8
ENCODE_S = 30
"""A matcher that has taken a profile to encode and has not done it by then has gone; another takes it."""


class Words(Quiet, frozen=True):
    """What a person says of themselves, in a profile or a request: free text and facets, each with its visibility.

    `near`: the families of the topics that take part, as the organiser's list had them then; None: as it begins.
    """

    text: str = ""
    text_visibility: Visibility = "matching"
    facets: tuple[Facet, ...] = ()
    near: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """Words sealed for one person's profile or one request, and (name, token) of what they declare."""

    body: bytes
    facets: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """A person's own profile, for its form. `language`: the text's; `languages`: those they read; `version`: see
    `tables.profiles`, 0 where none is kept."""

    words: Words
    language: str
    languages: tuple[str, ...]
    version: int = 0


def compose(text: str, text_visibility: Visibility, facets: Iterable[Facet], topics: Topics = SEEDED) -> Words:
    """Return words as they are kept; an empty text is allowed (facets alone fit too).

    Args:
        topics: the organiser's list now (`topics.offered`).

    Raises:
        NotWords, Malformed: see `words.check`, `facets.checked`.
        TooLong: the text is longer than 4,000 characters.
    """
    if len(text) > TEXT_CHARACTERS:
        raise TooLong
    kept = checked(facets, topics)
    near = tuple(sorted(families(declared(kept).get("topic", ()), topics)))
    return Words(words.check(text) if text.strip() else "", text_visibility, kept, near)


def checked_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Return language tags in order, once each.

    Raises:
        Malformed: none, too many, or no tag like `fi` or `zh-Hant`.
    """
    kept = tuple(sorted(set(languages)))
    if not 1 <= len(kept) <= LANGUAGES_MOST or not all(LANGUAGE.match(one) for one in kept):
        raise Malformed
    return kept


def seal(key: DataKey, tokens: Tokens, person: PersonId, kept: Words, table: str = "profiles") -> Sealed:
    """Seal words for a person's profile (or, with `table`, for their request) under their `own` key."""
    body = key.seal(msgspec.json.encode(kept).decode(), about(table, 0, person, "words", key.version))
    return Sealed(body, tokens.facets(declared(kept.facets), kept.near))


def unseal(key: DataKey, person: PersonId, body: bytes, table: str = "profiles") -> Words:
    """Open what `seal` sealed.

    Raises:
        SealBroken: another key, person or table.
    """
    return msgspec.json.decode(key.open(body, about(table, 0, person, "words", key.version)), type=Words)


def seal_vector(key: DataKey, person: PersonId, vector: Vectors, model: str, table: str = "profiles") -> bytes:
    """Seal a vector of float32 for the place it is kept in, and for the model that made it."""
    text = base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return key.seal(text, about(table, 0, person, f"vector {model}", key.version))


def unseal_vector(key: DataKey, person: PersonId, sealed: bytes, model: str, table: str = "profiles") -> Vectors:
    """Open what `seal_vector` sealed.

    Raises:
        SealBroken: another key, person, model or table.
    """
    text = key.open(sealed, about(table, 0, person, f"vector {model}", key.version))
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)


async def save(tx: Transaction, person: PersonId, sealed: Sealed, *, language: str, languages: Iterable[str]) -> None:
    """Keep a person's profile in place of the one before. Its vector is made anew.

    Raises:
        Muted, SignedOut, Malformed.
    """
    read = checked_languages(languages)
    checked_languages([language])
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise SignedOut
    if await is_muted(tx, person):
        raise Muted
    now = await tx.now()
    kept = {"body": sealed.body, "language": language, "vector": None, "vector_of": 0, "saved_at": now}
    again = sa.update(profiles).where(profiles.c.person == person)
    if (await tx.execute(again.values(version=profiles.c.version + 1, encode_until=0, **kept))).rowcount == 0:
        await tx.execute(profiles.insert().values(person=person, version=1, **kept))
    await tx.execute(profile_languages.delete().where(profile_languages.c.person == person))
    await tx.execute(profile_languages.insert(), [{"person": person, "language": one} for one in read])
    await tx.execute(profile_facets.delete().where(profile_facets.c.person == person))
    rows: list[dict[str, object]] = [{"person": person, "name": name, "token": token} for name, token in sealed.facets]
    await tx.execute(profile_facets.insert(), rows)
    await changes.note(tx, person)


async def load(store: Store, keys: Keys, person: PersonId) -> Profile | None:
    """Return a person's own profile, or None where there is none (or it can no longer be opened)."""
    async with store.reading() as tx:
        row = (await tx.execute(sa.select(profiles).where(profiles.c.person == person))).first()
        wanted = sa.select(profile_languages.c.language).where(profile_languages.c.person == person)
        languages = tuple((await tx.execute(wanted.order_by(profile_languages.c.language))).scalars())
    key = (await keys.many([person], "own")).get(person)
    if row is None or key is None:
        return None
    try:
        return Profile(unseal(key, person, row.body), row.language, languages, row.version)
    except SealBroken:
        return None


async def encoded_share(tx: Transaction, model: str) -> float:
    """Return which share of all profiles this model has encoded as they are now, 0 … 1; of none, all."""
    done = sa.func.count().filter(sa.not_(_without(model)))
    row = (await tx.execute(sa.select(sa.func.count().label("all"), done.label("done")).select_from(profiles))).one()
    return row.done / row.all if row.all else 1.0


async def is_unencoded(tx: Transaction, model: str) -> bool:
    """Whether there is a profile to take for encoding."""
    now = await tx.now()
    wanted = sa.select(profiles.c.person).where(_without(model), profiles.c.encode_until <= now).limit(1)
    return (await tx.execute(wanted)).first() is not None


async def take_unencoded(tx: Transaction, model: str, most: int) -> "list[sa.Row[Any]]":
    """Take at most `most` profiles that have no vector of this model; nobody else takes them for ENCODE_S.

    Rows: person, body, version, language. A profile is taken again when a matcher died over it.
    """
    now = await tx.now()
    wanted = sa.select(profiles.c.person).where(_without(model), profiles.c.encode_until <= now)
    oldest = wanted.order_by(profiles.c.saved_at).limit(most).with_for_update(skip_locked=True)
    chosen = list((await tx.execute(oldest)).scalars())  # a statement of its own: as a subquery it may be run again
    taken = sa.update(profiles).where(profiles.c.person.in_(chosen)).values(encode_until=now + ENCODE_S * 1000)
    columns = (profiles.c.person, profiles.c.body, profiles.c.version, profiles.c.language)
    return list(await tx.execute(taken.returning(*columns)))


async def keep_vectors(tx: Transaction, model: str, made: Mapping[tuple[PersonId, int], bytes | None]) -> None:
    """Keep vectors by (person, version of the profile); of a version that has since been replaced nothing is kept.
    None: there is nothing to encode (no text), and none is asked for again.

    All profiles first, the changes after them: who saves a profile takes the two in this order.
    """
    kept = []
    for person, version in sorted(made):
        row = {"vector": made[person, version], "vector_of": version, "vector_model": model, "encode_until": 0}
        mine = sa.update(profiles).where(profiles.c.person == person, profiles.c.version == version)
        if (await tx.execute(mine.values(row))).rowcount:
            kept.append(person)
    for person in kept:
        await changes.note(tx, person)


async def forget(tx: Transaction, person: PersonId) -> None:
    """Delete what is kept of a person's experience, places and availability: part of erasing an account."""
    await _withdraw(tx, person)
    for table in (places, not_today, peers):
        await tx.execute(table.delete().where(table.c.person == person))


async def withdraw(tx: Transaction, person: PersonId) -> None:
    """Delete a person's profile at their wish, in every process's index too. Without one nothing happens."""
    await tx.lock(people, [person])
    await _withdraw(tx, person)


async def _withdraw(tx: Transaction, person: PersonId) -> None:
    for table in (profile_languages, profile_facets, profiles):
        await tx.execute(table.delete().where(table.c.person == person))
    await changes.note(tx, person)


def _without(model: str) -> "sa.ColumnElement[bool]":
    return sa.or_(profiles.c.vector_of < profiles.c.version, profiles.c.vector_model != model)
