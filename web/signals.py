"""The organiser's page of own signals: what the organisation looks for itself, tried before it is switched on."""

from starlette.responses import Response

from chat import people
from chat.protocol import LEVELS
from chat.refusals import Malformed, NotWords
from matcher import own_signals, trying
from matcher.looked_for import PATTERN_MOST, WORD_MOST, WORDS_MOST
from matcher.own_signals import NAME_MOST, OwnSignal
from matcher.trying import Tried
from web import case_words
from web.site import Visit

NEW = OwnSignal("", "", "words", "", "other")


async def list_signals(visit: Visit) -> Response:
    """Show the list."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """Put a new signal at the end of the list, switched off."""
    typed = _typed(visit, "")
    try:
        async with visit.site.store.transaction() as tx:
            code = await own_signals.add(
                tx, visit.site.keys, visit.member.person, typed.name, typed.kind, typed.text, typed.level
            )
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code, typed=typed)
    return visit.go(f"/organiser/signals?saved={code}#signal-{code}")


async def change(visit: Visit) -> Response:
    """Let a signal look for something else, switch it on or off, retire it or bring it back."""
    typed = _typed(visit, str(visit.request.path_params["code"]))
    try:
        async with visit.site.store.transaction() as tx:
            await own_signals.change(tx, visit.site.keys, visit.member.person, typed)
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code, typed=typed)
    return visit.go(f"/organiser/signals?saved={typed.code}#signal-{typed.code}")


async def try_out(visit: Visit) -> Response:
    """Tell what a signal, as it is kept, would have found in the last week."""
    code = str(visit.request.path_params["code"])
    tried = await trying.try_out(visit.site.store, visit.site.keys, visit.member.person, code)
    return await _page(visit, tried=(code, tried))


def _typed(visit: Visit, code: str) -> OwnSignal:
    return OwnSignal(code, *(visit.field(name) for name in ("name", "kind", "text", "level", "state")))


async def _page(
    visit: Visit, status: int = 200, *, error: str = "", typed: OwnSignal = NEW, tried: tuple[str, Tried] | None = None
) -> Response:
    async with visit.site.store.reading() as tx:
        known, changed = await own_signals.load(tx), await own_signals.changed(tx)
        by = await people.name_of(tx, changed[1]) if changed is not None else ""
    return visit.page(
        "signals.html", status, page="organiser", signals=known, error=error, typed=typed, new=NEW, tried=tried,
        levels=LEVELS, level_words=case_words.LEVELS,
        name_most=NAME_MOST, words_most=WORDS_MOST, word_most=WORD_MOST, pattern_most=PATTERN_MOST,
        saved=visit.request.query_params.get("saved", ""), by=by,
        changed=visit.language.moment(changed[0]) if changed else "",
    )  # fmt: skip
