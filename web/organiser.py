"""The organiser's page: make a room, invite by a link that works once, approve a peer."""

from starlette.responses import Response

from chat import audit, directory, links, people, rooms, roster, words
from chat.ids import PersonId, RoomId
from chat.people import ROLES
from chat.refusals import Malformed, NobodyRuleMissing, NotAMember, NotWords
from chat.store import Transaction
from web.site import Visit

NAME_MOST = 80
ABOUT_MOST = 300
CAPACITY_MOST = 50
LINK_HOURS = 24


async def organiser(visit: Visit) -> Response:
    """Show rooms and people."""
    return await _page(visit)


async def make_room(visit: Visit) -> Response:
    """Make a group room."""
    name, about, capacity = visit.field("name"), visit.field("about"), visit.field("capacity") or "15"
    try:
        digits = capacity.isascii() and capacity.isdigit() and len(capacity) <= len(str(CAPACITY_MOST))
        if not (digits and 2 <= int(capacity) <= CAPACITY_MOST):
            raise Malformed
        if len(name) > NAME_MOST or len(about) > ABOUT_MOST:
            raise Malformed
        name, about = " ".join(words.check(name).split()), words.check(about) if about else ""
    except (NotWords, Malformed) as refusal:
        return await _page(visit, 409, error=refusal.code)
    language = visit.field("language") if visit.field("language") in visit.site.languages else None
    try:
        async with visit.site.store.transaction() as tx:
            await roster.require_rule(tx)
            room = await rooms.make(
                tx, "group", name=name, about=about or None, language=language, capacity=int(capacity)
            )  # fmt: skip
            await _record(visit, tx, "room_made", room)
    except NobodyRuleMissing as refusal:
        return await _page(visit, 409, error=refusal.code)
    return visit.go("/organiser#rooms")


async def close_room(visit: Visit) -> Response:
    """Close a group room for good: it can be read until its words are over, and nothing more is said in it."""
    number = visit.id("room")
    async with visit.site.store.transaction() as tx:
        room = next((one for one in await directory.groups(tx) if one.id == number), None)
        if room is None:
            raise NotAMember
        if room.state != "closed":
            await rooms.close(tx, room.id, "organiser")
            await _record(visit, tx, "room_closed", room.id)
    return visit.go("/organiser?done=closed#rooms")


async def invite(visit: Visit) -> Response:
    """Make a link for one new person and show it this once."""
    role = visit.field("role")
    if role not in (*ROLES, "member"):
        raise Malformed
    async with visit.site.store.transaction() as tx:
        token = await links.make_link(
            tx, role=None if role == "member" else role, by=visit.member.person, hours=LINK_HOURS
        )
        await _record(visit, tx, "invited", code=role)
    return await _page(visit, address=f"{_origin(visit)}/link/{token}", invited=role)


def _origin(visit: Visit) -> str:
    """Return the address people type: the one this request came to, if it is one of ours."""
    asked, ours = f"{visit.request.url.scheme}://{visit.request.url.netloc}", sorted(visit.site.settings.origins)
    return asked if asked in ours else ours[0]


async def approve(visit: Visit) -> Response:
    """Approve somebody as a trained peer: only the approved are offered."""
    async with visit.site.store.transaction() as tx:
        await people.grant(tx, visit.site.keys, PersonId(visit.id("person")), "peer", visit.member.person)
    return visit.go("/organiser#people")


async def suspend(visit: Visit) -> Response:
    """Take a peer's role back, at once; their one-to-ones end with it."""
    async with visit.site.store.transaction() as tx:
        await people.revoke(tx, visit.site.keys, PersonId(visit.id("person")), "peer", visit.member.person)
    return visit.go("/organiser?done=suspended#people")


async def _record(
    visit: Visit, tx: Transaction, what: str, room: RoomId | None = None, *, code: str | None = None
) -> None:
    await audit.append(tx, visit.site.keys.derive("audit"), what, visit.member.person, room=room, code=code)


async def _page(visit: Visit, status: int = 200, *, error: str = "", address: str = "", invited: str = "") -> Response:
    async with visit.site.store.reading() as tx:
        groups = await directory.groups(tx)
        staff, members = await directory.with_roles(tx), await directory.newest_members(tx)
    return visit.page(
        "organiser.html", status, page="organiser", done=visit.request.query_params.get("done", ""), rooms=groups,
        staff=staff, members=members,
        error=error, address=address, invited=invited, hours=LINK_HOURS, invitable=("member", *ROLES),
        name=visit.field("name"), about=visit.field("about"), capacity=visit.field("capacity") or "15",
        most={"name": NAME_MOST, "about": ABOUT_MOST, "capacity": CAPACITY_MOST},
    )  # fmt: skip
