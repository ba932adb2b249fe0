"""The audit's page: what staff did, looked for by what, whom and when; why, one reason at a time; and its export."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.responses import Response, StreamingResponse

from chat import audit_log, exports, house_rules
from chat.acts import BY_ITSELF
from chat.audit_log import PAGE, Line, Wanted
from chat.ids import Millis
from chat.refusals import Gone, Malformed, NotAllowed, NotAMember
from chat.store import Transaction
from matcher import own_signals, topics
from web import audit_words, facet_words, sayings
from web.language import Language
from web.site import Visit, whole

NAME_MOST = 64
"""Characters; no nickname is longer."""


async def newest(visit: Visit) -> Response:
    """Show the newest rows."""
    async with visit.site.store.reading() as tx:
        found = await audit_log.newest(tx, visit.member.person)
    return await _page(visit, found)


async def search(visit: Visit) -> Response:
    """Show what was looked for; a name is sent in the form's body, so that it stands in no address."""
    try:
        wanted = _wanted(visit)
    except (Malformed, NotAMember):
        return await _page(visit, [], 409, error=Malformed.code)
    found = await audit_log.search(visit.site.store, visit.site.keys, visit.member.person, wanted)
    return await _page(visit, found)


async def why(visit: Visit) -> Response:
    """Show the reason of one row."""
    n = visit.id("n")
    try:
        reason = await audit_log.why(visit.site.store, visit.site.keys, visit.member.person, n)
    except Gone:
        reason = visit.language("It has been destroyed, with its case or with who gave it.")
    async with visit.site.store.reading() as tx:
        found = await audit_log.newest(tx, visit.member.person)
    return await _page(visit, found, reason=(n, reason))


async def ask(visit: Visit) -> Response:
    """Ask for an export."""
    async with visit.site.store.transaction() as tx:
        await exports.ask(tx, visit.site.keys, visit.member.person)
    return visit.go("/audit#exports")


async def agree(visit: Visit) -> Response:
    """Agree to the export that somebody else asked for."""
    try:
        async with visit.site.store.transaction() as tx:
            await exports.agree(tx, visit.site.keys, visit.member.person, visit.id("export"))
    except (NotAllowed, Gone) as refusal:
        return await _page(visit, [], 409, error=refusal.code)
    return visit.go("/audit#exports")


async def fetch(visit: Visit) -> Response:
    """Give an export to which two have agreed."""
    pages = await exports.fetch(visit.site.store, visit.site.keys, visit.member.person, visit.id("export"))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(_lines(pages), media_type="text/csv; charset=utf-8", headers=headers)


async def own_words(tx: Transaction, words: Language) -> dict[str, str]:
    """Return what the organisation has put into words itself, by code."""
    rules = {one.code: sayings.of_rule(words, one) for one in await house_rules.load(tx)}
    lived = {one.code: facet_words.topic(words, one) for one in await topics.load(tx)}
    return rules | lived | await own_signals.named(tx)


async def _lines(pages: "AsyncIterator[list[dict[str, Any]]]") -> AsyncIterator[str]:
    yield _csv([exports.COLUMNS])
    async for page in pages:
        yield _csv([[_cell(row[name]) for name in exports.COLUMNS] for row in page])


def _csv(rows: "list[Any]") -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cell(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else "" if value is None else value


def _wanted(visit: Visit) -> Wanted:
    before, until = visit.field("before"), _day(visit.field("until"))
    act, person = visit.field("act"), visit.field("person")
    if (act and act not in audit_words.ACTS) or len(person) > NAME_MOST or "\0" in person:
        raise Malformed
    return Wanted(
        act=act or None, person=person or None, since=_day(visit.field("since")),
        until=None if until is None else Millis(until + int(timedelta(days=1) / timedelta(milliseconds=1))),
        before=whole(before) if before else None,
    )  # fmt: skip


def _day(written: str) -> Millis | None:
    """Return when a day begins (UTC), or None where none is given.

    Raises:
        Malformed: not a day.
    """
    if not written:
        return None
    try:
        begins = datetime.combine(date.fromisoformat(written), datetime.min.time(), UTC)
    except ValueError:
        raise Malformed from None
    return Millis(int(begins.timestamp()) * 1000)


async def _page(
    visit: Visit, found: list[Line], status: int = 200, *, error: str = "", reason: tuple[int, str] = (0, "")
) -> Response:
    words = visit.language
    async with visit.site.store.reading() as tx:
        waiting = await exports.recent(tx, visit.member.person)
        own = await own_words(tx, words)
    return visit.page(
        "audit.html", status, page="audit", error=error, reason=reason, waiting=waiting,
        lines=[
            (one, words.moment(one.at), audit_words.of(words, one.act), audit_words.more(words, one.act, one.code, own))
            for one in found
        ],
        acts=sorted(((one, audit_words.of(words, one)) for one in audit_words.ACTS), key=lambda one: one[1]),
        typed={name: visit.field(name) for name in ("act", "person", "since", "until")},
        older=found[-1].n if len(found) == PAGE else 0, moment=words.moment,
        by_itself=BY_ITSELF,
    )  # fmt: skip
