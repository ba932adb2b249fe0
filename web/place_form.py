"""The part of a form that names places.

Names are compared and never kept, so no page can show what was kept: it says how many there are, and they can be
replaced or deleted. Only a form that is shown again, because it was refused, holds the names that were typed into it.
"""

import re
from dataclasses import dataclass

from chat.refusals import Malformed, Refusal
from chat.store import Transaction
from matcher import places
from matcher.places import AVOIDED_MOST, HOMES_MOST, Kept
from web.site import Visit

BETWEEN = re.compile(r"[\n,;]")
"""Between two names: "Rovaniemi, Kemi" are two places, and taken for one they would keep nobody away."""


class NotPlaces(Refusal):
    """Too many places, a name too long, or nothing by which a place can be known."""

    code = "not_places"


class NoHome(NotPlaces):
    """Something is said of one's own places, and there is none."""

    code = "no_home"


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """What the form shows: how many are kept, what was typed just now, and what is said of one's own places."""

    kept: Kept
    homes: str
    avoided: str
    small: bool
    wished: bool


@dataclass(frozen=True, slots=True, repr=False)
class Named:
    """What the form holds. Of names, None: those that are kept stay; (): they are to be deleted."""

    homes: tuple[str, ...] | None
    avoided: tuple[str, ...] | None
    small: bool
    wished: bool


def shown(visit: Visit, kept: Kept | None, *, typed: bool) -> Shown:
    """Return what to show; `kept` is None where the database does not answer, `typed` whether what came with this
    request is still to be kept."""
    kept = kept or Kept(0, 0, small=False, wished=False)
    if not typed or not _is_asked(visit):
        return Shown(kept, "", "", kept.small, kept.wished)
    return Shown(kept, visit.field("homes"), visit.field("avoided"), _is(visit, "small"), _is(visit, "wished"))


def read(visit: Visit) -> Named | None:
    """Return what the form holds of places, a name a line or with commas between; None: it did not ask.

    Raises:
        NotPlaces.
    """
    if not _is_asked(visit):
        return None
    homes, avoided = _names(visit, "homes", HOMES_MOST), _names(visit, "avoided", AVOIDED_MOST)
    return Named(homes, avoided, _is(visit, "small"), _is(visit, "wished"))


async def keep(tx: Transaction, visit: Visit, named: Named | None) -> None:
    """Keep what a form held.

    Raises:
        NoHome: they say something of where they are from, which is not kept nor typed. SignedOut.
    """
    if named is None:
        return
    tokens, person = visit.site.tokens, visit.member.person
    if named.homes is None and (named.small or named.wished) and not (await places.kept(tx, person)).homes:
        raise NoHome
    await places.save_homes(tx, tokens, person, named.homes, small=named.small, wished=named.wished)
    if named.avoided is not None:
        await places.save_avoided(tx, tokens, person, named.avoided)


def _names(visit: Visit, field: str, most: int) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in BETWEEN.split(visit.field(field)) if name.strip())
    if not names:
        return () if _is(visit, f"{field}_gone") else None
    try:
        different = {visit.site.tokens.place(one) for one in names}
    except Malformed:
        raise NotPlaces from None
    if len(different) > most:
        raise NotPlaces
    return names


def _is_asked(visit: Visit) -> bool:
    return _is(visit, "places")


def _is(visit: Visit, field: str) -> bool:
    return visit.field(field) == "yes"
