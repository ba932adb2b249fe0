"""Acts as the person they are about is told of them, with their own words; and asking for another look at one.

Whoever is banned has no session: signing in leads to one page with the notice, the appeal and help, and to no other.
Its form carries a pass, which says that this browser has shown whose account it is, and opens nothing else.
"""

import hmac
from dataclasses import dataclass

from starlette.responses import Response

from chat import account, appeals
from chat.account import ToldAct
from chat.ids import ActId, PersonId
from chat.refusals import SignedOut
from web.site import Visit, whole

PASS_MS = 3_600_000
"""So long somebody may look for words; then they sign in once more."""


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """An act about somebody, and what of their own words it is about."""

    act: ToldAct
    excerpt: list[str]


async def notices(visit: Visit, person: PersonId) -> list[Notice]:
    """Return what somebody is told of acts about them, the newest first."""
    site = visit.site
    async with site.store.reading() as tx:
        told = await account.acts_of(tx, person)
    words = await appeals.excerpts(site.store, site.keys, person, [one.id for one in told])
    return [Notice(one, words.get(one.id, [])) for one in told]


async def closed(visit: Visit, person: PersonId, status: int = 403, until: int | None = None) -> Response:
    """Tell who has shown whose account it is why it is closed and until when, and let them appeal until then (None: for
    PASS_MS)."""
    bans = [one for one in await notices(visit, person) if one.act.kind == "banned" and one.act.stands]
    if not bans:
        raise SignedOut  # erased, or the ban has ended meanwhile
    lasting = [one for one in bans if one.act.until is None]
    shown = lasting or sorted(bans, key=lambda one: -(one.act.until or 0))
    if until is None:
        async with visit.site.store.reading() as tx:
            until = await tx.now() + PASS_MS
    return visit.page("banned.html", status, bans=shown, here="/sign-in", open=_pass(visit, person, until))


async def appeal_ban(visit: Visit) -> Response:
    """Ask for another look at a ban, from the page that tells of it."""
    whose, until = (whole(one) for one in (visit.field("person"), visit.field("until")))
    person = PersonId(whose)
    async with visit.site.store.reading() as tx:
        now = await tx.now()
    if until < now or not hmac.compare_digest(_mac(visit, person, until), visit.field("mac").encode()):
        raise SignedOut
    act = ActId(whole(visit.field("act")))
    await appeals.appeal(visit.site.store, visit.site.keys, person, act, visit.field("words"))
    return await closed(visit, person, 200, until)  # asking renews no pass


def _pass(visit: Visit, person: PersonId, until: int) -> dict[str, str]:
    return {"person": str(person), "until": str(until), "mac": _mac(visit, person, until).decode()}


def _mac(visit: Visit, person: PersonId, until: int) -> bytes:
    key = visit.site.keys.derive("appeals")
    return hmac.digest(key, f"{visit.browser}\0{person}\0{until}".encode(), "sha256").hex().encode()
