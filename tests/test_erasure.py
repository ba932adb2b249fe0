"""Erasure: with the master key, a backup of the database and all raw bytes, nothing of an erased person opens."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import audit, cases, erasure, people, recovery, rooms, sessions
from chat.ids import CaseId, Millis, PersonId, RoomId
from chat.journal import Journal
from chat.keys import KeyDestroyed
from chat.protocol import Report
from chat.refusals import NotAMember, SignedOut
from chat.staff_commands import Close
from chat.store import Transaction
from chat.tables import entries, meta
from chat.tables import people as people_table
from tests.attacker import attack
from tests.place import Place, open_place
from tests.words import words


@dataclass(frozen=True)
class Scene:
    """One who will go and one who stays, on a SQLite file; `theirs` are the texts only the one who goes wrote."""

    place: Place
    goes: PersonId
    stays: PersonId
    room: RoomId
    theirs: frozenset[str]
    others: str

    @property
    def folder(self) -> Path:
        return self.place.folder

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "erasures.journal")

    def opened(self, *backups: Path, owners: tuple[int, ...] = ()) -> set[str]:
        """Attack everything that lies in the folder, and backups of the database."""
        files = [one for one in self.folder.iterdir() if one.is_file() and one.name != "master.keys"]
        return attack(
            self.folder / "master.keys", files, [self.folder / "hearthside.db", *backups],
            owners or (self.goes, self.stays), files,
        )  # fmt: skip


@pytest.fixture
async def scene(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Both have talked in a room; who goes has also edited, and given a reason as a moderator."""
    async with open_place(sqlite_url, tmp_path) as place:
        goes, stays = await place.person("moderator"), await place.person()
        room = await place.room(goes, stays)
        said, first, edited, reason, others = (words() for _ in range(5))
        await place.say(room, goes, said)
        seq = await place.say(room, goes, first)
        await place.say(room, goes, edited, edits=seq)
        await place.say(room, stays, others)
        sealed = await audit.seal_reason(place.keys, goes, None, reason)
        async with place.store.transaction() as tx:
            await audit.append(tx, place.keys.derive("audit"), "muted", goes, reason=sealed)
        yield Scene(place, goes, stays, room, frozenset((said, first, edited, reason)), others)


def copy(database: Path, to: Path) -> Path:
    """Back a SQLite file up as an operator would."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to


@pytest.mark.parametrize("erased", [True, False], ids=["erased", "switched off"])
async def test_an_attacker_with_everything_opens_nothing_of_an_erased_person(
    scene: Scene, erased: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same attack opens everything when erasure is switched off, so it is the erasure that holds."""
    place = scene.place
    backup = copy(scene.folder / "hearthside.db", tmp_path_factory.mktemp("backup") / "hearthside.db")
    async with place.store.reading() as tx:
        nickname = (await people.find(tx, scene.goes)).nickname
    if erased:
        await erasure.erase(place.store, place.keys, scene.journal, scene.goes)
        await erasure.finish_due(place.store, place.keys, hidden_hours=0)
    opened = scene.opened(backup)
    assert scene.others in opened, "the attack does open what is not erased"
    everything = "".join(opened)
    if erased:
        assert [text for text in scene.theirs if text in everything] == []
        assert (nickname in everything) is False, "not even the pseudonym is in any file"
    else:
        assert scene.theirs <= opened


async def test_words_only_for_oneself_die_at_once_and_words_to_others_after_their_hours(scene: Scene) -> None:
    place = scene.place
    await erasure.erase(place.store, place.keys, scene.journal, scene.goes)
    with pytest.raises(KeyDestroyed):
        await place.keys.get(scene.goes, "own")
    assert await erasure.finish_due(place.store, place.keys, hidden_hours=72) == 0
    await place.keys.get(scene.goes, "said")
    shown = await place.read(scene.room)
    assert [(one.text, one.hidden, one.name) for one in shown if one.author == scene.goes and one.kind == "said"] == [
        ("", "erased", ""), ("", "erased", ""),
    ]  # fmt: skip
    async with place.store.transaction() as tx:
        long_ago = Millis(await tx.now() - 72 * erasure.HOUR_MS)
        await tx.execute(sa.update(people_table).where(people_table.c.id == scene.goes).values(erased_at=long_ago))
    assert await erasure.finish_due(place.store, place.keys, hidden_hours=72) == 1
    with pytest.raises(KeyDestroyed):
        await place.keys.get(scene.goes, "said")
    assert await erasure.finish_due(place.store, place.keys, hidden_hours=72) == 0


async def test_evidence_outlives_erasure_until_its_case_closes_and_then_opens_nowhere(scene: Scene) -> None:
    place = scene.place
    reported = await place.say(scene.room, scene.goes, words())
    text = (await place.read(scene.room))[-1].text
    command = Report(room=scene.room, seq=reported, window=0)
    case = await cases.report(place.store, place.keys, scene.stays, command)
    await erasure.erase(place.store, place.keys, scene.journal, scene.goes)
    await erasure.finish_due(place.store, place.keys, hidden_hours=0)
    everybody = (scene.goes, scene.stays, case)
    assert text in scene.opened(owners=everybody), "evidence stands"
    supervisor = await place.person("supervisor")
    await cases.close(place.store, place.keys, scene.journal, supervisor, Close(case=case, outcome="nothing"))
    await erasure.truncate(place.store)
    assert text not in scene.opened(owners=everybody)


@pytest.mark.parametrize("replayed", [True, False], ids=["replayed", "switched off"])
async def test_a_restored_backup_of_everything_does_not_bring_the_words_back(
    sqlite_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, replayed: bool
) -> None:
    """Database and keys come back; the journal, which is in no backup, does the rest before a port opens."""
    backup = tmp_path_factory.mktemp("backup")
    journal = Journal(tmp_path / "erasures.journal")
    async with open_place(sqlite_url, tmp_path) as place:
        goes, stays = await place.person(), await place.person()
        room = await place.room(goes, stays)
        text, frozen = words(), words()
        await place.say(room, goes, text)
        seq = await place.say(room, goes, frozen)
        case = await cases.report(place.store, place.keys, stays, Report(room=room, seq=seq, window=0))
        for name in ("hearthside.db", "keys.db"):
            copy(tmp_path / name, backup / name)
        supervisor = await place.person("supervisor")
        await cases.close(place.store, place.keys, journal, supervisor, Close(case=case, outcome="nothing"))
        await erasure.erase(place.store, place.keys, journal, goes)
        await erasure.finish_due(place.store, place.keys, hidden_hours=0)
    for name in ("hearthside.db", "keys.db"):
        for part in tmp_path.glob(f"{name}-*"):
            part.unlink()
        shutil.copy(backup / name, tmp_path / name)
    async with open_place(sqlite_url, tmp_path) as place:
        if replayed:
            assert await erasure.replay(place.store, place.keys, journal, hidden_hours=0) == 2
            assert await erasure.replay(place.store, place.keys, journal, hidden_hours=0) == 0
            with pytest.raises(NotAMember):
                async with place.store.reading() as tx:
                    await people.find(tx, goes)
        files = [one for one in tmp_path.iterdir() if one.is_file() and one.name != "master.keys"]
        opened = attack(
            tmp_path / "master.keys", files, [tmp_path / "hearthside.db", backup / "hearthside.db"],
            (goes, stays, case), files,
        )  # fmt: skip
    assert ({text, frozen} <= opened) is not replayed
    assert replayed is not bool({text, frozen} & opened)


async def test_erasing_ends_sessions_roles_memberships_and_every_way_in(place: Place) -> None:
    person, other = await place.person("moderator"), await place.person()
    room, chat = await place.room(person, other), await place.one_to_one(other, person)
    journal = Journal(place.folder / "erasures.journal")
    async with place.store.transaction() as tx:
        token = await sessions.open(tx, person)
        code = await recovery.new_recovery(tx, person)
    for _ in range(2):
        await erasure.erase(place.store, place.keys, journal, person)
    async with place.store.reading() as tx:
        with pytest.raises(SignedOut):
            await sessions.find(tx, token)
        with pytest.raises(NotAMember):
            await people.find(tx, person)
        assert await rooms.members(tx, rooms.DESK) == []
        assert [one.person for one in await rooms.members(tx, chat)] == [other]
    with pytest.raises(SignedOut):
        await recovery.recover(place.store, place.keys, code, "192.0.2.1")
    assert [(one.kind, one.code) for one in (await place.read(room))[-1:]] == [("left", "erased")]
    assert [(one.kind, one.code) for one in (await place.read(chat))[-2:]] == [("left", "erased"), ("closed", "left")]
    assert (await place.inbox(person))[-1].kind == "signed_out"
    [row] = await place.rows(people_table, people_table.c.id == person)
    assert (row.state, row.nickname, row.skeleton, row.recovery, row.passphrase) == ("erased", None, None, None, None)
    assert {line.id for line in journal.read()} == {person}


async def test_the_name_of_an_erased_person_is_free_again(place: Place) -> None:
    person = await place.person()
    async with place.store.reading() as tx:
        name = (await people.find(tx, person)).nickname
    await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), person)
    assert await people.make(place.store, place.keys, name, "en")


async def test_a_crash_just_after_the_journals_line_is_finished_at_the_next_start(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    journal = Journal(place.folder / "erasures.journal")
    await place.say(room, person, words())
    async with place.store.reading() as tx:
        at = await tx.now()
    await journal.append("erased", person, at)
    assert await erasure.replay(place.store, place.keys, journal, hidden_hours=72) == 1
    [row] = await place.rows(people_table, people_table.c.id == person)
    assert (row.state, row.erased_at) == ("erased", at)
    assert await place.keys.owners("own") == set()
    assert await place.keys.owners("said") == {person}
    assert await erasure.replay(place.store, place.keys, journal, hidden_hours=0) == 0
    assert await place.keys.owners("said") == set()
    [entry] = await place.rows(entries, entries.c.kind == "said")
    assert (entry.body, entry.mac) == (None, None)


async def test_a_backup_older_than_the_person_leaves_no_key_of_theirs(place: Place) -> None:
    """The keys come back and the person does not."""
    journal = Journal(place.folder / "erasures.journal")
    await place.keys.make(77, "said", "own")
    await journal.append("erased", 77, Millis(5))
    await journal.append("closed", CaseId(78), Millis(5))
    assert await erasure.replay(place.store, place.keys, journal, hidden_hours=72) == 1
    assert await place.keys.owners("own") | await place.keys.owners("said") == set()


async def test_what_another_part_forgets_fails_and_the_key_dies_all_the_same(place: Place) -> None:
    person = await place.person()
    journal = Journal(place.folder / "erasures.journal")
    forgotten = []

    async def forget(tx: Transaction, who: PersonId) -> None:
        await tx.execute(meta.insert().values(name=f"forgot {who}", value=""))
        forgotten.append(who)

    async def fail(tx: Transaction, who: PersonId) -> None:
        raise RuntimeError("a part that fails")

    with pytest.raises(RuntimeError):
        await erasure.erase(place.store, place.keys, journal, person, [forget, fail])
    assert forgotten == [person]
    assert await place.keys.owners("own") == set()
    with pytest.raises(NotAMember):
        await erasure.erase(place.store, place.keys, journal, PersonId(12345))
    assert [line.id for line in journal.read()] == [person]


async def test_no_key_dies_without_a_line_on_the_disk(place: Place) -> None:
    person = await place.person()
    (place.folder / "erasures.journal").mkdir()
    with pytest.raises(OSError):
        await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), person)
    assert await place.keys.owners("own") == {person}
    async with place.store.reading() as tx:
        assert (await people.find(tx, person)).state == "active"


async def test_a_reader_in_the_way_only_delays_that_the_log_is_cut(scene: Scene) -> None:
    wal = scene.folder / "hearthside.db-wal"
    async with scene.place.store.reading() as tx:
        await tx.execute(sa.select(people_table))
        await scene.place.say(scene.room, scene.goes, words())
        assert not await erasure.truncate(scene.place.store)
        assert wal.stat().st_size > 0
    assert await erasure.truncate(scene.place.store)
    assert wal.stat().st_size == 0
