"""Recusal: whom a moderator may not judge, and what they therefore learn nothing of.

Oneself; whoever one talks with in a one-to-one, or did in the last 30 days (not where one came in as a third because
of the case, see `thirds`); whoever one has blocked or is blocked by.
Of an appeal, besides: whoever made the act that is appealed, or said yes to it, and whoever may not judge who reported.
Of the case of what waits in a room that holds: whoever may judge nothing of it, as long as something waits.
Asked of the database every time, in the transaction that acts, under both people's locks; refused as if nobody were
there, because "you may not" would tell a moderator that somebody has blocked them.
"""

import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import NotAMember
from chat.store import Transaction, clock
from chat.tables import acts, alias, blocks, cases, held, memberships, rooms

MATCHED_MS = 30 * 86_400_000
"""So long after a one-to-one ended who was in it is still no stranger."""
HELD = "held"
"""Code of the one open case of a room in which something waits."""


def is_recused(
    moderator: "PersonId | sa.ColumnElement[int]",
    person: "sa.ColumnElement[int] | sa.ColumnElement[int | None]",
    is_postgresql: bool,
) -> "sa.ColumnElement[bool]":
    """Whether the moderator (or each of a column) may not judge a person (a column; nobody, where it is null), as an
    expression."""
    mine, theirs = alias(memberships, "recused_mine"), alias(memberships, "recused_theirs")
    room, since = alias(rooms, "recused_room"), clock(is_postgresql) - MATCHED_MS
    matched = sa.exists().where(
        mine.c.person == moderator, mine.c.part != "professional", theirs.c.person == person,
        theirs.c.room == mine.c.room, room.c.id == mine.c.room,
        room.c.kind == "one_to_one", sa.or_(room.c.closed_at.is_(None), room.c.closed_at > since),
    ).correlate_except(mine, theirs, room)  # fmt: skip
    blocked = (
        sa.exists()
        .where(
            sa.or_(
                sa.and_(blocks.c.person == moderator, blocks.c.blocked == person),
                sa.and_(blocks.c.person == person, blocks.c.blocked == moderator),
            )
        )
        .correlate_except(blocks)
    )  # a column may be of a query further out
    return sa.or_(sa.func.coalesce(person, 0) == moderator, matched, blocked)


def is_recused_from(moderator: "PersonId | sa.ColumnElement[int]", is_postgresql: bool) -> "sa.ColumnElement[bool]":
    """Whether the moderator (or each of a column) may not know of a case (a row of `cases`), as an expression."""
    act, before = alias(acts, "recused_act"), alias(cases, "recused_before")
    own = sa.exists().where(act.c.id == cases.c.act, sa.or_(act.c.made_by == moderator, act.c.seconded_by == moderator))
    reported = sa.exists().where(
        act.c.id == cases.c.act, before.c.id == act.c.case, is_recused(moderator, before.c.reporter, is_postgresql)
    )
    return sa.or_(
        is_recused(moderator, cases.c.subject, is_postgresql), is_recused(moderator, cases.c.reporter, is_postgresql),
        own, reported, _judges_nothing_of(moderator, is_postgresql),
    )  # fmt: skip


def _judges_nothing_of(moderator: "PersonId | sa.ColumnElement[int]", is_postgresql: bool) -> "sa.ColumnElement[bool]":
    """Whether something waits in a case and all of it is by people the moderator is recused from. One in their own
    hands stays theirs: that it goes would tell them of the rest. One in which nothing waits any more is seen by all, or
    nobody could close it, and the audit would lose what was done in it."""
    one = alias(held, "recused_held")
    waits = sa.exists().where(one.c.room == cases.c.room, one.c.ended_at.is_(None))
    return sa.and_(
        sa.func.coalesce(cases.c.code, "") == HELD, cases.c.state != "closed",
        sa.or_(cases.c.claimed_by.is_(None), cases.c.claimed_by != moderator),
        waits, sa.not_(waits.where(sa.not_(is_recused(moderator, one.c.author, is_postgresql)))),
    )  # fmt: skip


async def may_judge(tx: Transaction, moderator: PersonId, case: int) -> bool:
    """Whether there is such a case, and the moderator may know of it."""
    apart = sa.not_(is_recused_from(moderator, tx.is_postgresql))
    return (await tx.execute(sa.select(cases.c.id).where(cases.c.id == case, apart))).first() is not None


async def is_apart(tx: Transaction, moderator: PersonId, *people: PersonId | None) -> bool:
    """Whether the moderator may judge all of these."""
    for person in people:
        asked = sa.select(is_recused(moderator, sa.literal(person or 0, sa.BigInteger), tx.is_postgresql))
        if (await tx.execute(asked)).scalar():
            return False
    return True


async def require_apart(tx: Transaction, moderator: PersonId, *people: PersonId | None) -> None:
    """Ask whether the moderator may judge all of these.

    Raises:
        NotAMember: not one of them; it looks as if that person were not there.
    """
    if not await is_apart(tx, moderator, *people):
        raise NotAMember
