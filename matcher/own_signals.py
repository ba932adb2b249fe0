"""Own signals: what an organisation looks for in what is said, in its own words, beside what the detectors know.

The one idea: the list is appended to and never edited. A row is a signal as it was from one version on, with when and
by whom; the newest row of a code counts. A signal is off until somebody switches it on, and like every other it raises
a case for a person to look at and does nothing else.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from chat import audit
from chat.access import require_role
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.protocol import LEVELS
from chat.refusals import Malformed, NotAMember
from chat.store import Transaction
from chat.words import check
from matcher.looked_for import checked, compiled
from matcher.tables import own_signals

logger = logging.getLogger(__name__)

STATES = ("off", "on", "retired")
SIGNALS_MOST = 50
"""Retired ones not counted: each is matched against every text."""
NAME_MOST = 60
"""Characters of a name: it stands in a line of the queue."""


@dataclass(frozen=True, slots=True)
class OwnSignal:
    """A signal as it is now. `text`: words, a line each, or one pattern (`kind`); `level`: that of its cases."""

    code: str
    name: str
    kind: str
    text: str
    level: str
    state: str = "off"

    def is_in(self, text: str) -> bool:
        """Whether a text has what is looked for."""
        return compiled(self.kind, self.text)(text)


async def load(tx: Transaction) -> list[OwnSignal]:
    """Return every signal as it is now, the oldest first, the retired among them."""
    newest = sa.select(
        own_signals.c.code, sa.func.max(own_signals.c.version).label("version"),
        sa.func.min(own_signals.c.version).label("first"),
    )  # fmt: skip
    last = newest.group_by(own_signals.c.code).subquery()
    both = sa.and_(last.c.code == own_signals.c.code, last.c.version == own_signals.c.version)
    rows = await tx.execute(sa.select(own_signals).join(last, both).order_by(last.c.first))
    return [OwnSignal(row.code, row.name, row.kind, row.text, row.level, row.state) for row in rows]


async def switched_on(tx: Transaction) -> list[OwnSignal]:
    """Return those that are looked for now; one that the engine no longer takes is passed over."""
    found = []
    for one in await load(tx):
        if one.state == "on":
            try:
                compiled(one.kind, one.text)
            except Malformed:
                logger.warning("signals: %s cannot be matched any more", one.code)
            else:
                found.append(one)
    return found


async def named(tx: Transaction) -> dict[str, str]:
    """Return every signal's name by the code its cases have."""
    return {one.code: one.name for one in await load(tx)}


async def changed(tx: Transaction) -> tuple[Millis, PersonId] | None:
    """Return when and by whom the list was last changed; None: never."""
    row = (await tx.execute(sa.select(own_signals).order_by(own_signals.c.version.desc()).limit(1))).first()
    return None if row is None else (row.made_at, PersonId(row.made_by))


async def add(tx: Transaction, keys: Keys, organiser: PersonId, name: str, kind: str, text: str, level: str) -> str:
    """Put a new signal at the end of the list, switched off, and return its code.

    Raises:
        NotAllowed: not an organiser. NotWords. Malformed: too long or too many, or no pattern (see `looked_for`).
    """
    code = f"own_{secrets.token_hex(6)}"
    await _append(tx, keys, organiser, OwnSignal(code, name, kind, text, level), await load(tx))
    return code


async def change(tx: Transaction, keys: Keys, organiser: PersonId, signal: OwnSignal) -> None:
    """Let a signal be as given from now on: look for something else, switch it on or off, retire it, bring it back.

    Raises:
        NotAMember: no such signal. Else as `add`.
    """
    known = await load(tx)
    if all(one.code != signal.code for one in known):
        raise NotAMember
    await _append(tx, keys, organiser, signal, [one for one in known if one.code != signal.code])


async def _append(
    tx: Transaction, keys: Keys, organiser: PersonId, signal: OwnSignal, others: Sequence[OwnSignal]
) -> None:
    name, text = " ".join(check(signal.name).split()), checked(signal.kind, signal.text)
    if len(name) > NAME_MOST or signal.level not in LEVELS or signal.state not in STATES:
        raise Malformed
    if signal.state != "retired" and sum(one.state != "retired" for one in others) >= SIGNALS_MOST:
        raise Malformed
    await require_role(tx, organiser, "organiser")
    number = await audit.append(tx, keys.derive("audit"), "own_signal", organiser, code=signal.code)
    await tx.execute(own_signals.insert().values(
        code=signal.code, version=number, name=name, kind=signal.kind, text=text, level=signal.level,
        state=signal.state, made_by=organiser, made_at=await tx.now(),
    ))  # fmt: skip
