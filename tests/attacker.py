"""An attacker who has everything but the living: the master keys, a backup of the database, and all raw bytes of all
files. What it opens is what erasure did not destroy."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chat.keys import _bound as owner_of
from chat.seal import KEY_BYTES, NONCE_BYTES, DataKey, Keyring, SealBroken, about

WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + 16
PURPOSES = ("said", "own", "case")


@dataclass(frozen=True)
class Sealed:
    """A sealed body and what it is bound to."""

    body: bytes
    bound_to: bytes


def sealed_bodies(database: Path) -> Iterator[Sealed]:
    """Yield every sealed body of a SQLite database, with the associated data its row tells."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        entries = "select body, room, author, say_id, key_version from entries where body is not null"
        for body, room, author, say_id, version in connection.execute(entries):
            yield Sealed(body, about("entries", room, author, say_id, version))
        for body, case, n in connection.execute('select body, "case", n from evidence where body is not null'):
            yield Sealed(body, f"evidence\0{case}\0{n}".encode())
        for body, actor in connection.execute("select body, actor from audit where body is not null"):
            yield Sealed(body, f"audit\0{actor}".encode())


def keys_in(raw: bytes, keyring: Keyring, owners: Iterable[int]) -> list[DataKey]:
    """Try every place in some raw bytes as a wrapped key of each owner; return those that unwrap."""
    bounds = [owner_of(owner, purpose) for owner, purpose in itertools.product(owners, PURPOSES)]
    found = {}
    for start in range(len(raw) - WRAPPED_BYTES + 1):
        wrapped = raw[start : start + WRAPPED_BYTES]
        if wrapped.count(0) > WRAPPED_BYTES // 2:
            continue  # no random bytes look like this
        for bound in bounds:
            try:
                unwrapped = keyring.unwrap(1, wrapped, bound)
            except SealBroken:
                continue
            found[unwrapped] = DataKey(unwrapped, 1)
    return list(found.values())


def attack(
    master: Path, files: Iterable[Path], databases: Iterable[Path], owners: Iterable[int], about_keys: Iterable[Path]
) -> set[str]:
    """Return every text that opens, and all the files' bytes as one more text.

    Args:
        files: read byte for byte, for texts in the clear.
        databases: the live one and backups, read for sealed bodies.
        about_keys: files searched for wrapped keys, at every place.
        owners: whose keys are looked for.
    """
    keyring = Keyring.load(master)
    opened = {"\0".join(one.read_bytes().decode("latin-1") for one in files)}
    wanted = list(owners)
    keys = [key for one in about_keys for key in keys_in(one.read_bytes(), keyring, wanted)]
    for sealed in {one for database in databases for one in sealed_bodies(database)}:
        for key in keys:
            try:
                opened.add(key.open(sealed.body, sealed.bound_to))
            except SealBroken:
                continue
    return opened
