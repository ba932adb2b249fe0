"""Waiting for one person: what is told truthfully, and what one may do meanwhile. All of it works without script.

The script is told the sentences that the page itself would show now, and nothing else.
"""

from typing import cast

import msgspec
from starlette.responses import Response

from chat.ids import Millis
from chat.protocol import Quiet
from chat.refusals import Gone, Malformed, Muted, NotWords, TooLong, Unavailable
from matcher import profiles, requests
from matcher import waiting as waiting_room
from matcher.facets import VALUES, Name
from matcher.waiting import Standing
from web import facet_words, wait_words
from web.asking import DRAFT_MOST
from web.site import Visit

SOON_MS = 30 * 60_000
"""So long before closing it is told."""
KEEPING = (NotWords, TooLong, Malformed, Muted, Gone, Unavailable)
"""Refusals after which a letter is shown again: nobody writes such words twice."""


class Question(Quiet, frozen=True):
    """What is asked, and what one may answer: (value, words)."""

    name: str
    ask: str
    choices: list[tuple[str, str]]


class Waiting(Quiet, frozen=True, omit_defaults=True):
    """How a request stands, in sentences. `breadth`: how wide the circle is (see `matcher.waiting`)."""

    state: str
    room: int = 0
    now: str = ""
    waited: str = ""
    hours: str = ""
    kept: str = ""
    circle: str = ""
    breadth: int = 0
    question: Question | None = None


async def waiting(visit: Visit) -> Response:
    """Tell truthfully how the request stands, and what one can do meanwhile."""
    standing, told = await _look(visit)
    if visit.wants_json:
        return visit.json(msgspec.json.encode(told))
    if standing is None:
        return visit.go("/ask")
    return visit.page("waiting.html", standing=standing, told=told, page="ask", breadths=wait_words.BREADTHS)


async def widen(visit: Visit) -> Response:
    """Draw the circle wider, or closer again."""
    breadth = visit.field("breadth")
    if breadth not in ("0", "1", "2"):
        raise Malformed
    async with visit.site.store.transaction() as tx:
        await waiting_room.widen(tx, visit.member.person, int(breadth))
    return visit.go("/waiting#circle")


async def keep(visit: Visit) -> Response:
    """Keep the place longer."""
    async with visit.site.store.transaction() as tx:
        await waiting_room.keep_longer(tx, visit.member.person)
    return visit.go("/waiting#meanwhile")


async def answer(visit: Visit) -> Response:
    """Take the answer to what is asked; an empty one leaves it open."""
    person, name, value = visit.member.person, visit.field("name"), visit.field("value")
    if name not in VALUES:
        raise Malformed
    sealed = None
    if value:
        key = await visit.site.keys.get(person, "own")
        said = await waiting_room.load(visit.site.store, visit.site.keys, person)
        if said is not None:
            words = waiting_room.answered(said.words, name, value)
            sealed = profiles.seal(key, visit.site.tokens, person, words, "requests")
    async with visit.site.store.transaction() as tx:
        await waiting_room.answer(tx, person, name, sealed)
    return visit.go("/waiting")


async def letter_form(visit: Visit) -> Response:
    """Show the letter that waits, to write it or change it."""
    standing, _ = await _look(visit)
    if standing is None or standing.state != "waiting":
        return visit.go("/waiting")
    text = await waiting_room.load_letter(visit.site.store, visit.site.keys, visit.member.person)
    return _letter_page(visit, standing, text)


async def letter(visit: Visit) -> Response:
    """Keep a letter for whoever says yes; an empty one is taken back."""
    person, text = visit.member.person, visit.field("text")
    try:
        key = await visit.site.keys.get(person, "said")
        sealed = waiting_room.seal_letter(key, person, text) if text else None
        async with visit.site.store.transaction() as tx:
            await waiting_room.keep_letter(tx, person, sealed)
    except KEEPING as refusal:
        if isinstance(refusal, Unavailable):
            return _letter_page(visit, None, text, 503, error=refusal.code)
        standing, _ = await _look(visit)
        return _letter_page(visit, standing, text, 409, error=refusal.code)
    return visit.go("/waiting#meanwhile")


async def withdraw(visit: Visit) -> Response:
    """Take the request back; nobody is told who it was."""
    async with visit.site.store.transaction() as tx:
        await requests.withdraw(tx, visit.member.person)
    return visit.go("/rooms")


def _letter_page(
    visit: Visit, standing: Standing | None, text: str, status: int = 200, *, error: str = ""
) -> Response:  # fmt: skip
    """Show a letter. Its draft belongs to the request it is for and the letter that waits there."""
    now = f"{standing.request} {standing.letter or 0}" if standing is not None else ""
    return visit.page(
        "letter.html", status, page="ask", text=text, kept=standing is not None and standing.has_letter, error=error,
        draft=visit.field("draft")[:DRAFT_MOST] or now,
    )  # fmt: skip


async def _look(visit: Visit) -> tuple[Standing | None, Waiting]:
    """Say how a request stands, as it is."""
    site, words = visit.site, visit.language
    async with site.store.reading() as tx:
        standing = await waiting_room.standing(tx, visit.member.person)
        if standing is None:
            return None, Waiting("none")
        if standing.state != "waiting":
            return standing, Waiting(standing.state, standing.room or 0)
        now, likely_min = await tx.now(), await site.lately.wait(tx)
    question = await _question(visit, cast("Name", standing.question)) if standing.question else None
    until = words.moment(standing.kept_until, site.settings.zone)
    return standing, Waiting(
        standing.state, 0, _search(visit, standing, now), wait_words.waited(words, standing.waited_s, likely_min),
        _hours(visit, now), words("Your place is kept until %(until)s, also when you close this page.", until=until),
        wait_words.of_circle(words, standing.breadth), standing.breadth, question,
    )  # fmt: skip


def _search(visit: Visit, standing: Standing, now: Millis) -> str:
    words, hours = visit.language, visit.site.settings.service
    if hours is not None and not hours.is_open(now):
        opens = words.moment(hours.next_opening(now), hours.zone)
        return words("Peers are not here just now. Your place is kept, and the search goes on from %(opens)s.",
                     opens=opens)  # fmt: skip
    if standing.late:
        return wait_words.of_search(words, "late")
    if standing.scarce is None:
        return wait_words.of_search(words, "unknown")
    how = "few" if standing.scarce else "some"
    return wait_words.of_search(words, f"{how}_anybody" if standing.breadth == waiting_room.ANYBODY else how)


def _hours(visit: Visit, now: Millis) -> str:
    """Say beforehand that the peers will go; nothing is cut then."""
    words, hours = visit.language, visit.site.settings.service
    if hours is None or not hours.is_open(now) or hours.next_closing(now) - now > SOON_MS:
        return ""
    closes = hours.next_closing(now)
    return words("Peers are asked until %(closes)s. A chat that is open then goes on, and your place is kept: the "
                 "search goes on from %(opens)s.", closes=words.clock(closes, hours.zone),
                 opens=words.moment(hours.next_opening(closes), hours.zone))  # fmt: skip


async def _question(visit: Visit, name: Name) -> Question | None:
    """Put the facet a person is asked about into words; what they said is opened only to see what it declares."""
    if name not in facet_words.LABELS:
        return None
    said = await waiting_room.load(visit.site.store, visit.site.keys, visit.member.person)
    words = visit.language
    choices = [(value, words(label)) for value, label in facet_words.LABELS[name].items()]
    held = said.words.facets if said is not None else ()
    return Question(name, wait_words.asked(words, name, held), choices)
