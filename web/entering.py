"""Coming in and going out: recovery code, staff's passphrase, links that work once, and signing out."""

from starlette.responses import Response

from chat import account, bans, links, passphrases, people, recovery, sessions, sign_ups
from chat.ids import PersonId
from chat.refusals import Banned, Gone, Muted, NicknameTaken, NotWords, Refusal, SignedOut, TooFast
from web import appeals, sayings, welcome
from web.site import Visit


class LinkUsed(Refusal):
    """The link was used, is too old, or never was: the three look the same."""

    code = "link_used"


async def sign_in_form(visit: Visit) -> Response:
    """Show both ways in."""
    return _form(visit)


async def sign_in(visit: Visit) -> Response:
    """Sign in by recovery code (which is replaced, and the new one shown), or by nickname and passphrase."""
    site = visit.site
    await bans.end_due(site.store)
    if visit.field("way") == "passphrase":
        try:
            person = await passphrases.check(
                site.store, site.keys, visit.field("nickname"), visit.field("passphrase"), visit.address, visit.device
            )
        except SignedOut:
            return _form(visit, "wrong_passphrase", "passphrase")
        except Banned as refusal:
            return await appeals.closed(visit, PersonId(refusal.person))
        return await visit.know_device(await _signed_in(visit, person, "/rooms"), person)
    try:
        used = await recovery.recover(site.store, site.keys, visit.field("code"), visit.address)
    except SignedOut:
        return _form(visit, "wrong_recovery", "code")
    except Banned as refusal:
        return await appeals.closed(visit, PersonId(refusal.person))
    async with site.store.transaction() as tx:
        visit.token = await sessions.open(tx, used.person)
        visit.person = await people.find(tx, used.person)
    why = "repeated" if used.is_repeat else "used"
    return visit.signed_in(visit.page("code.html", code=used.code, why=why), visit.token)


async def sign_out(visit: Visit) -> Response:
    """End this session, here and on every socket of it."""
    assert visit.session is not None
    async with visit.site.store.transaction() as tx:
        await sessions.end(tx, visit.member.person, visit.session.id)
    response = visit.go("/")
    visit.site.cookies.drop(response, visit.site.cookies.session)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def link_form(visit: Visit) -> Response:
    """Show what a link is for, and a button. Looking uses nothing up: mail programs and chats look, too."""
    token = str(visit.request.path_params["token"])
    try:
        async with visit.site.store.reading() as tx:
            link = await links.peek_link(tx, token, visit.browser)
            name = (await people.find(tx, link.person)).nickname if link.person is not None else ""
    except Refusal:
        raise LinkUsed from None
    return visit.page("link.html", door=link, name=name, path=visit.request.url.path, error="")


async def link(visit: Visit) -> Response:
    """Use a link up: sign its person in, or make a new one, who chooses a name next.

    Whose answer was lost presses again in the same browser; two presses at once are the same thing.
    """
    token = str(visit.request.path_params["token"])
    await bans.end_due(visit.site.store)
    for _ in range(2):
        try:
            return await _come_in(visit, token)
        except Gone:
            continue
    raise LinkUsed


async def _come_in(visit: Visit, token: str) -> Response:
    async with visit.site.store.reading() as tx:
        wanted = await links.peek_link(tx, token, visit.browser)
    if wanted.person is not None:
        async with visit.site.store.transaction() as tx:
            await links.use_link(tx, token, visit.browser)
            is_stuck = wanted.is_used and not await account.has_way_back(tx, wanted.person)
        if is_stuck and wanted.role is None:
            return await welcome.first_code(visit, wanted.person)
        return await _signed_in(visit, wanted.person, "/start" if is_stuck else "/rooms")
    if wanted.role is None and visit.field("consent") != "yes":
        return visit.page("link.html", 409, door=wanted, name="", path=visit.request.url.path, error="consent_needed")
    person = await _make(visit, token)
    if wanted.role is None:
        return await welcome.first_code(visit, person)
    return await _signed_in(visit, person, "/start")


async def _signed_in(visit: Visit, person: PersonId, path: str) -> Response:
    try:
        async with visit.site.store.transaction() as tx:
            session = await sessions.open(tx, person)
    except SignedOut:
        return await appeals.closed(visit, person)
    return visit.sign_in(session, path)


async def start_form(visit: Visit) -> Response:
    """New staff choose a name and a passphrase."""
    if not visit.member.roles:
        return visit.go("/rooms")
    return _start(visit, visit.member.nickname)


async def start(visit: Visit) -> Response:
    """Keep the name and the passphrase."""
    if not visit.member.roles:
        return visit.go("/rooms")
    site, person, nickname = visit.site, visit.member.person, visit.field("nickname")
    try:
        if nickname != visit.member.nickname:
            await welcome.take_name(visit)
            async with site.store.transaction() as tx:
                await people.rename(tx, person, nickname)
        await passphrases.set_passphrase(site.store, person, visit.field("passphrase"))
    except (NotWords, NicknameTaken, Muted, passphrases.WeakPassphrase) as refusal:
        return _start(visit, nickname, refusal.code)
    except sign_ups.SignUpsFull:
        return _start(visit, nickname, TooFast.code)
    return await visit.know_device(visit.go(home(visit.member.roles)), person)


def home(roles: tuple[str, ...]) -> str:
    """Where somebody's work begins."""
    if "organiser" in roles:
        return "/organiser"
    if "moderator" in roles or "supervisor" in roles or "professional" in roles:
        return "/console"
    return "/profile" if "peer" in roles else "/rooms"


def _start(visit: Visit, nickname: str, error: str = "") -> Response:
    mine = [visit.language(sayings.ROLES[role]) for role in visit.member.roles]
    return visit.page("start.html", 409 if error else 200, nickname=nickname, error=error, mine=mine)


async def _make(visit: Visit, token: str) -> PersonId:
    """Make a person with a name made up for them; made-up names may meet, then another is tried."""
    for _ in range(NAMES):
        async with visit.site.store.reading() as tx:
            name = await people.free_nickname(tx, visit.language.code)
        try:
            return await people.make(
                visit.site.store, visit.site.keys, name, visit.language.code, link=token, browser=visit.browser
            )  # fmt: skip
        except NicknameTaken:
            continue
    raise NicknameTaken


NAMES = 8
"""With 900 names and 300 people, eight in a row are taken once in 6,000 times; then the person presses again."""


def _form(visit: Visit, error: str = "", way: str = "") -> Response:
    return visit.page(
        "sign_in.html", 409 if error else 200, error=error, way=way, page="sign-in", nickname=visit.field("nickname")
    )
