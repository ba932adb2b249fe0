"""The acts of the audit, and what their codes say, in words. What has none is shown by its code."""

from collections.abc import Mapping

from chat import held
from chat.acts import BY_ITSELF
from web import case_words, facet_words, sayings
from web.language import Language


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


ACTS: dict[str, str] = {
    "acknowledged": _("Case taken in hand"),
    "alerted": _("Alert sent"),
    "appealed": _("Appealed"),
    "answered": _("A member answered who asked to come into their chat"),
    "asked": _("Somebody asked to take a case in hand"),
    "asked_in": _("Asked to come into a chat"),
    "audit_searched": _("Audit searched"),
    "banned": _("Account closed"),
    "called": _("A second called"),
    "channels": _("Ways to be reached changed"),
    "claimed": _("Case claimed"),
    "cleared": _("Last messages hidden"),
    "closed": _("Case closed"),
    "confirmed": _("Closing of an account confirmed"),
    "decided": _("Appeal decided"),
    "debriefed": _("Debrief note read"),
    "declined": _("Waiting message declined"),
    "escalated": _("Case escalated"),
    "expelled": _("Sent out of a room"),
    "export_agreed": _("Export agreed to"),
    "export_asked": _("Export asked for"),
    "exported": _("Export fetched"),
    "graded": _("Case graded"),
    "granted": _("Role given"),
    "guarded": _("Room guarded"),
    "handed_over": _("Case handed over"),
    "holding": _("Room held"),
    "house_rule": _("House rule changed"),
    "invited": _("Invitation made"),
    "let_go": _("A member ended somebody's presence in their chat"),
    "let_in": _("Let in from the lobby"),
    "let_through": _("Waiting message let through"),
    "locked": _("Room locked"),
    "muted": _("Muted"),
    "nobody_rule": _("Rule for when nobody is on duty set"),
    "off_duty": _("Went off duty"),
    "on_duty": _("Went on duty"),
    "opened": _("Case read"),
    "own_signal": _("Own signal changed"),
    "own_signal_tried": _("Own signal tried on the last week"),
    "pairs": _("Who may meet changed"),
    "raised": _("Case opened by a rule"),
    "reason_read": _("Reason read"),
    "released": _("Case handed back"),
    "removed": _("Message hidden"),
    "reported": _("Reported"),
    "reviewed": _("Case reviewed"),
    "revoked": _("Role taken back"),
    "room_closed": _("Room closed"),
    "room_made": _("Room made"),
    "slowed": _("Room slowed down"),
    "topic": _("Topic changed"),
    "undone": _("Act undone"),
    "unvetted": _("No longer vetted for minors"),
    "vetted": _("Vetted for minors"),
    "warned": _("Warned"),
}

_BREAK = {"break": _("A break")}
_ROLES = {"member": _("Member"), **sayings.ROLES}
CODES: dict[str, Mapping[str, str]] = {
    **dict.fromkeys(("called", "escalated", "graded", "reported"), case_words.LEVELS),
    **dict.fromkeys(("closed", "decided"), case_words.OUTCOMES),
    **dict.fromkeys(("asked", "asked_in", "granted", "invited", "nobody_rule", "revoked"), _ROLES),
    **dict.fromkeys(("appealed", "audit_searched", "let_in", "undone"), ACTS),
    **dict.fromkeys(("off_duty", "on_duty"), _BREAK),
    "alerted": {"reached": _("It was sent"), "unreached": _("It could not be sent")},
    "answered": {
        "not_now": _("Not now"), "from_here": _("Yes, from here on"), "last": _("Yes, with the last 10 messages"),
        "all": _("Yes, with everything said in this chat"),
    },
    "pairs": {str(name): told for name, told in facet_words.MATRICES.items()},
    "raised": case_words.FOUND,
    "released": {"away": _("Who had it was away")},
}  # fmt: skip
"""What a code says, by act. Others name something the organisation has put into words itself, such as a house rule."""
SAYS_NO_MORE = (BY_ITSELF, held.CODE)


def of(language: Language, act: str) -> str:
    """Return an act in words."""
    return language(ACTS[act]) if act in ACTS else act


def more(language: Language, act: str, code: str, own: Mapping[str, str]) -> str:
    """Return what an act's code says, in words; empty where it says no more than the row does.

    Args:
        own: house rules, topics and own signals in words of this language, by their codes.
    """
    known = CODES.get(act, {})
    if code in known:
        return language(known[code])
    return "" if code in SAYS_NO_MORE else own.get(code, code)
