"""The supervisor's page: which declared values may meet, who may talk with minors, what moderators carry."""

from starlette.responses import Response

from chat import debriefs, directory, dose
from chat.ids import PersonId
from chat.refusals import Malformed
from matcher import pairs, peers
from matcher.facets import PROTECTING, VALUES
from matcher.pairs import EDITED, NEVER
from web import facet_words
from web.site import Visit

BETWEEN = ">"
"""Stands between the seeker's value and the peer's in a field; no value of the lists holds it."""


async def supervisor(visit: Visit) -> Response:
    """Show the pairs, a matrix a facet, and the peers."""
    async with visit.site.store.reading() as tx:
        allowed, staff = await pairs.load(tx, visit.site.tokens), await directory.with_roles(tx)
        vetted, heavy_hours = await peers.vetted(tx), await dose.hours_of_all(tx)
        notes = await debriefs.listing(tx, visit.member.person)
    words = visit.language
    labels = {
        name: {"": words("Nothing said")} | {value: facet_words.label(words, name, value) for value in VALUES[name]}
        for name in PROTECTING
    }
    return visit.page(
        "supervisor.html", page="supervisor", allowed=allowed, never=NEVER, labels=labels, between=BETWEEN,
        matrices=facet_words.MATRICES, peers=[one for one in staff if "peer" in one.roles], vetted=vetted,
        heavy_hours=heavy_hours, notes=[(one, visit.language.moment(one.at)) for one in notes],
        saved=visit.request.query_params.get("saved", ""),
    )  # fmt: skip


async def allow(visit: Visit) -> Response:
    """Let the ticked pairs of one facet meet, and no others."""
    name = next((one for one in EDITED if one == visit.field("name")), None)
    if name is None:
        raise Malformed
    wanted = [one.partition(BETWEEN) for one in visit.fields.get("pair", ())]
    if not all(between for _, between, _ in wanted):
        raise Malformed
    async with visit.site.store.transaction() as tx:
        ticked = {(seeker, peer) for seeker, _, peer in wanted}
        await pairs.allow(tx, visit.site.keys, visit.site.tokens, visit.member.person, name, ticked)
    return visit.go(f"/supervisor?saved={name}#{name}")


async def debrief(visit: Visit) -> Response:
    """Show one note; reading it is in the audit."""
    note = await debriefs.read(visit.site.store, visit.site.keys, visit.member.person, visit.id("note"))
    return visit.page("debrief.html", page="supervisor", note=note, at=visit.language.moment(note.at))


async def vet(visit: Visit) -> Response:
    """Let a peer talk with minors."""
    return await _set_vetted(visit, True)


async def unvet(visit: Visit) -> Response:
    """Let a peer talk with minors no more."""
    return await _set_vetted(visit, False)


async def _set_vetted(visit: Visit, vetted: bool) -> Response:
    async with visit.site.store.transaction() as tx:
        await peers.set_vetted(tx, visit.site.keys, visit.member.person, PersonId(visit.id("person")), vetted)
    return visit.go("/supervisor#minors")
