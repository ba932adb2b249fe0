"""The organiser's page of house rules: what is asked of everybody, in the organisation's own words."""

from starlette.responses import Response

from chat import house_rules, people
from chat.house_rules import TEXT_MOST
from chat.refusals import Malformed, NotWords
from web import sayings
from web.site import Visit


async def list_rules(visit: Visit) -> Response:
    """Show the list."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """Put a new rule at the end of the list."""
    try:
        async with visit.site.store.transaction() as tx:
            code = await house_rules.add(tx, visit.site.keys, visit.member.person, _texts(visit))
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code)
    return visit.go(f"/organiser/rules?saved={code}#rule-{code}")


async def change(visit: Visit) -> Response:
    """Say a rule in other words, retire it or bring it back, from now on."""
    code, retired = str(visit.request.path_params["code"]), visit.field("retired") == "yes"
    try:
        async with visit.site.store.transaction() as tx:
            await house_rules.change(
                tx, visit.site.keys, visit.member.person, code, _texts(visit), retired=retired
            )  # fmt: skip
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code, wrong=code)
    return visit.go(f"/organiser/rules?saved={code}#rule-{code}")


def _texts(visit: Visit) -> dict[str, str]:
    """Return the rule's words in each language of the site; every one is needed."""
    return {code: visit.field(f"text-{code}") for code in visit.site.languages}


async def _page(visit: Visit, status: int = 200, *, error: str = "", wrong: str = "") -> Response:
    async with visit.site.store.reading() as tx:
        known, changed = await house_rules.load(tx), await house_rules.changed(tx)
        by = await people.name_of(tx, changed[1]) if changed is not None else ""
    spoken = visit.site.languages
    texts = {one.code: {code: sayings.of_rule(words, one) for code, words in spoken.items()} for one in known}
    typed = {"texts": _texts(visit), "retired": visit.field("retired") == "yes"}
    return visit.page(
        "house_rules.html", status, page="organiser", house=known, texts=texts, error=error, wrong_one=wrong,
        typed=typed, most=TEXT_MOST, saved=visit.request.query_params.get("saved", ""), by=by,
        changed=visit.language.moment(changed[0]) if changed else "",
    )  # fmt: skip
