"""Group commit on SQLite: one hop to the writer's thread, one transaction, in the driver."""

import sqlite3
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import msgspec

from chat.gate import Gate
from chat.group import Author, Away, Facts, Said, Saying, Standing, Where, decide
from chat.hours import is_within
from chat.ids import Millis
from chat.refusals import Refusal
from chat.sqlite import PRAGMAS

FACTS = """
with s as materialized (
  select value ->> 0 as room, value ->> 1 as author, value ->> 2 as say_id, key as i from json_each(?)
)
select c.now, s.author, p.state, p.nickname, p.says, p.says_since, s.room, r.kind, r.state, r.last_seq, r.slow_s,
       r.holds, m.from_seq,
       exists(select 1 from mutes u where u.person = s.author and u.lifted_at is null and u.until > c.now
              and (u.room = s.room or (u.room is null and r.kind <> 'one_to_one'))),
       e.room, e.seq, e.at, e.mac, w.at, h.room, h.mac, h.ended_at
from s
cross join (select cast(round((julianday('now') - 2440587.5) * 86400000) as integer) as now) c
left join people p on p.id = s.author
left join rooms r on r.id = s.room
left join memberships m on m.room = s.room and m.person = s.author and m.to_seq is null
left join entries e on e.author = s.author and e.say_id = s.say_id
left join slow_says w on w.room = s.room and w.person = s.author
left join held h on h.author = s.author and h.say_id = s.say_id
order by s.i
"""
"""Everything the rules ask, in one query, through ux_memberships_open, ix_mutes_person, ux_entries_say_id and held's
unique say_ids. (Nothing has to be locked first: who has begun immediate is the only writer. Materialized: else each use
of a say's room, author and id is read from the JSON anew, a third of the query's time.)"""
INSERT = """insert into entries (room, seq, kind, author, at, say_id, target, body, key_version, mac)
values (?, ?, 'said', ?, ?, ?, ?, ?, ?, ?)"""
GROW = "update rooms set last_seq = ? where id = ?"
SPOKE = "insert into slow_says (room, person, at) values (?, ?, ?) on conflict do update set at = excluded.at"
COUNT = "update people set says = ?, says_since = ? where id = ?"

CACHE_KIB = 64 * 1024
"""A group of 512 says in as many rooms changes some 2,000 pages: SQLite's own 2 MB would spill them half-way."""


class SqliteDriver:
    """Its own connection, used only in the gate's thread."""

    def __init__(self, path: Path, gate: Gate, says: int, says_s: int, zone: tzinfo) -> None:
        self._path = path
        self._gate = gate
        self._limits = (says, says_s)
        self._zone = zone
        self._connection: sqlite3.Connection | None = None

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        """See group.Driver."""
        return await self._gate.run(lambda: self._commit(sayings))

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._gate.run(self._connection.close)

    def _commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for pragma in (*PRAGMAS, f"cache_size=-{CACHE_KIB}"):
                self._connection.execute(f"pragma {pragma}")
        connection = self._connection
        try:
            connection.execute("begin immediate")
            try:
                decision = decide(sayings, _facts(connection, sayings, self._zone), *self._limits)
                connection.executemany(INSERT, decision.rows(sayings))
                connection.executemany(GROW, ((last, room) for room, last in decision.last_seqs.items()))
                connection.executemany(COUNT, ((*count, person) for person, count in decision.counts.items()))
                connection.executemany(SPOKE, ((*at, spoke) for at, spoke in decision.spoke.items()))
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
        except sqlite3.OperationalError as error:  # disk full, locked, read-only: nothing was kept
            raise Away from error
        return decision.outcomes


def _facts(connection: sqlite3.Connection, sayings: Sequence[Saying], zone: tzinfo) -> Facts:
    asked = msgspec.json.encode([(one.room, one.author, one.sealed.say_id) for one in sayings])
    rows = connection.execute(FACTS, (asked.decode(),)).fetchall()
    people, rooms, standings = {}, {}, []
    for now, author, state, name, says, since, room, kind, door, last, slow, holds, from_seq, muted, *kept in rows:
        if state is not None:
            people[author] = Author(state, name or "", says, since)
        if kind is not None:
            rooms[room] = Where(kind, door, last, slow, is_within(holds, now, zone))
        standings.append(Standing(from_seq, bool(muted), *kept))
    return Facts(Millis(rows[0][0]), people, rooms, standings)
