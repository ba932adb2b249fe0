"""Profile, and asking for one person: forms that work without script."""

from starlette.responses import Response

from chat.refusals import Malformed, Muted, NotWords, Refusal, TooFast, Unavailable
from matcher import profiles, requests
from matcher import waiting as waiting_room
from matcher.facets import MOST, PROTECTING, VALUES, Facet, Name, Visibility, undeclared
from matcher.profiles import Profile, Words
from matcher.waiting import Standing
from web import facet_words
from web.site import Visit

VISIBILITIES: tuple[Visibility, ...] = ("hidden", "matching", "shown")


class NothingWritten(Refusal):
    """Neither words nor facets: there is nothing to find somebody by."""

    code = "nothing_written"


KEEPING = (NotWords, Malformed, NothingWritten, Muted, TooFast, Unavailable)
"""Refusals after which the form is shown again with all that was typed: nobody writes such words twice."""
STATUS: dict[type[Refusal], int] = {TooFast: 429, Unavailable: 503}


async def profile_form(visit: Visit) -> Response:
    """Show the person's own profile."""
    found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
    saved = visit.request.query_params.get("saved") == "yes"
    return _page(visit, "profile.html", found or _empty(visit), saved=saved)


async def profile(visit: Visit) -> Response:
    """Keep the profile."""
    person = visit.member.person
    try:
        key = await visit.site.keys.get(person, "own")
        wanted = _written(visit)
        sealed = profiles.seal(key, visit.site.tokens, person, wanted.words)
        async with visit.site.store.transaction() as tx:
            await profiles.save(tx, person, sealed, language=wanted.language, languages=wanted.languages)
    except KEEPING as refusal:
        return _page(visit, "profile.html", _raw(visit), STATUS.get(type(refusal), 409), error=refusal.code)
    return visit.go("/profile?saved=yes#seen")


async def ask_form(visit: Visit) -> Response:
    """Ask for one person: begins with what the profile says. Who is waiting already sees how it stands, and with
    `anew` the words of that request, to ask with others."""
    standing = await _standing(visit)
    if standing is not None and _is_open(standing):
        if visit.request.query_params.get("anew") != "yes":
            return visit.go("/waiting")
        found = await waiting_room.load(visit.site.store, visit.site.keys, visit.member.person)
        return _page(visit, "ask.html", found or _empty(visit), standing=standing)
    found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
    return _page(visit, "ask.html", found or _empty(visit))


async def ask(visit: Visit) -> Response:
    """Put the request in the queue. One that stands already keeps its place and its words, and the person is told;
    with `anew` it is taken back in the same transaction. The same words again are the same request."""
    person = visit.member.person
    try:
        key = await visit.site.keys.get(person, "own")
        wanted = _written(visit)
        if not wanted.words.text and not wanted.words.facets:
            raise NothingWritten
        sealed = profiles.seal(key, visit.site.tokens, person, wanted.words, "requests")
        async with visit.site.store.transaction() as tx:
            request = await requests.ask(
                tx, person, sealed, language=wanted.language, languages=wanted.languages,
                per_hour=visit.site.settings.requests_per_hour, anew=visit.field("anew") == "yes",
            )  # fmt: skip
            kept = await requests.body(tx, request)
    except KEEPING as refusal:
        is_standing = visit.field("anew") == "yes" and not isinstance(refusal, Unavailable)
        standing = await _standing(visit) if is_standing else None
        answer = _page(
            visit, "ask.html", _raw(visit), STATUS.get(type(refusal), 409), error=refusal.code, standing=standing
        )
        if refusal.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
        return answer
    if kept != sealed.body and (earlier := profiles.unseal(key, person, kept, "requests")) != wanted.words:
        return _page(visit, "ask.html", wanted, 409, standing=await _standing(visit), earlier=earlier)
    return visit.go("/waiting")


async def _standing(visit: Visit) -> Standing | None:
    async with visit.site.store.reading() as tx:
        return await waiting_room.standing(tx, visit.member.person)


def _is_open(standing: Standing) -> bool:
    return standing.state == "waiting"


def _page(
    visit: Visit,
    template: str,
    shown: Profile,
    status: int = 200,
    *,
    error: str = "",
    saved: bool = False,
    standing: Standing | None = None,
    earlier: Words | None = None,
) -> Response:
    held = {(one.name, one.value): one.visibility for one in shown.words.facets}
    return visit.page(
        template, status, page=template.partition(".")[0], shown=shown, held=held, error=error, saved=saved,
        waited=visit.language.since(standing.waited_s) if standing else "", earlier=earlier, protecting=PROTECTING,
        first=undeclared(shown.words.facets) if template == "ask.html" else (),
        asked=facet_words.ASKED, labels=facet_words.LABELS, most=MOST, visibilities=facet_words.VISIBILITIES,
        readable=facet_words.languages(visit.language),
    )  # fmt: skip


def _empty(visit: Visit) -> Profile:
    code = visit.language.code
    return Profile(Words(), code, (code,))


def _written(visit: Visit) -> Profile:
    """Return what the form holds.

    Raises:
        NotWords, Malformed.
    """
    return Profile(
        profiles.compose(visit.field("text"), _visibility(visit, "text_visibility"), _facets(visit)),
        visit.field("language") or visit.language.code,
        visit.fields.get("reads", ()) or (visit.language.code,),
    )


def _raw(visit: Visit) -> Profile:
    """Return what the form holds as it was typed, to be shown again with what is wrong; nothing typed is lost."""
    code = visit.language.code
    kept = tuple(one for one in _facets(visit) if one.value in VALUES.get(one.name, ()))
    reads = tuple(one for one in visit.fields.get("reads", ()) if one in facet_words.READ)
    words = Words(visit.field("text"), _visibility(visit, "text_visibility"), kept)
    return Profile(words, code, reads or (code,))


def _facets(visit: Visit) -> list[Facet]:
    names: tuple[Name, ...] = tuple(VALUES)
    return [
        Facet(name, value, _seen(visit, name, value)) for name in names for value in visit.fields.get(name, ()) if value
    ]


def _seen(visit: Visit, name: Name, value: str) -> Visibility:
    """What keeps a pair from harm is used for matching in any case (see `facets`), so it is never said to be hidden."""
    chosen = _visibility(visit, f"seen-{name}-{value}")
    return "matching" if chosen == "hidden" and name in PROTECTING else chosen


def _visibility(visit: Visit, field: str) -> Visibility:
    wanted = visit.field(field)
    return next((one for one in VISIBILITIES if one == wanted), "matching")
