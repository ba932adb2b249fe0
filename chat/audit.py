"""The audit: what moderators and organisers did, in a chain that cannot be altered unseen.

Each row carries an HMAC over the chain so far and itself, under a key kept outside the database; a row counts its
sealed reason by digest, so destroying the reason leaves the chain valid. The head holds a further HMAC of the last
row's, which no row shows: whoever cuts rows off the end cannot write the head that would fit. (A head saved earlier can
be put back; an anchor kept elsewhere tells that.) The head is locked last of all rows, so acts queue.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat.ids import CaseId, Millis, PersonId, RoomId
from chat.keys import Keys
from chat.store import Store, Transaction
from chat.tables import audit, audit_head, meta

COLUMNS = ("n", "at", "actor", "act", "subject", "room", "ref", "code", "body_digest")
"""What the HMAC covers, in this order; `body` is covered by its digest."""
BEGIN = bytes(32)
"""What the first row is chained to (see `rooms.seed`)."""
CHECKPOINT = "audit_checkpoint"
PAGE = 1000
"""So many rows are read at a time."""


@dataclass(frozen=True, slots=True, repr=False)
class Reason:
    """A sealed reason, made before the transaction so that no key is awaited inside it."""

    body: bytes


async def seal_reason(keys: Keys, actor: PersonId, case: CaseId | None, text: str) -> Reason | None:
    """Seal why something was done: under the case's key, which dies with the case, else under the actor's own.

    Raises:
        KeyDestroyed: the case is closed, or never was.
    """
    if not text:
        return None
    key = await keys.get(case, "case") if case is not None else await keys.get(actor, "own")
    return Reason(key.seal(text, bound(actor)))


def bound(actor: PersonId) -> bytes:
    """Return the associated data of a reason."""
    return f"audit\0{actor}".encode()


async def append(
    tx: Transaction,
    key: bytes,
    act: str,
    actor: PersonId | None,
    *,
    subject: PersonId | None = None,
    room: RoomId | None = None,
    ref: int | None = None,
    code: str | None = None,
    reason: Reason | None = None,
) -> int:
    """Append a row and return its number. Locks the head: nothing may be locked after it.

    Args:
        key: the audit's HMAC key (`Keys.derive("audit")`).
    """
    head = (await tx.lock(audit_head, [1]))[1]
    row: dict[str, object] = {
        "n": head.n + 1, "at": await tx.now(), "actor": actor, "act": act, "subject": subject, "room": room,
        "ref": ref, "code": code, "body_digest": hashlib.sha256(reason.body).digest() if reason else None,
    }  # fmt: skip
    mac = chained(key, head.mac, row)
    await tx.execute(audit.insert().values(row | {"body": reason.body if reason else None, "mac": mac}))
    await tx.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(n=row["n"], mac=head_after(key, mac)))
    return int(head.n) + 1


async def anchor(tx: Transaction, key: bytes) -> str:
    """Return a line to keep outside the database: it proves all rows up to now, and tells nothing of them."""
    head = (await tx.execute(sa.select(audit_head))).one()
    return f"{head.n}:{_anchor(key, head.mac).hex()}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit proves of itself.

    Attributes:
        first, last: the rows that are kept; `last` < `first` where there are none.
        broken: the first row that is altered, missing or too many, or None: the chain holds.
        anchored: up to which row (0: none) anchors prove that nothing was cut off and an earlier head put back. Rows
            after it are unproven: they hold by the chain alone.
    """

    first: int
    last: int
    broken: int | None
    anchored: int


async def verify(store: Store, key: bytes, anchors: Iterable[str] = ()) -> Verdict:
    """Walk the chain, and say what it proves.

    Args:
        anchors: from `anchor`; with them, a tail that was cut off together with its head is found too.

    Raises:
        ValueError: an anchor is none.
    """
    proofs: dict[int, set[bytes]] = {}
    for one in anchors:
        n, proof = _parsed(one)
        proofs.setdefault(n, set()).add(proof)
    async with store.reading() as tx:
        head = (await tx.execute(sa.select(audit_head))).one()
        n, before = await _checkpoint(tx, key)
        first = max(n, 0) + 1
        strays = (await tx.execute(sa.select(sa.func.min(audit.c.n)).where(audit.c.n < first))).scalar_one()
        if n < 0 or strays is not None:
            return Verdict(first, int(head.n), 1 if n < 0 else int(strays), 0)
        anchored = 0
        while True:
            some = sa.select(audit).where(audit.c.n > n).order_by(audit.c.n).limit(PAGE)
            rows = list(await tx.execute(some))
            for row in rows:
                if row.n != n + 1 or not holds(key, before, row):
                    return Verdict(first, int(head.n), n + 1, anchored)
                n, before = n + 1, head_after(key, row.mac)
                if n in proofs and proofs[n] != {_anchor(key, before)}:
                    return Verdict(first, int(head.n), n, anchored)
                anchored = n if n in proofs else anchored
            if not rows:
                break
    cut = head.n != n or not hmac.compare_digest(head.mac, before) or any(one > n for one in proofs)
    return Verdict(first, int(head.n), n + 1 if cut else None, anchored)


async def forget(tx: Transaction, key: bytes, before: Millis) -> None:
    """Delete the rows from before a time, leaving a signed checkpoint from which the chain goes on."""
    await tx.lock(audit_head, [1])
    newest = sa.select(audit.c.n, audit.c.mac).where(audit.c.at < before).order_by(audit.c.n.desc()).limit(1)
    row = (await tx.execute(newest)).first()
    if row is None:
        return
    value = f"{row.n}:{row.mac.hex()}:{_signed(key, row.n, row.mac).hex()}"
    await tx.execute(sa.delete(meta).where(meta.c.name == CHECKPOINT))
    await tx.execute(meta.insert().values(name=CHECKPOINT, value=value))
    await tx.execute(sa.delete(audit).where(audit.c.n <= row.n))


def chained(key: bytes, before: bytes, row: dict[str, object]) -> bytes:
    """Return a row's HMAC-SHA-256 (RFC 2104): over the mac before it and every column, each with its type and length,
    so that no two different rows give the same bytes."""
    parts = [before]
    for name in COLUMNS:
        value = row[name]
        kind, data = (
            (b"n", b"") if value is None
            else (b"b", value) if isinstance(value, bytes)
            else (b"i" if isinstance(value, int) else b"s", str(value).encode())
        )  # fmt: skip
        parts.append(kind + len(data).to_bytes(4, "big") + data)
    return hmac.digest(key, b"".join(parts), "sha256")


def holds(key: bytes, before: bytes, row: "sa.Row[Any]") -> bool:
    """Whether a row is what was appended after the head `before`."""
    columns = {name: getattr(row, name) for name in COLUMNS}
    whole = row.body is None or hashlib.sha256(row.body).digest() == row.body_digest
    return whole and hmac.compare_digest(row.mac, chained(key, before, columns))


def _anchor(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, b"anchor" + head, "sha256")


def head_after(key: bytes, mac: bytes) -> bytes:
    """Return the head after a row with this mac: no row shows it."""
    return hmac.digest(key, b"head" + mac, "sha256")


def _signed(key: bytes, n: int, mac: bytes) -> bytes:
    return hmac.digest(key, b"checkpoint" + n.to_bytes(8, "big") + mac, "sha256")


async def _checkpoint(tx: Transaction, key: bytes) -> tuple[int, bytes]:
    """Return the last deleted row's number and the head as it was after it; -1 when the checkpoint is not ours."""
    value = (await tx.execute(sa.select(meta.c.value).where(meta.c.name == CHECKPOINT))).scalar()
    if value is None:
        return 0, BEGIN
    n, mac, signed = value.split(":")
    if not hmac.compare_digest(bytes.fromhex(signed), _signed(key, int(n), bytes.fromhex(mac))):
        return -1, b""
    return int(n), head_after(key, bytes.fromhex(mac))


def _parsed(line: str) -> tuple[int, bytes]:
    try:
        n, proof = line.split(":")
        return int(n), bytes.fromhex(proof)
    except ValueError:
        raise ValueError("this is no anchor") from None
