"""Channels: how somebody on duty is reached when they look at no page: mail, an SMS gateway, a chat, a pager.

A channel is an address as apprise reads it (mailto://…, tgram://…). It often holds a password, so it is sealed under
the person's own key, dies with their account, is never shown again and never logged: only its kind is told.
"""

import logging
from collections.abc import Sequence

import sqlalchemy as sa
from apprise import Apprise, AppriseAsset

from chat import access, audit
from chat.ids import PersonId
from chat.keys import KeyDestroyed, Keys
from chat.refusals import Malformed
from chat.store import Store, Transaction
from chat.tables import channels

logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses into its lines

MOST = 4
ADDRESS_MOST = 500
CHANNEL_S = 4.0
"""A channel that does not answer costs so much, and the next one is tried."""
ABOUT = "Hearthside: somebody on duty is needed. Open the console."
"""All that an alert says: it goes through others' hands."""
ASSET = AppriseAsset(app_id="Hearthside", app_desc="Hearthside", async_mode=False, secure_logging=True)


async def set_to(store: Store, keys: Keys, person: PersonId, addresses: Sequence[str]) -> None:
    """Keep how a person is reached, instead of what was kept before: the first that works is used.

    Raises:
        Malformed: more than MOST, or one that cannot be read. NotAllowed: not one who is alerted.
    """
    if len(addresses) > MOST or not all(_is_readable(one) for one in addresses):
        raise Malformed
    key = await keys.get(person, "own")
    rows = [
        {"person": person, "n": n, "kind": one.partition("://")[0].lower(), "body": key.seal(one, _bound(person, n))}
        for n, one in enumerate(addresses)
    ]
    async with store.transaction() as tx:
        await access.require_role(tx, person, *access.DESK)
        await tx.execute(sa.delete(channels).where(channels.c.person == person))
        if rows:
            await tx.execute(channels.insert(), rows)
        await audit.append(tx, keys.derive("audit"), "channels", person)


async def kinds(tx: Transaction, person: PersonId) -> list[str]:
    """Return which kinds of channels somebody has, in their order."""
    wanted = sa.select(channels.c.kind).where(channels.c.person == person).order_by(channels.c.n)
    return list((await tx.execute(wanted)).scalars())


async def addresses(store: Store, keys: Keys, person: PersonId) -> list[str]:
    """Return how somebody is reached, in their order; of an erased person nothing."""
    async with store.reading() as tx:
        wanted = sa.select(channels).where(channels.c.person == person).order_by(channels.c.n)
        rows = list(await tx.execute(wanted))
    try:
        key = await keys.get(person, "own")
    except KeyDestroyed:
        return []
    return [key.open(row.body, _bound(person, row.n)) for row in rows]


def send(address: str, title: str) -> bool:
    """Send one alert, waiting for at most CHANNEL_S; return whether it was taken. Blocks: it is run in a thread."""
    one = Apprise(asset=ASSET)
    return bool(one.add(address)) and bool(one.notify(body=ABOUT, title=title, timeout=CHANNEL_S))


def _is_readable(address: str) -> bool:
    return len(address) <= ADDRESS_MOST and "://" in address and Apprise.instantiate(address, asset=ASSET) is not None


def _bound(person: PersonId, n: int) -> bytes:
    return f"channels\0{person}\0{n}".encode()
