"""House rules: what is asked of everybody here, and what an act of a moderator must name.

The one idea: the list is appended to and never edited. A row is a rule as it was from one version on, and the newest
row of a code counts; so an act keeps the version it was made under, and its notice cites the words of that day. The
list begins with what the software knows (version 0), whose words stand in the pages' catalogues; `texts` are the
organisation's own words, by the language of the site.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import access, audit
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import Malformed, NotAMember
from chat.store import Transaction
from chat.tables import house_rules
from chat.words import check

FIRST = ("kindness", "privacy", "no_selling", "no_contact", "safety", "flooding")
"""What the list begins with."""
TEXT_MOST = 200
"""Characters of a rule: it is read on a phone by somebody who has just been told that they broke it."""
RULES_MOST = 50
"""Retired ones counted; nobody keeps to more."""


@dataclass(frozen=True, slots=True)
class HouseRule:
    """A rule as it was from `version` on. `texts`: by language; none for those the catalogues know."""

    code: str
    version: int
    texts: Mapping[str, str]
    retired: bool = False


async def seed(tx: Transaction) -> None:
    """Write what the list begins with, once. Repeating changes nothing."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    now = await tx.now()
    rows: list[dict[str, object]] = [
        {"code": code, "version": 0, "texts": "{}", "position": n, "retired": False, "made_at": now}
        for n, code in enumerate(FIRST, start=1)
    ]
    await tx.execute(insert(house_rules).on_conflict_do_nothing(), rows)


async def load(tx: Transaction) -> tuple[HouseRule, ...]:
    """Return every rule as it is now, in order, the retired among them."""
    newest = sa.select(house_rules.c.code, sa.func.max(house_rules.c.version).label("version"))
    last = newest.group_by(house_rules.c.code).subquery()
    both = sa.and_(last.c.code == house_rules.c.code, last.c.version == house_rules.c.version)
    wanted = sa.select(house_rules).join(last, both).order_by(house_rules.c.position, house_rules.c.code)
    return tuple(rule_of(row) for row in await tx.execute(wanted))


async def changed(tx: Transaction) -> tuple[Millis, PersonId] | None:
    """Return when and by whom the list was last changed; None: never."""
    newest = sa.select(house_rules).where(house_rules.c.version > 0).order_by(house_rules.c.version.desc()).limit(1)
    row = (await tx.execute(newest)).first()
    return None if row is None else (row.made_at, PersonId(row.made_by))


async def in_force(tx: Transaction, code: str) -> int:
    """Return the version of a rule that is in force.

    Raises:
        Malformed: no such rule, or retired: nobody is judged by it.
    """
    newest = sa.select(house_rules.c.version, house_rules.c.retired).where(house_rules.c.code == code)
    row = (await tx.execute(newest.order_by(house_rules.c.version.desc()).limit(1))).first()
    if row is None or row.retired:
        raise Malformed
    return int(row.version)


async def add(tx: Transaction, keys: Keys, organiser: PersonId, texts: Mapping[str, str]) -> str:
    """Put a new rule at the end of the list and return its code.

    Raises:
        NotAllowed: not an organiser. NotWords. Malformed: a text too long, or too many rules.
    """
    known = (await tx.execute(sa.select(sa.func.max(house_rules.c.position)))).scalar() or 0
    if known >= RULES_MOST:
        raise Malformed
    code = "own_" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(12))
    await _append(tx, keys, organiser, code, known + 1, texts, False)
    return code


async def change(
    tx: Transaction, keys: Keys, organiser: PersonId, code: str, texts: Mapping[str, str], *, retired: bool
) -> None:
    """Say a rule in other words, retire it or bring it back, from now on.

    Raises:
        NotAMember: no such rule. NotAllowed: not an organiser. NotWords. Malformed: a text too long, or it is the last
        rule in force.
    """
    known = {one.code: one for one in await load(tx)}
    if code not in known:
        raise NotAMember
    if retired and not any(not one.retired for one in known.values() if one.code != code):
        raise Malformed  # without a rule nothing could be done about anybody
    position = sa.select(house_rules.c.position).where(house_rules.c.code == code).limit(1)
    await _append(tx, keys, organiser, code, (await tx.execute(position)).scalar_one(), texts, retired)


def rule_of(row: "sa.Row[Any]") -> HouseRule:
    """Return the rule of a row that has the columns of `house_rules`."""
    return HouseRule(row.code, row.version, msgspec.json.decode(row.texts, type=dict[str, str]), row.retired)


async def _append(
    tx: Transaction, keys: Keys, organiser: PersonId, code: str, position: int, texts: Mapping[str, str], retired: bool
) -> None:
    kept = {language: " ".join(check(text).split()) for language, text in texts.items()}
    if any(len(one) > TEXT_MOST for one in kept.values()):
        raise Malformed
    await access.require_role(tx, organiser, "organiser")
    number = await audit.append(tx, keys.derive("audit"), "house_rule", organiser, code=code)
    await tx.execute(house_rules.insert().values(
        code=code, version=number, texts=msgspec.json.encode(kept).decode(), position=position, retired=retired,
        made_by=organiser, made_at=await tx.now(),
    ))  # fmt: skip
