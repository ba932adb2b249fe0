"""The first start: who comes in when nobody is there yet, and the demo.

A link is printed once, to the person who started the server, and works once, for a day. Nothing else ever prints one.
"""

import sqlalchemy as sa

from chat import links, people, recovery, rooms
from chat.ids import PersonId
from chat.keys import Keys
from chat.settings import Settings
from chat.store import Store, clock
from chat.tables import meta, roles, sessions
from chat.tables import people as people_table
from matcher import demo

DEMO_ROOMS = (
    ("Evenings, one day at a time", "For the hours when it is hardest not to drink or use. Say as much as you like."),
    ("Carers after hours", "You look after somebody. Here somebody looks after you."),
    ("Grief has no timetable", "For everyone who has lost someone, last week or long ago."),
    ("New here", "Not sure where to begin? Begin here."),
)  # fmt: skip


async def start(store: Store, keys: Keys, settings: Settings) -> None:
    """Print a link for the first organiser while there is none who can come in; fill and print the demo, if asked for.

    Who left before choosing a passphrase, and signed out, has no way back: then there is a link again.
    """
    async with store.reading() as tx:
        comes_in = sa.select(people_table.c.id).join(roles).where(
            roles.c.role == "organiser", people_table.c.state == "active",
            sa.or_(
                people_table.c.passphrase.is_not(None), recovery.is_confirmed(),
                sa.exists().where(
                    sessions.c.person == people_table.c.id, sessions.c.expires_at > clock(tx.is_postgresql)
                ),
            ),
        )  # fmt: skip
        has_organiser = (await tx.execute(comes_in)).first()
    base = sorted(settings.origins)[-1]
    if has_organiser is None:
        async with store.transaction() as tx:
            token = await links.make_link(tx, role="organiser")
        _tell("the first organiser signs in here (works once, for a day)", f"{base}/link/{token}")
    if settings.demo:
        await _demo(store, keys, base)


async def _demo(store: Store, keys: Keys, base: str) -> None:
    """Make the demo once; print fresh sign-in links for its people at every start."""
    async with store.reading() as tx:
        made = (await tx.execute(sa.select(meta.c.value).where(meta.c.name == "demo"))).first()
    if made is None:
        async with store.transaction() as tx:
            await tx.execute(meta.insert().values(name="demo", value="1"))
            for name, about in DEMO_ROOMS:
                await rooms.make(tx, "group", name=name, about=about, language="en")
        await people.make(store, keys, "Demo Moderator Alder", "en", roles=("moderator",))
        await demo.fill(store, keys)
    print("hearthside: this is the demo; to leave it: make run HEARTHSIDE_DEMO=0 HEARTHSIDE_VAR=./data", flush=True)
    who = sa.select(people_table.c.id, people_table.c.nickname, roles.c.role).join_from(people_table, roles)
    who = who.where(roles.c.role.in_(("peer", "moderator")), people_table.c.state == "active")
    async with store.reading() as tx:
        staff = list(await tx.execute(who.order_by(roles.c.role, people_table.c.nickname)))
    for row in staff:
        async with store.transaction() as tx:
            token = await links.make_link(tx, person=PersonId(row.id))
        _tell(f"{row.role} {row.nickname}", f"{base}/link/{token}")


def _tell(who: str, link: str) -> None:
    print(f"hearthside: {who}: {link}", flush=True)
