"""One's own account: name, language, sessions, recovery code, mutes that stand, and the way out."""

from starlette.responses import Response

from chat import account, appeals, erasure, people, recovery, sessions
from chat.ids import ActId, PersonId
from chat.refusals import Malformed, Muted, NicknameTaken, NotWords, TooFast
from chat.sign_ups import SignUpsFull
from matcher import blocks, ended, profiles, requests
from web import sayings, welcome
from web.appeals import notices
from web.site import Visit

FORGET = (profiles.forget, requests.forget, ended.forget)
"""What MATCH forgets of an erased person."""


async def me(visit: Visit) -> Response:
    """Show the account."""
    return await _page(visit)


async def rename(visit: Visit) -> Response:
    """Go by another name."""
    try:
        await welcome.take_name(visit)
        async with visit.site.store.transaction() as tx:
            await people.rename(tx, visit.member.person, visit.field("nickname"))
    except (NicknameTaken, NotWords, Muted) as refusal:
        return await _page(visit, 409, error=refusal.code)
    except SignUpsFull:
        return await _page(visit, 429, error=TooFast.code)
    return visit.go("/me")


async def end_session(visit: Visit) -> Response:
    """Sign out another browser, at once, wherever it is connected."""
    async with visit.site.store.transaction() as tx:
        await sessions.end(tx, visit.member.person, visit.id("session"))
    return visit.go("/me#sessions")


async def end_others(visit: Visit) -> Response:
    """Sign out every browser but this one."""
    assert visit.session is not None
    async with visit.site.store.transaction() as tx:
        await sessions.end_all(tx, visit.member.person, but=visit.session.id)
    return visit.go("/me#sessions")


async def new_code(visit: Visit) -> Response:
    """Make a new recovery code, show it this once; the one before is void."""
    async with visit.site.store.transaction() as tx:
        code = await recovery.new_recovery(tx, visit.member.person)
    return visit.page("code.html", code=code, why="asked")


async def keep_code(visit: Visit) -> Response:
    """Note that the person has the code they were shown; the one before it is void, if it was not yet."""
    async with visit.site.store.transaction() as tx:
        await recovery.confirm(tx, visit.member.person, visit.field("code"))
    return visit.go("/me" if visit.field("why") == "asked" else "/rooms")


async def unblock(visit: Visit) -> Response:
    """Take a block back; of somebody who is not blocked it changes nothing, so it tells nothing either."""
    async with visit.site.store.transaction() as tx:
        await blocks.unblock(tx, visit.member.person, PersonId(visit.id("person")))
    return visit.go("/me#blocks")


async def appeal(visit: Visit) -> Response:
    """Ask for another look at an act about oneself."""
    act = ActId(visit.id("act"))
    try:
        await appeals.appeal(visit.site.store, visit.site.keys, visit.member.person, act, visit.field("words"))
    except (Malformed, NotWords) as refusal:
        return await _page(visit, 409, error=refusal.code)
    return visit.go("/me#appeal")


async def erase(visit: Visit) -> Response:
    """Erase the account, after the word was typed: what dies now, and what dies with the 72 h, was said before."""
    if visit.field("sure") != "yes":
        return await _page(visit, 409, error="not_sure")
    await erasure.erase(visit.site.store, visit.site.keys, visit.site.journal, visit.member.person, FORGET)
    visit.person = None
    response = visit.page("erased.html")
    visit.site.cookies.drop(response, visit.site.cookies.session)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


async def _page(visit: Visit, status: int = 200, *, error: str = "") -> Response:
    person = visit.member.person
    assert visit.session is not None
    async with visit.site.store.reading() as tx:
        found = await sessions.listing(tx, person)
        blocked = await blocks.blocked(tx, person)
        news = await account.case_notices(tx, person)
        has_way_back = await account.has_way_back(tx, person)
        recovered = await account.recovered_at(tx, person, visit.session.created_at)
    return visit.page(
        "me.html", status, page="me", sessions=found, this=visit.session.id, error=error,
        acts=await notices(visit, person),
        notices=[(visit.language.day(one.at), visit.language(sayings.NOTICES[one.code])) for one in news],
        blocked=blocked, here="/me", has_way_back=has_way_back, recovered=recovered,
        nickname=visit.field("nickname") or visit.member.nickname,
    )  # fmt: skip
