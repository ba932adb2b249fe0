"""Alerts: they reach who is asked, say nothing, come once for each step, and outlive the death of any process."""

import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from chat import alerts, channels, claims
from chat.alerts import Alerts
from chat.ids import PersonId
from chat.protocol import Done
from chat.refusals import Malformed, NotAllowed
from chat.rooms import DESK
from chat.staff_commands import Acknowledge, Claim, Escalate
from chat.tables import audit
from chat.tables import cases as cases_table
from chat.tables import channels as channels_table
from chat.tables import escalations as steps_table
from tests.place import Place
from tests.receiver import receiving
from tests.test_escalations import WITHIN_S, acknowledge, claimed, escalate, let_time_pass, on_duty
from tests.town import TOLD_S, Town, open_town
from tests.words import words


async def reached_by(place: Place, person: PersonId, *addresses: str) -> None:
    await channels.set_to(place.store, place.keys, person, addresses)


async def release_leases(place: Place) -> None:
    """Let the time go by after which what a dead process held is anybody's."""
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(steps_table).values(leased_until=steps_table.c.leased_until - alerts.LEASE_MS))


async def test_who_is_asked_is_alerted_once_and_told_nothing(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    case, _, _ = await claimed(place, moderator)
    async with receiving() as gateway:
        await reached_by(place, supervisor, gateway.address)
        await escalate(place, moderator, case)
        several = [Alerts(place.store, place.keys, WITHIN_S) for _ in range(3)]
        for _ in range(2):
            await asyncio.gather(*(one.look() for one in several))
        assert gateway.bodies == [channels.ABOUT]
        [title] = gateway.titles
        assert str(case) not in title and title.startswith("Hearthside ")
    [row] = await place.rows(steps_table)
    assert row.alerted_at and row.is_reached
    assert [(one.kind, one.ref, one.code) for one in (await place.desk())[-1:]] == [("alerted", case, "reached")]
    [row] = await place.rows(audit, audit.c.act == "alerted")
    assert (row.subject, row.ref, row.code) == (supervisor, case, "reached")


async def test_a_channel_that_fails_falls_to_the_next(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    case, _, _ = await claimed(place, moderator)
    async with receiving() as gateway, receiving() as broken:
        broken.status = 500
        dead = "json://127.0.0.1:9/"
        await reached_by(place, supervisor, dead, broken.address, gateway.mail_address, gateway.address)
        await escalate(place, moderator, case)
        await Alerts(place.store, place.keys, WITHIN_S).look()
        assert (len(broken.titles), len(gateway.mails), gateway.titles) == (1, 1, [])
        assert broken.titles[0] in gateway.mails[0]
    [row] = await place.rows(steps_table)
    assert row.is_reached


async def test_who_cannot_be_reached_is_noted_and_the_next_is_alerted_when_the_time_is_over(place: Place) -> None:
    moderator, first = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    second = await on_duty(place, "professional")
    case, _, _ = await claimed(place, moderator)
    one = Alerts(place.store, place.keys, WITHIN_S)
    async with receiving() as gateway:
        await reached_by(place, second, gateway.address)
        await escalate(place, moderator, case)
        await one.look()
        assert [row.is_reached for row in await place.rows(steps_table)] == [False]
        assert (await place.desk())[-1].code == "unreached"
        await let_time_pass(place, WITHIN_S)
        await one.look()
        assert len(gateway.titles) == 1
        await acknowledge(place, first, case)
        await let_time_pass(place, WITHIN_S)
        await one.look()
        assert len(gateway.titles) == 1


async def test_a_process_that_dies_with_an_alert_in_its_hands_leaves_it_to_another(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    case, _, _ = await claimed(place, moderator)
    async with receiving() as gateway:
        await reached_by(place, supervisor, gateway.address)
        await escalate(place, moderator, case)
        dies, lives = (Alerts(place.store, place.keys, WITHIN_S) for _ in range(2))
        [taken] = await dies.take(1)  # dead between this and sending
        await lives.look()
        assert gateway.titles == []
        await release_leases(place)
        [again] = await lives.take(2)
        assert again == taken and await lives.reach(again)  # dead between sending and saying so
        await release_leases(place)
        await dies.look()
        assert len(gateway.titles) == 2 and len(set(gateway.titles)) == 1, "once more, but as the same"
        await lives.mark(again, 2, False)  # not dead, but late: it is another's by now
        await release_leases(place)
        await lives.look()
        assert len(gateway.titles) == 2
    [row] = await place.rows(steps_table)
    assert row.is_reached


async def test_channels_are_sealed_and_only_for_who_is_alerted(place: Place) -> None:
    supervisor, member = await place.person("supervisor"), await place.person()
    address = "mailto://" + words("name").replace(" ", "") + ":secret@example.org"
    await reached_by(place, supervisor, address, "json://127.0.0.1:9/")
    assert await channels.addresses(place.store, place.keys, supervisor) == [address, "json://127.0.0.1:9/"]
    async with place.store.reading() as tx:
        assert await channels.kinds(tx, supervisor) == ["mailto", "json"]
    assert all(b"secret" not in row.body for row in await place.rows(channels_table))
    for wrong in (
        ["nothing://here"],
        ["mailto"],
        ["json://127.0.0.1/"] * (channels.MOST + 1),
        ["json://x/" + "x" * 500],
    ):
        with pytest.raises(Malformed):
            await reached_by(place, supervisor, *wrong)
    with pytest.raises(NotAllowed):
        await reached_by(place, member, address)
    await reached_by(place, supervisor)
    assert await place.rows(channels_table) == []


def test_all_channels_of_one_person_are_tried_before_another_process_may_try_them() -> None:
    assert channels.MOST * (channels.CHANNEL_S + 1) * 1000 <= alerts.LEASE_MS
    assert alerts.LEASE_MS / 1000 + alerts.BEAT_S <= 30


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two processes on one database."""
    folder = tmp_path_factory.mktemp("alerts")
    with open_town(f"sqlite:///{folder / 'hearthside.db'}", folder, None) as one:
        yield one


async def test_whichever_process_is_killed_at_whichever_step_nobody_is_left_unasked(town: Town) -> None:
    """Killed after `done`, with the alert on its way, and after the acknowledgement."""
    async with town.place() as place, receiving() as gateway, town.losing(0), town.losing(1):
        moderator, first = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
        second = await on_duty(place, "supervisor")
        await reached_by(place, first, gateway.address)
        await reached_by(place, second, gateway.address)
        case, _, _ = await claimed(place, moderator)
        gateway.open.clear()
        async with town.client(place, moderator, 0) as console:
            assert isinstance(await console.ask(Escalate(case=case, level="imminent", reason=words())), Done)
        await gateway.until(1)
        for number in (0, 1):
            town.webs[number].kill()  # the one that sends, whichever it is
        gateway.open.set()
        await release_leases(place)
        await town.start_again(0)
        await alerted(place, 1)
        assert len(set(gateway.titles)) == 1
        async with town.client(place, first, 0) as console:
            await console.join(DESK)
            assert isinstance(await console.ask(Acknowledge(case=case)), Done)
            town.webs[0].kill()
        await town.start_again(1)
        await let_claims_grow_old(place)
        await alerted(place, 2)
        assert len(set(gateway.titles)) == 2
        async with town.client(place, second, 1) as console:
            await console.join(DESK)
            assert [one.kind for one in (await place.desk())[-3:]] == ["released", "escalated", "alerted"]
            assert isinstance(await console.ask(Acknowledge(case=case)), Done)
            assert isinstance(await console.ask(Claim(case=case)), Done)


async def alerted(place: Place, step: int) -> None:
    """Wait until a step's person has been alerted, and it is noted."""
    async with asyncio.timeout(alerts.BEAT_S + claims.BEAT_S + TOLD_S):
        done = (steps_table.c.step == step, steps_table.c.alerted_at.is_not(None))
        while not await place.rows(steps_table, *done):  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.1)


async def let_claims_grow_old(place: Place) -> None:
    async with place.store.transaction() as tx:
        aged = cases_table.c.seen_at - claims.ACKNOWLEDGED_LEASE_MS
        await tx.execute(sa.update(cases_table).values(seen_at=aged))
