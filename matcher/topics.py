"""Topics: the organiser's list of what people may say they have lived with.

The one idea: the list is appended to and never edited. A row is a topic as it was from one version on, with when and by
whom; the newest row of a code counts. A topic that is retired is offered no more, and who holds it keeps it until they
next save. It begins with what the software knows (version 0), whose words stand in the pages' catalogues; `labels` are
the organiser's own words, by the language of the site.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import audit
from chat.access import require_role
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import Malformed, NotAMember
from chat.store import Transaction
from chat.words import check
from matcher.facets import FAMILIES, SEEDED, Topics
from matcher.tables import topics

LABEL_MOST = 60
"""Characters of a topic's label: it must fit on a button of a phone."""
TOPICS_MOST = 100
"""Retired ones counted; more could be read by nobody."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is now. `labels`: the organiser's words by language; none for those the catalogues know."""

    code: str
    family: str
    labels: Mapping[str, str]
    retired: bool = False


FIRST = tuple(Topic(code, family, {}) for code, family in SEEDED.items())
"""What the list begins with."""


async def seed(tx: Transaction) -> None:
    """Write what the list begins with, once. Repeating changes nothing."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    now = await tx.now()
    rows: list[dict[str, object]] = [
        {"version": 0, "code": one.code, "family": one.family, "position": float(n), "labels": "{}", "retired": False,
         "made_at": now}
        for n, one in enumerate(FIRST, start=1)
    ]  # fmt: skip
    await tx.execute(insert(topics).on_conflict_do_nothing(), rows)


async def load(tx: Transaction) -> tuple[Topic, ...]:
    """Return every topic in the organiser's order, the retired among them."""
    return tuple(topic for _, topic in await _positions(tx))


async def version(tx: Transaction) -> int:
    """Return the number of the list's newest change; 0: none was made."""
    return int((await tx.execute(sa.select(sa.func.max(topics.c.version)))).scalar() or 0)


async def changed(tx: Transaction) -> tuple[Millis, PersonId] | None:
    """Return when and by whom the list was last changed; None: never."""
    newest = sa.select(topics).where(topics.c.version > 0).order_by(topics.c.version.desc()).limit(1)
    row = (await tx.execute(newest)).first()
    return None if row is None else (row.made_at, PersonId(row.made_by))


def offered(known: Iterable[Topic]) -> Topics:
    """Return what may be declared now."""
    return {one.code: one.family for one in known if not one.retired}


async def add(tx: Transaction, keys: Keys, organiser: PersonId, family: str, labels: Mapping[str, str]) -> str:
    """Put a new topic at the end of the list and return its code.

    Raises:
        NotAllowed: not an organiser. NotWords. Malformed: no such family, a label too long, or too many topics.
    """
    known = await _positions(tx)
    if len(known) >= TOPICS_MOST:
        raise Malformed
    topic = Topic(f"own_{secrets.token_hex(6)}", family, labels)
    await _append(tx, keys, organiser, topic, known[-1][0] + 1 if known else 1)
    return topic.code


async def change(
    tx: Transaction,
    keys: Keys,
    organiser: PersonId,
    code: str,
    *,
    family: str,
    labels: Mapping[str, str],
    retired: bool,
    place: int,
) -> None:
    """Rename a topic, move it to another family or another place in the list (the first is 1), retire it or bring it
    back.

    Raises:
        NotAMember: no such topic. NotAllowed: not an organiser. NotWords. Malformed: no such family, or a label too
        long.
    """
    known = await _positions(tx)
    mine = next((topic for _, topic in known if topic.code == code), None)
    if mine is None:
        raise NotAMember
    others = [position for position, topic in known if topic.code != code]
    place = min(max(place, 1), len(known))
    before, after = others[: place - 1], others[place - 1 :]
    low = before[-1] if before else (after[0] - 2 if after else 0)
    high = after[0] if after else low + 2
    topic = replace(mine, family=family, labels=labels, retired=retired)
    await _append(tx, keys, organiser, topic, (low + high) / 2)


async def _append(tx: Transaction, keys: Keys, organiser: PersonId, topic: Topic, position: float) -> None:
    labels = {language: " ".join(check(label).split()) for language, label in topic.labels.items()}
    if topic.family not in FAMILIES or any(len(one) > LABEL_MOST for one in labels.values()):
        raise Malformed
    await require_role(tx, organiser, "organiser")
    number = await audit.append(tx, keys.derive("audit"), "topic", organiser, code=topic.code)
    await tx.execute(topics.insert().values(
        version=number, code=topic.code, family=topic.family, position=position, retired=topic.retired,
        labels=msgspec.json.encode(labels).decode(), made_by=organiser, made_at=await tx.now(),
    ))  # fmt: skip


async def _positions(tx: Transaction) -> list[tuple[float, Topic]]:
    newest = sa.select(topics.c.code, sa.func.max(topics.c.version).label("version")).group_by(topics.c.code).subquery()
    rows = await tx.execute(
        sa.select(topics)
        .join(newest, sa.and_(newest.c.code == topics.c.code, newest.c.version == topics.c.version))
        .order_by(topics.c.position, topics.c.code)
    )
    return [
        (row.position, Topic(row.code, row.family, msgspec.json.decode(row.labels, type=dict[str, str]), row.retired))
        for row in rows
    ]
