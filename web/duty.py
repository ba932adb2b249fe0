"""Being on duty: one's shift, how one is reached, and the organiser's rule for when nobody is on duty."""

from starlette.responses import Response

from chat import channels, claims, debriefs, roster, staffing
from chat.refusals import Malformed, NotWords
from chat.staff_commands import HandOver
from web.site import Visit, is_digits


async def duty(visit: Visit) -> Response:
    """Show one's shift and one's channels."""
    return await _page(visit)


async def shift(visit: Visit) -> Response:
    """Go on duty for some hours, or off it (0)."""
    hours, person = visit.field("hours"), visit.member.person
    if not is_digits(hours) or len(hours) > 2:
        raise Malformed
    async with visit.site.store.transaction() as tx:
        if int(hours):
            await roster.begin(tx, visit.site.keys, person, int(hours))
        else:
            await roster.end(tx, visit.site.keys, person)
    return visit.go("/console" if visit.field("back") == "console" else "/duty")


async def rest(visit: Visit) -> Response:
    """Take a break: the cases one holds go to a colleague or back to the queue. Or be back from it."""
    site, person, to = visit.site, visit.member.person, visit.field("to")
    if to and not is_digits(to):
        raise Malformed
    is_over = visit.field("over") == "yes"
    async with site.store.reading() as tx:
        gives = await claims.holds_any(tx, person) and await roster.until(tx, person) is not None
    if gives and not is_over:
        await claims.hand_over(site.store, site.keys, person, HandOver(to=int(to) if to else None))
    async with site.store.transaction() as tx:
        await roster.rest(tx, site.keys, person, 0 if is_over else roster.REST_MIN)
    return visit.go("/console" if is_over else "/duty#break")


async def debrief(visit: Visit) -> Response:
    """Keep a note on what stays with one."""
    try:
        await debriefs.write(visit.site.store, visit.site.keys, visit.member.person, visit.field("text"))
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, wrong_note=refusal.code)
    return visit.go("/duty?noted=yes#note")


async def set_channels(visit: Visit) -> Response:
    """Keep how one is reached, a line each; what was kept before is forgotten."""
    lines = [one.strip() for one in visit.field("channels").splitlines() if one.strip()]
    try:
        await channels.set_to(visit.site.store, visit.site.keys, visit.member.person, lines)
    except Malformed:
        return await _page(visit, 409, error="not_channels")
    return visit.go("/duty?saved=yes#channels")


async def rule_form(visit: Visit) -> Response:
    """Show what holds while nobody is on duty."""
    return await _rule_page(visit)


async def set_rule(visit: Visit) -> Response:
    """Set what holds while nobody is on duty."""
    told, alerted = visit.field("told"), visit.field("alerted")
    try:
        async with visit.site.store.transaction() as tx:
            await roster.set_rule(tx, visit.site.keys, visit.member.person, told, alerted)
    except (Malformed, NotWords) as refusal:
        return await _rule_page(visit, 409, error=refusal.code)
    return visit.go("/organiser/duty?saved=yes")


async def _page(visit: Visit, status: int = 200, *, error: str = "", wrong_note: str = "") -> Response:
    async with visit.site.store.reading() as tx:
        until = await roster.until(tx, visit.member.person)
        resting = await roster.resting(tx, visit.member.person)
        kinds = await channels.kinds(tx, visit.member.person)
        colleagues = (await staffing.staffing(tx, visit.member.person)).colleagues
        holds = await claims.holds_any(tx, visit.member.person)
    return visit.page(
        "duty.html", status, page="console", until=visit.language.moment(until) if until else "", kinds=kinds,
        resting=visit.language.moment(resting) if resting else "", colleagues=colleagues, holds=holds,
        minutes=roster.REST_MIN, text=visit.field("text") if wrong_note else "", wrong_note=wrong_note,
        noted=visit.request.query_params.get("noted"), text_most=debriefs.TEXT_MOST, keep_days=debriefs.KEEP_DAYS,
        error=error, saved=visit.request.query_params.get("saved"), most=roster.HOURS_MOST,
    )  # fmt: skip


async def _rule_page(visit: Visit, status: int = 200, *, error: str = "") -> Response:
    async with visit.site.store.reading() as tx:
        standing = await roster.rule(tx)
    told, alerted = (standing.told, standing.alerted) if standing else ("", "organiser")
    return visit.page(
        "nobody.html", status, page="organiser", told=visit.field("told") or told, error=error,
        alerted=visit.field("alerted") or alerted, duties=roster.DUTIES, most=roster.TOLD_MOST,
        saved=visit.request.query_params.get("saved"),
    )  # fmt: skip
