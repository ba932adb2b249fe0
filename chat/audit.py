"""The audit: what moderators and organisers did, in a chain that cannot be altered unseen.

Each row carries an HMAC over the row before and itself, under a key kept outside the database; a row counts its sealed
reason by digest, so destroying the reason leaves the chain valid. The head is locked last of all rows, so acts queue.
"""

import hashlib
import hmac
from dataclasses import dataclass

import sqlalchemy as sa

from chat.ids import CaseId, PersonId, RoomId
from chat.keys import Keys
from chat.store import Transaction
from chat.tables import audit, audit_head

COLUMNS = ("n", "at", "actor", "act", "subject", "room", "ref", "code", "body_digest")
"""What the HMAC covers, in this order; `body` is covered by its digest."""


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
    await tx.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(n=row["n"], mac=mac))
    return int(head.n) + 1


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
