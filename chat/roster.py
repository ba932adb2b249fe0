"""The roster: who is on duty now, until when, and what holds when nobody is.

Whoever answers for the rooms says until when they are there; nobody is put on duty by being connected. An organisation
that opens its first room has said before what members are told, and who is alerted, while nobody is on duty.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, audit, rooms, timeline, words
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import Malformed, NobodyRuleMissing, NotAllowed
from chat.store import Transaction, clock
from chat.tables import nobody_rule, people, roles, shifts
from chat.tables import rooms as rooms_table

DUTIES = access.DESK
WATCHING = ("moderator", "supervisor")
"""While one of them is on duty, somebody looks at the queue."""
HOURS_MOST = 12
HOUR_MS = 3_600_000
TOLD_MOST = 300
REST_MIN = 10
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody on duty, once for each of their roles."""

    person: PersonId
    nickname: str
    role: str
    until: Millis


@dataclass(frozen=True, slots=True)
class NobodyRule:
    """What holds while nobody is on duty: what members are told, in the organisation's words, and which role is alerted
    when somebody is in danger, on duty or not."""

    told: str
    alerted: str


async def begin(tx: Transaction, keys: Keys, person: PersonId, hours: int) -> None:
    """Go on duty from now, for some hours; who is on duty already, until then.

    Raises:
        NotAllowed: no role with a duty. Malformed: not 1 … HOURS_MOST.
    """
    if not 1 <= hours <= HOURS_MOST:
        raise Malformed
    held = await _require_duty(tx, person)
    desk = await rooms.desk(tx)
    await tx.lock(rooms_table, [desk])
    now = await tx.now()
    begun = sa.select(sa.func.min(shifts.c.begins_at)).where(shifts.c.person == person, shifts.c.ends_at > now)
    since = (await tx.execute(begun)).scalar() or now
    await tx.execute(sa.delete(shifts).where(shifts.c.person == person))
    row = {"person": person, "begins_at": since, "ends_at": now + hours * HOUR_MS}
    await tx.execute(shifts.insert(), [row | {"role": role} for role in held])
    await timeline.append(tx, desk, "on_duty", person)
    await audit.append(tx, keys.derive("audit"), "on_duty", person, ref=hours)


async def end(tx: Transaction, keys: Keys, person: PersonId) -> None:
    """Go off duty. Who is not on duty stays so."""
    await _require_duty(tx, person)
    desk = await rooms.desk(tx)
    await tx.lock(rooms_table, [desk])
    ended = sa.delete(shifts).where(shifts.c.person == person, shifts.c.ends_at > await tx.now())
    if (await tx.execute(ended)).rowcount:
        await timeline.append(tx, desk, "off_duty", person)
        await audit.append(tx, keys.derive("audit"), "off_duty", person)


async def rest(tx: Transaction, keys: Keys, person: PersonId, minutes: int = REST_MIN) -> None:
    """Take a break from one's shift: for so long one counts as off duty, and nobody asks for one. 0: one is back. Who
    is not on shift stays so.

    Raises:
        NotAllowed: no role with a duty.
    """
    await _require_duty(tx, person)
    desk = await rooms.desk(tx)
    await tx.lock(rooms_table, [desk])
    now = await tx.now()
    theirs = sa.update(shifts).where(shifts.c.person == person, shifts.c.ends_at > now)
    if (await tx.execute(theirs.values(resting_until=now + minutes * MINUTE_MS))).rowcount:
        act = "off_duty" if minutes else "on_duty"
        await timeline.append(tx, desk, act, person, code="break")
        await audit.append(tx, keys.derive("audit"), act, person, code="break")


async def resting(tx: Transaction, person: PersonId) -> Millis | None:
    """Return until when a person is on a break, or None."""
    now = clock(tx.is_postgresql)
    wanted = sa.select(shifts.c.resting_until).where(
        shifts.c.person == person, shifts.c.ends_at > now, shifts.c.resting_until > now
    )
    found = (await tx.execute(wanted)).scalars().first()
    return None if found is None else Millis(found)


async def on_duty(tx: Transaction) -> list[OnDuty]:
    """Return who is on duty and not on a break, who has been longest first."""
    now = clock(tx.is_postgresql)
    wanted = sa.select(shifts, people.c.nickname).join(people, people.c.id == shifts.c.person).join(
        roles, sa.and_(roles.c.person == shifts.c.person, roles.c.role == shifts.c.role)
    ).where(
        people.c.state == "active", shifts.c.ends_at > now,
        sa.or_(shifts.c.resting_until.is_(None), shifts.c.resting_until <= now),
    ).order_by(shifts.c.begins_at, shifts.c.person)  # fmt: skip
    return [OnDuty(row.person, row.nickname or "", row.role, row.ends_at) for row in await tx.execute(wanted)]


async def until(tx: Transaction, person: PersonId) -> Millis | None:
    """Return until when a person is on duty, or None."""
    return next((one.until for one in await on_duty(tx) if one.person == person), None)


async def is_watched(tx: Transaction) -> bool:
    """Whether somebody on duty looks at the queue. Who holds the desk's lock knows that it stays so."""
    return any(one.role in WATCHING for one in await on_duty(tx))


async def rule(tx: Transaction) -> NobodyRule | None:
    """Return the rule for when nobody is on duty, once it has been set."""
    row = (await tx.execute(sa.select(nobody_rule))).first()
    return None if row is None else NobodyRule(row.told, row.alerted)


async def set_rule(tx: Transaction, keys: Keys, organiser: PersonId, told: str, alerted: str) -> None:
    """Set the rule for when nobody is on duty.

    Raises:
        NotAllowed: no organiser. Malformed, NotWords: nothing to tell, too long, or no role that could be alerted.
    """
    await tx.lock(people, [organiser])
    await access.require_role(tx, organiser, "organiser")
    if alerted not in DUTIES or len(told) > TOLD_MOST:
        raise Malformed
    await put_rule(tx, NobodyRule(words.check(told), alerted), organiser)
    await audit.append(tx, keys.derive("audit"), "nobody_rule", organiser, code=alerted)


async def put_rule(tx: Transaction, made: NobodyRule, by: PersonId | None) -> None:
    """Write the rule down, without asking who may; the demo's is nobody's."""
    row = {"told": made.told, "alerted": made.alerted, "set_by": by, "set_at": await tx.now()}
    if not (await tx.execute(sa.update(nobody_rule).values(row))).rowcount:
        await tx.execute(nobody_rule.insert().values(row | {"id": 1}))


async def require_rule(tx: Transaction) -> None:
    """Ask whether a room may open.

    Raises:
        NobodyRuleMissing: nobody has said what holds while nobody is on duty.
    """
    if await rule(tx) is None:
        raise NobodyRuleMissing


async def told_now(tx: Transaction) -> str:
    """Return what members are told now: nothing while somebody looks at the queue, or while there is no rule."""
    standing = await rule(tx)
    if standing is None or await is_watched(tx):
        return ""
    return standing.told


async def _require_duty(tx: Transaction, person: PersonId) -> list[str]:
    found = (await tx.lock(people, [person])).get(person)
    held = await access.roles_of(tx, person)
    duties = [role for role in DUTIES if role in held]
    if found is None or found.state != "active" or not duties:
        raise NotAllowed
    return duties
