"""The front page, and signing up: a name to be called by, consent in ten lines, a recovery code, and nothing else."""

from starlette.responses import Response

from chat import people, recovery, sessions, sign_ups, words
from chat.ids import PersonId
from chat.refusals import NicknameTaken, NotWords, Refusal
from web.site import Visit


class SignUpsClosed(Refusal):
    """New accounts are by invitation only."""

    code = "sign_ups_closed"


async def welcome(visit: Visit) -> Response:
    """Say what this is and what it does not promise; members go to their rooms."""
    if visit.person is not None:
        return visit.go("/rooms")
    return visit.page("welcome.html", sign_up=visit.site.settings.sign_up)


async def sign_up_form(visit: Visit) -> Response:
    """Offer a name and the ten lines."""
    async with visit.site.store.reading() as tx:
        return _form(visit, await people.free_nickname(tx, visit.language.code))


async def sign_up(visit: Visit) -> Response:
    """Make an account and show its recovery code, once."""
    site, nickname = visit.site, visit.field("nickname")
    if site.settings.sign_up != "open":
        raise SignUpsClosed
    if visit.field("consent") != "yes":
        return _form(visit, nickname, "consent_needed")
    key = site.keys.derive("addresses")
    try:
        words.check_nickname(nickname)
        code = recovery.first_code(site.keys, visit.browser, nickname)
        await take_name(visit)
        async with site.store.transaction() as tx:
            mine = await recovery.who_was_shown(tx, code)
            if mine is None:
                await sign_ups.take(tx, key, visit.address, site.settings.sign_ups_per_day)
    except (NotWords, NicknameTaken, sign_ups.SignUpsFull) as refusal:
        return _form(visit, nickname, refusal.code)
    if mine is not None:  # the answer was lost, and takes no second place
        return await first_code(visit, mine, code)
    try:
        person = await people.make(
            site.store, site.keys, nickname, visit.language.code, recovery=recovery.shown(code)
        )  # fmt: skip
    except Refusal as refusal:
        async with site.store.transaction() as tx:
            await sign_ups.give_back(tx, key, visit.address)
            mine = await recovery.who_was_shown(tx, code) if isinstance(refusal, NicknameTaken) else None
        if mine is not None:  # the button was pressed twice
            return await first_code(visit, mine, code)
        if isinstance(refusal, (NicknameTaken, NotWords)):
            return _form(visit, nickname, refusal.code)
        raise
    return await first_code(visit, person, code)


async def take_name(visit: Visit) -> None:
    """Count that somebody asks for a name: whether it is taken is told this often and no more.

    Raises:
        SignUpsFull: as often as may be, today and from this address.
    """
    site = visit.site
    async with site.store.transaction() as tx:
        places = site.settings.sign_ups_per_day
        await sign_ups.take_name(tx, site.keys.derive("names"), visit.address, places)


async def first_code(visit: Visit, person: PersonId, code: str = "") -> Response:
    """Sign a new person in and show their recovery code, which is made now where there is none yet."""
    async with visit.site.store.transaction() as tx:
        code = code or await recovery.new_recovery(tx, person)
        visit.token = await sessions.open(tx, person)
        visit.person = await people.find(tx, person)
    return visit.signed_in(visit.page("code.html", code=code, why="first"), visit.token)


def _form(visit: Visit, nickname: str, error: str = "") -> Response:
    mode, consented = visit.site.settings.sign_up, visit.field("consent") == "yes"
    status = 409 if error else 200
    return visit.page("sign_up.html", status, mode=mode, nickname=nickname, error=error, consented=consented)
