"""Profile, asking for one person, and waiting for them: forms that work without script."""

import msgspec
from starlette.responses import Response

from chat.refusals import Malformed, NotWords, Refusal
from matcher import profiles, requests
from matcher.facets import MOST, VALUES, Facet, Name, Visibility
from matcher.profiles import Profile, Words
from web import facet_words
from web.site import Visit

VISIBILITIES: tuple[Visibility, ...] = ("hidden", "matching", "shown")


class NothingWritten(Refusal):
    """Neither words nor facets: there is nothing to find somebody by."""

    code = "nothing_written"


async def profile_form(visit: Visit) -> Response:
    """Show the person's own profile."""
    found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
    saved = visit.request.query_params.get("saved") == "yes"
    return _page(visit, "profile.html", found or _empty(visit), saved=saved)


async def profile(visit: Visit) -> Response:
    """Keep the profile."""
    person = visit.member.person
    key = await visit.site.keys.get(person, "own")
    try:
        wanted = _written(visit)
        sealed = profiles.seal(key, person, wanted.words)
        async with visit.site.store.transaction() as tx:
            await profiles.save(tx, person, sealed, language=wanted.language, languages=wanted.languages)
    except (NotWords, Malformed) as refusal:
        return _page(visit, "profile.html", _raw(visit), 409, error=refusal.code)
    return visit.go("/profile?saved=yes#seen")


async def ask_form(visit: Visit) -> Response:
    """Ask for one person: begins with what the profile says. Who is waiting already sees how it stands."""
    async with visit.site.store.reading() as tx:
        standing = await requests.standing(tx, visit.member.person)
    if standing is not None and standing.state in ("waiting", "offered"):
        return visit.go("/waiting")
    found = await profiles.load(visit.site.store, visit.site.keys, visit.member.person)
    return _page(visit, "ask.html", found or _empty(visit))


async def ask(visit: Visit) -> Response:
    """Put the request in the queue."""
    person = visit.member.person
    key = await visit.site.keys.get(person, "own")
    try:
        wanted = _written(visit)
        if not wanted.words.text and not wanted.words.facets:
            raise NothingWritten
        sealed = profiles.seal(key, person, wanted.words, "requests")
        async with visit.site.store.transaction() as tx:
            await requests.ask(
                tx, person, sealed, language=wanted.language, languages=wanted.languages,
                per_hour=visit.site.settings.requests_per_hour,
            )  # fmt: skip
    except (NotWords, Malformed, NothingWritten) as refusal:
        return _page(visit, "ask.html", _raw(visit), 409, error=refusal.code)
    return visit.go("/waiting")


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a request stands, told to the waiting page's script: whether anything is different from what is shown."""

    state: str
    asked: int = 0
    fitting: str = "unknown"
    room: int = 0


async def waiting(visit: Visit) -> Response:
    """Tell truthfully how the request stands, and what one can do meanwhile."""
    async with visit.site.store.reading() as tx:
        standing = await requests.standing(tx, visit.member.person)
    if visit.wants_json:
        told = (
            Waiting("none") if standing is None
            else Waiting(standing.state, standing.asked, standing.fitting, standing.room or 0)
        )  # fmt: skip
        return visit.json(msgspec.json.encode(told))
    if standing is None:
        return visit.go("/ask")
    waited = visit.language.since(standing.waited_s)
    return visit.page("waiting.html", standing=standing, waited=waited, page="ask", inbox=visit.member.inbox)


async def withdraw(visit: Visit) -> Response:
    """Take the request back; nobody is told who it was."""
    async with visit.site.store.transaction() as tx:
        await requests.withdraw(tx, visit.member.person)
    return visit.go("/rooms")


def _page(
    visit: Visit, template: str, shown: Profile, status: int = 200, *, error: str = "", saved: bool = False
) -> Response:
    held = {(one.name, one.value): one.visibility for one in shown.words.facets}
    return visit.page(
        template, status, page=template.partition(".")[0], shown=shown, held=held, error=error, saved=saved,
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
        Facet(name, value, _visibility(visit, f"seen-{name}-{value}"))
        for name in names
        for value in visit.fields.get(name, ())
        if value
    ]


def _visibility(visit: Visit, field: str) -> Visibility:
    wanted = visit.field(field)
    return next((one for one in VISIBILITIES if one == wanted), "matching")
