"""The audit: whatever is altered in it without the key is found, and where."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from chat import audit
from chat.audit import Verdict
from chat.ids import Millis, PersonId, RoomId
from chat.tables import audit as audit_table
from chat.tables import audit_head, meta
from tests.place import Place
from tests.words import words

ROWS, THOUSAND = 6, 1000


@dataclass(frozen=True)
class Chain:
    place: Place
    key: bytes

    async def verdict(self, *anchors: str) -> Verdict:
        return await audit.verify(self.place.store, self.key, anchors)

    async def first_broken(self, *anchors: str) -> int | None:
        return (await self.verdict(*anchors)).broken

    async def change(self, *statements: sa.Executable) -> None:
        async with self.place.store.transaction() as tx:
            for one in statements:
                await tx.execute(one)

    async def anchor(self) -> str:
        async with self.place.store.reading() as tx:
            return await audit.anchor(tx, self.key)


@pytest.fixture
async def chain(place: Place) -> Chain:
    """Six rows, each with a reason, by one actor."""
    actor, key = await place.person(), place.keys.derive("audit")
    for n in range(1, ROWS + 1):
        reason = await audit.seal_reason(place.keys, actor, None, words())
        async with place.store.transaction() as tx:
            assert n == await audit.append(
                tx, key, "muted", actor, subject=PersonId(n), room=RoomId(n), ref=n, code="insult", reason=reason
            )
    return Chain(place, key)


async def test_what_nobody_touched_holds_also_when_it_is_empty(place: Place) -> None:
    assert await audit.verify(place.store, place.keys.derive("audit")) == Verdict(1, 0, None, 0)


async def test_a_whole_chain_holds_and_another_key_does_not_fit(chain: Chain) -> None:
    assert await chain.first_broken() is None
    assert await chain.first_broken(await chain.anchor()) is None
    assert (await audit.verify(chain.place.store, bytes(32))).broken == 1


@pytest.mark.parametrize("column", [column.name for column in audit_table.columns if column.name not in ("n",)])
@pytest.mark.parametrize("n", [1, 3, ROWS])
async def test_a_change_of_any_column_of_any_row_is_found(chain: Chain, column: str, n: int) -> None:
    [row] = await chain.place.rows(audit_table, audit_table.c.n == n)
    value = getattr(row, column)
    others: list[object] = [None]
    if isinstance(value, bytes):
        others = [value[:-1] + bytes([value[-1] ^ 1]), b""]
    elif isinstance(value, int):
        others = [value + 1, None]
    elif isinstance(value, str):
        others = [value + "x", "", None]
    for other in others:
        if other is None and (column in ("at", "act", "mac") or value is None):
            continue
        await chain.change(sa.update(audit_table).where(audit_table.c.n == n).values({column: other}))
        assert await chain.first_broken() == n, (column, other)
    await chain.change(sa.update(audit_table).where(audit_table.c.n == n).values({column: value}))
    assert await chain.first_broken() is None


async def test_rows_after_the_last_anchor_are_told_to_be_unproven(chain: Chain) -> None:
    assert await chain.verdict() == Verdict(1, ROWS, None, 0)
    kept = await chain.anchor()
    async with chain.place.store.transaction() as tx:
        await audit.append(tx, chain.key, "unmuted", None)
    assert await chain.verdict(kept) == Verdict(1, ROWS + 1, None, ROWS)
    n, _, proof = kept.partition(":")
    forged = f"{n}:{bytes([bytes.fromhex(proof)[0] ^ 1]).hex()}{proof[2:]}"
    assert await chain.verdict(forged) == Verdict(1, ROWS + 1, ROWS, 0)
    assert await chain.first_broken(kept, forged) == ROWS, "two that differ cannot both be ours"
    with pytest.raises(ValueError, match="anchor"):
        await chain.verdict("yesterday")


async def test_any_byte_of_a_thousand_rows_is_missed_when_it_changes_and_any_row_when_it_is_gone(
    place: Place,
) -> None:
    actor, key = await place.person(), place.keys.derive("audit")
    reason = await audit.seal_reason(place.keys, actor, None, words())
    async with place.store.transaction() as tx:
        for n in range(1, THOUSAND + 1):
            await audit.append(tx, key, "muted", actor, subject=PersonId(n), room=RoomId(n), ref=n, code="insult",
                               reason=reason)  # fmt: skip
    rows = await place.rows(audit_table)
    before, wrong = audit.BEGIN, []
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        assert audit.holds(key, before, row)
        wrong += [(row.n, name) for name, forged in _changed(row) if audit.holds(key, before, forged)]
        if after is not None and audit.holds(key, before, after):
            wrong.append((row.n, "gone"))  # its neighbours do not fit together
        before = audit.head_after(key, row.mac)
    assert not wrong


def _changed(row: "sa.Row[Any]") -> "Iterator[tuple[str, Any]]":
    """Yield a row with each byte of each of its columns changed, and with each column emptied."""
    held = dict(row._mapping)
    for name, value in held.items():
        if name == "n" or value is None:
            continue
        raw = value if isinstance(value, bytes) else str(value).encode()
        for at in range(len(raw)):
            other = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            yield name, SimpleNamespace(**held | {name: _as(value, other)})
        if name != "body":  # destroyed reasons leave the chain valid
            yield name, SimpleNamespace(**held | {name: b"" if name == "mac" else None})


def _as(value: object, raw: bytes) -> object:
    if isinstance(value, bytes):
        return raw
    return int(raw) if isinstance(value, int) and raw.isdigit() else raw.decode(errors="replace")


@pytest.mark.parametrize("n", range(1, ROWS + 1))
async def test_a_dropped_row_is_found(chain: Chain, n: int) -> None:
    await chain.change(sa.delete(audit_table).where(audit_table.c.n == n))
    assert await chain.first_broken() == n


async def test_rows_that_are_dropped_and_renumbered_are_found(chain: Chain) -> None:
    await chain.change(
        sa.delete(audit_table).where(audit_table.c.n == 3),
        *(sa.update(audit_table).where(audit_table.c.n == n).values(n=n - 1) for n in range(4, ROWS + 1)),
        sa.update(audit_head).values(n=ROWS - 1),
    )
    assert await chain.first_broken() == 3


async def test_a_tail_that_is_cut_off_is_found_although_the_head_is_moved(chain: Chain) -> None:
    [last] = await chain.place.rows(audit_table, audit_table.c.n == 4)
    await chain.change(
        sa.delete(audit_table).where(audit_table.c.n > 4), sa.update(audit_head).values(n=4, mac=last.mac)
    )
    assert await chain.first_broken() == 5


async def test_a_head_that_was_saved_and_put_back_is_found_by_an_anchor_from_outside(chain: Chain) -> None:
    [saved] = await chain.place.rows(audit_head)
    async with chain.place.store.transaction() as tx:
        await audit.append(tx, chain.key, "unmuted", None)
    kept = await chain.anchor()
    await chain.change(
        sa.delete(audit_table).where(audit_table.c.n > ROWS),
        sa.update(audit_head).values(n=saved.n, mac=saved.mac),
    )
    assert await chain.first_broken() is None, "without an anchor nobody could tell"
    assert await chain.first_broken(kept) == ROWS + 1
    async with chain.place.store.transaction() as tx:
        await audit.append(tx, chain.key, "muted", None)
    assert await chain.first_broken(kept) == ROWS + 1


async def test_a_chain_recomputed_with_a_guessed_key_is_found(chain: Chain) -> None:
    guess = hashlib.sha256(b"guess").digest()
    before, changes = audit.BEGIN, []
    for row in await chain.place.rows(audit_table):
        columns = {name: getattr(row, name) for name in audit.COLUMNS} | {"actor": 99}
        mac = audit.chained(guess, before, columns)
        changes.append(sa.update(audit_table).where(audit_table.c.n == row.n).values(actor=99, mac=mac))
        before = mac
    await chain.change(*changes, sa.update(audit_head).values(mac=before))
    assert await chain.first_broken() == 1
    assert (await audit.verify(chain.place.store, guess)).broken is not None


async def test_an_added_row_is_found(chain: Chain) -> None:
    [row] = await chain.place.rows(audit_table, audit_table.c.n == ROWS)
    forged = dict(row._mapping) | {"n": ROWS + 1}
    await chain.change(sa.insert(audit_table).values(forged))
    assert await chain.first_broken() == ROWS + 1


async def test_destroying_a_reason_leaves_the_chain_valid(chain: Chain) -> None:
    await chain.change(sa.update(audit_table).where(audit_table.c.n == 2).values(body=None))
    assert await chain.first_broken() is None


async def test_forgetting_old_rows_leaves_a_chain_that_still_tells_of_cuts(chain: Chain) -> None:
    await chain.change(sa.update(meta).where(meta.c.name == "epoch").values(value="same"))
    rows = await chain.place.rows(audit_table)
    async with chain.place.store.transaction() as tx:
        await audit.forget(tx, chain.key, Millis(rows[-1].at + 1))
        await audit.append(tx, chain.key, "muted", None)
        await audit.append(tx, chain.key, "unmuted", None)
    assert [row.n for row in await chain.place.rows(audit_table)] == [ROWS + 1, ROWS + 2]
    assert await chain.first_broken() is None
    checkpoint = sa.select(meta.c.value).where(meta.c.name == audit.CHECKPOINT)
    async with chain.place.store.reading() as tx:
        n, mac, signed = (await tx.execute(checkpoint)).scalar_one().split(":")
    await chain.change(sa.delete(audit_table), sa.update(audit_head).values(n=int(n), mac=bytes.fromhex(mac)))
    assert await chain.first_broken() == ROWS + 1
    forged = f"{int(n) + 1}:{mac}:{signed}"
    await chain.change(sa.update(meta).where(meta.c.name == audit.CHECKPOINT).values(value=forged))
    assert await chain.first_broken() == 1
