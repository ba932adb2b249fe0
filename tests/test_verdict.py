"""python -m web audit: an altered row is found from outside, and what no anchor proves is said."""

import sys
from pathlib import Path

import sqlalchemy as sa

from chat import audit
from chat.audit import Verdict
from chat.ids import PersonId
from chat.tables import audit as audit_table
from tests import servers
from tests.place import Place, open_place
from web import verdict


async def fill(place: Place, count: int) -> None:
    async with place.store.transaction() as tx:
        for n in range(count):
            await audit.append(tx, place.keys.derive("audit"), "muted", None, subject=PersonId(n + 1))


def ask(place: Place, *command: str) -> tuple[int, str]:
    """Run the command to its end."""
    env = {"HEARTHSIDE_DATABASE": place.store.url, "HEARTHSIDE_VAR": str(place.folder)}
    one = servers.start("audit", sys.executable, "-m", "web", "audit", *command, env=env)
    return one.process.wait(60), one.said()


async def test_whoever_runs_the_server_finds_a_row_that_was_altered(sqlite_url: str, tmp_path: Path) -> None:
    async with open_place(sqlite_url, tmp_path) as place:
        await fill(place, 3)
        status, kept = ask(place, "anchor")
        assert status == 0
        log = tmp_path / "server.log"
        log.write_text(f"chat.retention: audit anchor {kept}\n")
        await fill(place, 2)
        status, told = ask(place, "verify", "--anchors", str(log))
        assert status == 0 and "rows up to 3" in told and "rows 4 to 5 are unproven" in told
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(audit_table).where(audit_table.c.n == 2).values(subject=99))
        status, told = ask(place, "verify")
        assert status == 1 and "BROKEN at row 2" in told


def test_a_verdict_is_told_without_more_than_it_proves() -> None:
    assert verdict.told(Verdict(1, 0, None, 0)) == ["audit: the chain holds (rows kept: none)"]
    assert "rows 11 to 20 are unproven" in verdict.told(Verdict(11, 20, None, 5))[-1]
    assert "up to 20" in verdict.told(Verdict(11, 20, None, 20))[-1]
    assert len(verdict.told(Verdict(11, 20, 12, 0))) == 1
