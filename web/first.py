"""The first start: who comes in when nobody is there yet, and the demo.

A link is printed to the person who started the server, and works once, for a day. There is one at every start until an
organiser has a way to come back, and one whenever the operator asks for it.
"""

import sqlalchemy as sa

from chat import links, people, recovery, rooms, roster
from chat.ids import PersonId
from chat.keys import Keys
from chat.settings import Settings
from chat.store import Store
from chat.tables import meta, roles
from chat.tables import people as people_table
from matcher import demo

DEMO_ROOMS = (
    ("Evenings, one day at a time", "For the hours when it is hardest not to drink or use. Say as much as you like."),
    ("Carers after hours", "You look after somebody. Here somebody looks after you."),
    ("Grief has no timetable", "For everyone who has lost someone, last week or long ago."),
    ("New here", "Not sure where to begin? Begin here."),
)  # fmt: skip

DEMO_TOLD = "Nobody of the moderators is here just now. What you report is kept, and looked at when they are back."


async def start(store: Store, keys: Keys, settings: Settings) -> None:
    """Print a link for the first organiser while none can come back; fill and print the demo, if asked for.

    A session is no way back: its cookie may have been lost with the answer that carried it.
    """
    async with store.reading() as tx:
        comes_back = sa.select(people_table.c.id).join(roles).where(
            roles.c.role == "organiser", people_table.c.state == "active",
            sa.or_(people_table.c.passphrase.is_not(None), recovery.is_confirmed()),
        )  # fmt: skip
        has_organiser = (await tx.execute(comes_back)).first()
    if has_organiser is None:
        await invite_organiser(store, settings, "the first organiser")
    if settings.demo:
        await _demo(store, keys, settings)


async def invite_organiser(store: Store, settings: Settings, who: str = "a new organiser") -> None:
    """Print a link for an organiser."""
    async with store.transaction() as tx:
        token = await links.make_link(tx, role="organiser")
    _tell(f"{who} signs in here (works once, for a day)", settings, token)


async def _demo(store: Store, keys: Keys, settings: Settings) -> None:
    """Make the demo once; print fresh sign-in links for its people at every start."""
    async with store.reading() as tx:
        made = (await tx.execute(sa.select(meta.c.value).where(meta.c.name == "demo"))).first()
    if made is None:
        async with store.transaction() as tx:
            await tx.execute(meta.insert().values(name="demo", value="1"))
            for name, about in DEMO_ROOMS:
                await rooms.make(tx, "group", name=name, about=about, language="en")
        moderator = await people.make(store, keys, "Demo Moderator Alder", "en", roles=("moderator",))
        async with store.transaction() as tx:
            await roster.put_rule(tx, roster.NobodyRule(DEMO_TOLD, "organiser"), None)
            await roster.begin(tx, keys, moderator, roster.HOURS_MOST)
        await demo.fill(store, keys)
    print("hearthside: this is the demo; to leave it: make run HEARTHSIDE_DEMO=0 HEARTHSIDE_VAR=./data", flush=True)
    who = sa.select(people_table.c.id, people_table.c.nickname, roles.c.role).join_from(people_table, roles)
    who = who.where(roles.c.role.in_(("peer", "moderator")), people_table.c.state == "active")
    async with store.reading() as tx:
        staff = list(await tx.execute(who.order_by(roles.c.role, people_table.c.nickname)))
    for row in staff:
        async with store.transaction() as tx:
            token = await links.make_link(tx, person=PersonId(row.id))
        _tell(f"{row.role} {row.nickname}", settings, token)


def _tell(who: str, settings: Settings, token: str) -> None:
    print(f"hearthside: {who}: {sorted(settings.origins)[-1]}/link/{token}", flush=True)
