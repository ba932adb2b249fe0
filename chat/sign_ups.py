"""Sign-ups: how many accounts one network address may make in a day, exactly, over all processes.

The address is not kept: only an HMAC of it and the day, under a key outside the database, and yesterday's rows go.
"""

import hmac
from ipaddress import IPv6Address, ip_address

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat.refusals import Refusal
from chat.store import Transaction
from chat.tables import sign_ups

DAY_MS = 86_400_000
MAC_BYTES = 16
IPV6_BITS = 64
"""A household or a company gets at least a /64 (RFC 6177), so its addresses count as one."""
NAMES = 60
NAMES_A_PLACE = 3
"""So many names may be asked for in a day: each answer tells whether somebody has it, and nobody shall list them."""


class SignUpsFull(Refusal):
    """As many as may have signed up from this address today."""

    code = "sign_ups_full"


async def take(tx: Transaction, key: bytes, address: str, most: int) -> None:
    """Take one of today's places for this address.

    Raises:
        SignUpsFull: none is left.
    """
    day = await tx.now() // DAY_MS
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    row = {"address": _mac(key, address, day), "day": day, "count": 1}
    taken = (
        insert(sign_ups).values(row)
        .on_conflict_do_update(
            index_elements=["address", "day"], set_={"count": sign_ups.c.count + 1}, where=sign_ups.c.count < most
        )
        .returning(sign_ups.c.count)
    )  # fmt: skip
    if most < 1 or (await tx.execute(taken)).first() is None:
        raise SignUpsFull
    await tx.execute(sa.delete(sign_ups).where(sign_ups.c.day < day - 1))


async def take_name(tx: Transaction, key: bytes, address: str, places: int) -> None:
    """Take one of the names that may be asked for today from this address, which has so many places.

    Raises:
        SignUpsFull: none is left.
    """
    await take(tx, key, address, max(NAMES, NAMES_A_PLACE * places))


async def give_back(tx: Transaction, key: bytes, address: str) -> None:
    """Give a place back: the account was not made after all."""
    day = await tx.now() // DAY_MS
    mine = sign_ups.c.address == _mac(key, address, day)
    await tx.execute(sa.update(sign_ups).where(mine, sign_ups.c.count > 0).values(count=sign_ups.c.count - 1))


def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, an IPv6 /64; anything else as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else (int(found) >> (128 - IPV6_BITS)).to_bytes(8, "big").hex()
    return str(found)


def _mac(key: bytes, address: str, day: int) -> bytes:
    return hmac.digest(key, f"{day}\0{network(address)}".encode(), "sha256")[:MAC_BYTES]
