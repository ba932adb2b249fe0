"""Profile, and asking for one person: forms that work without script."""

from dataclasses import dataclass

from starlette.responses import Response

from chat.refusals import Gone, Malformed, Muted, NotWords, Refusal, TooFast, TooLong, Unavailable
from matcher import places, profiles, requests, topics
from matcher import waiting as waiting_room
from matcher.coverage import covered
from matcher.facets import MOST, NEVER_HIDDEN, VALUES, Facet, Name, Topics, Visibility, undeclared
from matcher.places import Kept
from matcher.profiles import Profile, Words
from matcher.topics import Topic
from matcher.waiting import Standing
from web import facet_words, place_form
from web.place_form import NotPlaces
from web.site import Visit

VISIBILITIES: tuple[Visibility, ...] = ("hidden", "matching", "shown")
DRAFT_MOST = 40
"""Characters of what a form says its draft belongs to; longer is none of ours."""


class NothingWritten(Refusal):
    """Neither words nor facets: there is nothing to find somebody by."""

    code = "nothing_written"


KEEPING = (NotWords, TooLong, Malformed, NothingWritten, NotPlaces, Muted, TooFast, Unavailable)
"""Refusals after which the form is shown again with all that was typed: nobody writes such words twice."""
STATUS: dict[type[Refusal], int] = {TooFast: 429, Unavailable: 503}


@dataclass(frozen=True, slots=True)
class Known:
    """What the forms need of the database beside the words: the organiser's topics, and how many places are kept (None:
    it does not answer just now, and the form is shown all the same)."""

    topics: tuple[Topic, ...]
    places: Kept | None

    @property
    def offered(self) -> Topics:
        return topics.offered(self.topics)


async def profile_form(visit: Visit) -> Response:
    """Show the person's own profile."""
    found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
    done = visit.request.query_params.get("done", "")
    return _page(visit, await _known(visit), "profile.html", found or _empty(visit), done=done)


async def profile(visit: Visit) -> Response:
    """Keep the profile."""
    person, known = visit.member.person, await _known(visit)
    try:
        key = await visit.site.keys.get(person, "own")
        wanted, named = _written(visit, known), place_form.read(visit)
        sealed = profiles.seal(key, visit.site.tokens, person, wanted.words)
        async with visit.site.store.transaction() as tx:
            await place_form.keep(tx, visit, named)
            await profiles.save(tx, person, sealed, language=wanted.language, languages=wanted.languages)
    except KEEPING as refusal:
        status = STATUS.get(type(refusal), 409)
        return _page(visit, known, "profile.html", _raw(visit, known), status, error=refusal.code)
    return visit.go("/profile?done=saved#seen")


async def delete_profile(visit: Visit) -> Response:
    """Delete the profile, after a tick; places and requests are another matter, and the page says so."""
    if visit.field("sure") != "yes":
        found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
        return _page(visit, await _known(visit), "profile.html", found or _empty(visit), 409, error="not_sure")
    async with visit.site.store.transaction() as tx:
        await profiles.withdraw(tx, visit.member.person)
    return visit.go("/profile?done=deleted")


async def ask_form(visit: Visit) -> Response:
    """Ask for one person: begins with what the profile says. Who is waiting already sees how it stands, and with
    `anew` the words of that request, to ask with others."""
    standing, load = await _standing(visit), profiles.load
    if standing is not None and _is_open(standing):
        if visit.request.query_params.get("anew") != "yes":
            return visit.go("/waiting")
        load = waiting_room.load
    found = await load(visit.site.store, visit.site.keys, visit.member.person)
    draft = f"{standing.request if standing else 0} {found.version if found else 0}"
    known = await _known(visit)
    return _page(visit, known, "ask.html", found or _empty(visit), standing=standing, draft=draft)


async def ask(visit: Visit) -> Response:
    """Put the request in the queue. One that stands already keeps its place and its words, and the person is told;
    with `anew` it is taken back in the same transaction, unless somebody has said yes to it: then the person is told of
    that, and nothing is asked. The same words again are the same request."""
    person, known = visit.member.person, await _known(visit)
    try:
        key = await visit.site.keys.get(person, "own")
        wanted, named = _written(visit, known), place_form.read(visit)
        if not wanted.words.text and not wanted.words.facets:
            raise NothingWritten
        sealed = profiles.seal(key, visit.site.tokens, person, wanted.words, "requests")
        async with visit.site.store.transaction() as tx:
            await place_form.keep(tx, visit, named)
            request = await requests.ask(
                tx, person, sealed, language=wanted.language, languages=wanted.languages,
                per_hour=visit.site.settings.requests_per_hour, anew=visit.field("anew") == "yes",
            )  # fmt: skip
            kept = await requests.body(tx, request)
    except Gone:
        return visit.go("/waiting")
    except KEEPING as refusal:
        is_standing = visit.field("anew") == "yes" and not isinstance(refusal, Unavailable)
        standing = await _standing(visit) if is_standing else None
        status = STATUS.get(type(refusal), 409)
        answer = _page(
            visit, known, "ask.html", _raw(visit, known), status, error=refusal.code, standing=standing
        )  # fmt: skip
        if refusal.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
        return answer
    if kept != sealed.body and (earlier := profiles.unseal(key, person, kept, "requests")) != wanted.words:
        known, standing = await _known(visit), await _standing(visit)
        return _page(visit, known, "ask.html", wanted, 409, standing=standing, earlier=earlier)
    return visit.go("/waiting")


async def _standing(visit: Visit) -> Standing | None:
    async with visit.site.store.reading() as tx:
        return await waiting_room.standing(tx, visit.member.person)


def _is_open(standing: Standing) -> bool:
    return standing.state == "waiting"


async def _known(visit: Visit) -> Known:
    try:
        async with visit.site.store.reading() as tx:
            return Known(await topics.load(tx), await places.kept(tx, visit.member.person))
    except Unavailable:
        return Known(topics.FIRST, None)


def _page(
    visit: Visit,
    known: Known,
    template: str,
    shown: Profile,
    status: int = 200,
    *,
    error: str = "",
    done: str = "",
    draft: str = "",
    standing: Standing | None = None,
    earlier: Words | None = None,
) -> Response:
    offered, named = known.offered, place_form.shown(visit, known.places, typed=earlier is None)
    facets = [one for one in shown.words.facets if one.name != "topic" or one.value in offered]
    return visit.page(
        template, status, page=template.partition(".")[0], shown=shown, error=error, done=done, offered=offered,
        held={(one.name, one.value): one.visibility for one in facets}, never_hidden=NEVER_HIDDEN,
        draft=draft or visit.field("draft")[:DRAFT_MOST] or str(shown.version), places=named,
        waited=visit.language.since(standing.waited_s) if standing and _is_open(standing) else "", earlier=earlier,
        first=undeclared(facets) if template == "ask.html" else (),
        asked=facet_words.ASKED, labels=facet_words.labels(visit.language, known.topics), most=MOST,
        visibilities=facet_words.VISIBILITIES, readable=facet_words.languages(visit.language),
        compared=facet_words.listed(visit.language, covered(visit.site.settings.model)),
    )  # fmt: skip


def _empty(visit: Visit) -> Profile:
    code = visit.language.code
    return Profile(Words(), code, (code,))


def _written(visit: Visit, known: Known) -> Profile:
    """Return what the form holds.

    Raises:
        NotWords, TooLong, Malformed.
    """
    seen = _visibility(visit, "text_visibility")
    return Profile(
        profiles.compose(visit.field("text"), seen, _facets(visit), known.offered),
        visit.field("language") or visit.language.code,
        visit.fields.get("reads", ()) or (visit.language.code,),
    )


def _raw(visit: Visit, known: Known) -> Profile:
    """Return what the form holds as it was typed, to be shown again with what is wrong; nothing typed is lost."""
    code, written = visit.language.code, visit.field("language")
    lists = {"topic": known.offered, **VALUES}
    kept = tuple(one for one in _facets(visit) if one.value in lists[one.name])
    reads = tuple(one for one in visit.fields.get("reads", ()) if one in facet_words.READ)
    words = Words(visit.field("text"), _visibility(visit, "text_visibility"), kept)
    return Profile(words, written if written in facet_words.READ else code, reads or (code,))


def _facets(visit: Visit) -> list[Facet]:
    return [
        Facet(name, value, _seen(visit, name, value)) for name in MOST for value in visit.fields.get(name, ()) if value
    ]


def _seen(visit: Visit, name: Name, value: str) -> Visibility:
    """What keeps a pair from harm is used for matching in any case (see `facets`), so it is never said to be hidden."""
    chosen = _visibility(visit, f"seen-{name}-{value}")
    return "matching" if chosen == "hidden" and name in NEVER_HIDDEN else chosen


def _visibility(visit: Visit, field: str) -> Visibility:
    wanted = visit.field(field)
    return next((one for one in VISIBILITIES if one == wanted), "matching")
