"""Group commit on PostgreSQL: five round trips a group, in the driver (13 k/s with a built many-row insert, 58 k/s so).

Authors, then rooms are locked FOR NO KEY UPDATE, ids ascending; the statement after that has a snapshot taken under the
locks, so a mute that committed before them is seen, and one that comes later waits.
"""

import asyncio
from collections.abc import Sequence
from datetime import tzinfo

import asyncpg

from chat.group import Author, Away, Circle, Facts, Said, Saying, Standing, Where, decide
from chat.hours import is_within
from chat.ids import Millis
from chat.refusals import Refusal
from chat.store import SERVER_SETTINGS

COMMIT_TIMEOUT_S = 10.0
PEOPLE = """select id, state, nickname, says, says_since from people where id = any($1::bigint[])
order by id for no key update"""
ROOMS = """select id, kind, state, last_seq, slow_s, holds from rooms where id = any($1::bigint[])
order by id for no key update"""
STANDINGS = """
select m.from_seq,
       exists(select 1 from mutes u where u.person = s.author and u.lifted_at is null and u.until > c.now
              and (u.room = s.room or (u.room is null and r.kind <> 'one_to_one'))) as muted,
       e.room, e.seq, e.at, e.mac, w.at, h.room, h.mac, h.ended_at, c.now
from unnest($1::bigint[], $2::bigint[], $3::text[]) with ordinality s(room, author, say_id, i)
cross join (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now) c
left join lateral (select kind from rooms where id = s.room limit 1) r on true
left join lateral (select from_seq from memberships
                   where room = s.room and person = s.author and to_seq is null limit 1) m on true
left join lateral (select room, seq, at, mac from entries
                   where author = s.author and say_id = s.say_id limit 1) e on true
left join lateral (select at from slow_says where room = s.room and person = s.author limit 1) w on true
left join lateral (select room, mac, ended_at from held where author = s.author and say_id = s.say_id limit 1) h on true
order by s.i
"""
"""Each lookup `limit 1`, though there is one at most: that keeps the planner from joining whole tables, as it does when
it has no figures of them yet (256 says took it 30 ms, and so 4)."""
WRITE = """
with inserted as (
  insert into entries (room, seq, kind, author, at, say_id, target, body, key_version, mac)
  select room, seq, 'said', author, at, say_id, target, body, key_version, mac
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bytea[], $8::int[],
              $9::bytea[]) as t(room, seq, author, at, say_id, target, body, key_version, mac)
), spoke as (
  insert into slow_says (room, person, at)
  select room, person, at from unnest($15::bigint[], $16::bigint[], $17::bigint[]) as t(room, person, at)
  on conflict (room, person) do update set at = excluded.at
), grown as (
  update rooms set last_seq = t.last from unnest($10::bigint[], $11::bigint[]) as t(id, last) where rooms.id = t.id
)
update people set says = t.says, says_since = t.since
from unnest($12::bigint[], $13::int[], $14::bigint[]) as t(id, says, since) where people.id = t.id
"""


class PostgresDriver:
    """Its own connection, opened at the first group and again after it was lost."""

    def __init__(self, url: str, says: int, says_s: int, zone: tzinfo) -> None:
        self._url = url
        self._limits = (says, says_s)
        self._zone = zone
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        """See group.Driver."""
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._url, server_settings=SERVER_SETTINGS, timeout=5)
                return await self._commit(self._connection, sayings)
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError,
                asyncpg.CannotConnectNowError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
                asyncpg.ReadOnlySQLTransactionError) as error:  # fmt: skip
            await self.close()
            raise Away from error
        except asyncpg.DeadlockDetectedError as error:
            raise Circle from error

    async def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _commit(
        self, connection: "asyncpg.Connection[asyncpg.Record]", sayings: Sequence[Saying]
    ) -> list[Said | Refusal]:
        async with connection.transaction():
            people = await connection.fetch(PEOPLE, sorted({one.author for one in sayings}))
            rooms = await connection.fetch(ROOMS, sorted({one.room for one in sayings}))
            standings = await connection.fetch(
                STANDINGS, [one.room for one in sayings], [one.author for one in sayings],
                [one.sealed.say_id for one in sayings],
            )  # fmt: skip
            now = Millis(standings[0][10])
            facts = Facts(
                now,
                {id: Author(state, name or "", says, since) for id, state, name, says, since in people},
                {
                    id: Where(kind, state, last, slow, is_within(holds, now, self._zone))
                    for id, kind, state, last, slow, holds in rooms
                },
                [Standing(*row[:10]) for row in (tuple(one) for one in standings)],
            )
            decision = decide(sayings, facts, *self._limits)
            rows = decision.rows(sayings)
            if rows:
                counts = [(person, *count) for person, count in sorted(decision.counts.items())]
                await connection.execute(
                    WRITE, *_columns(rows, 9),
                    *_columns(sorted(decision.last_seqs.items()), 2), *_columns(counts, 3),
                    *_columns([(*at, spoke) for at, spoke in sorted(decision.spoke.items())], 3),
                )  # fmt: skip
        return decision.outcomes


def _columns(rows: "Sequence[tuple[object, ...]]", width: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(width)]
