"""The erasure journal: whole lines, from many writers, and nobody named by half a line."""

import asyncio
import os
from pathlib import Path

import pytest

from chat.ids import Millis
from chat.journal import Journal, Line


async def test_lines_come_back_in_order_and_the_file_is_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "folder" / "erasures.journal")
    assert journal.read() == []
    await journal.append("erased", 5, Millis(7))
    await journal.append("closed", 6, Millis(8))
    assert journal.read() == [Line("erased", 5, Millis(7)), Line("closed", 6, Millis(8))]
    assert (tmp_path / "folder" / "erasures.journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", range(1, 30))
async def test_a_line_cut_short_names_nobody_and_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "erasures.journal"
    journal = Journal(path)
    await journal.append("erased", 111, Millis(1))
    whole = path.stat().st_size
    await journal.append("erased", 123456789, Millis(1234567))
    os.truncate(path, max(whole, path.stat().st_size - cut))
    await journal.append("erased", 222, Millis(2))
    found = [line.id for line in journal.read()]
    assert found == ([111, 123456789, 222] if cut == 1 else [111, 222])


async def test_many_writers_lose_no_line(tmp_path: Path) -> None:
    journals = [Journal(tmp_path / "erasures.journal") for _ in range(4)]
    async with asyncio.timeout(30):
        await asyncio.gather(*(journals[n % 4].append("erased", n, Millis(n)) for n in range(1, 81)))
    assert sorted(line.id for line in journals[0].read()) == list(range(1, 81))


async def test_bytes_that_are_no_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "erasures.journal"
    path.write_bytes(b"\xff\xfe\0\nerased 1 2 00000000\n\n   \n")
    journal = Journal(path)
    await journal.append("closed", 9, Millis(9))
    assert journal.read() == [Line("closed", 9, Millis(9))]
