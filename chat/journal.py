"""The erasure journal: which keys must stay dead, in a file outside every backup.

Each line is written and fsynced before the key dies, so whatever a backup brings back is destroyed again before a
restored server opens a port. A line carries a checksum: one that a crash cut short names nobody.
"""

import asyncio
import fcntl
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chat.ids import Millis

What = Literal["erased", "closed"]


@dataclass(frozen=True, slots=True)
class Line:
    """`what` happened to the person or case `id`, `at` a time of the database's clock."""

    what: What
    id: int
    at: Millis


class Journal:
    """The file at `path`; made when it is not there. Any number of processes may append."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, what: What, id: int, at: Millis) -> None:
        """Return when the line is on the disk. Repeats are harmless.

        Raises:
            OSError: it is not: nothing may be destroyed.
        """
        await asyncio.to_thread(self._write, f"{what} {id} {at}")

    def read(self) -> list[Line]:
        """Return every whole line, oldest first."""
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_bytes().split(b"\n"):
            words, _, checksum = line.decode("ascii", "replace").rpartition(" ")
            if words and checksum == _checksum(words):
                what, id, at = words.split(" ")
                assert what in ("erased", "closed"), "a line with our checksum and another word"
                found.append(Line("erased" if what == "erased" else "closed", int(id), Millis(int(at))))
        return found

    def _write(self, words: str) -> None:
        fresh = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            line = f"{chr(10) if torn else ''}{words} {_checksum(words)}\n".encode()
            while line:
                line = line[os.write(file, line) :]
            os.fsync(file)
        finally:
            os.close(file)
        if fresh:  # the name must be on the disk as well
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _checksum(words: str) -> str:
    return f"{zlib.crc32(words.encode()):08x}"
