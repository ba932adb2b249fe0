"""The organiser's list of topics: what people may say they have lived with, in the organisation's own words."""

from starlette.responses import Response

from chat import people
from chat.refusals import Malformed, NotWords
from matcher import topics
from matcher.topics import LABEL_MOST
from web import facet_words
from web.site import Visit, is_digits


async def topic_list(visit: Visit) -> Response:
    """Show the list."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """Put a new topic at the end of the list."""
    try:
        async with visit.site.store.transaction() as tx:
            person = visit.member.person
            code = await topics.add(tx, visit.site.keys, person, visit.field("family"), _labels(visit))
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code)
    return visit.go(f"/organiser/topics?saved={code}#topic-{code}")


async def change(visit: Visit) -> Response:
    """Rename a topic, move it, retire it or bring it back."""
    code, place = str(visit.request.path_params["code"]), visit.field("place")
    try:
        if not is_digits(place):
            raise Malformed
        async with visit.site.store.transaction() as tx:
            await topics.change(
                tx, visit.site.keys, visit.member.person, code, family=visit.field("family"), labels=_labels(visit),
                retired=visit.field("retired") == "yes", place=int(place[:4]),
            )  # fmt: skip
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code, wrong=code)
    return visit.go(f"/organiser/topics?saved={code}#topic-{code}")


def _labels(visit: Visit) -> dict[str, str]:
    """Return the topic's words in each language of the site; every one is needed."""
    return {code: visit.field(f"label-{code}") for code in visit.site.languages}


async def _page(visit: Visit, status: int = 200, *, error: str = "", wrong: str = "") -> Response:
    async with visit.site.store.reading() as tx:
        known, changed = await topics.load(tx), await topics.changed(tx)
        by = await people.name_of(tx, changed[1]) if changed is not None else ""
    spoken = visit.site.languages
    labels = {one.code: {code: facet_words.topic(words, one) for code, words in spoken.items()} for one in known}
    typed = {
        "family": visit.field("family"), "labels": _labels(visit), "retired": visit.field("retired") == "yes",
        "place": visit.field("place"), "is_place": not wrong or is_digits(visit.field("place")),
    }  # fmt: skip
    return visit.page(
        "topics.html", status, page="organiser", topics=known, labels=labels, families=facet_words.FAMILY, error=error,
        wrong_one=wrong, typed=typed, most=LABEL_MOST, saved=visit.request.query_params.get("saved", ""), by=by,
        changed=visit.language.moment(changed[0]) if changed else "",
    )  # fmt: skip
