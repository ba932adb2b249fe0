"""The words staff read for the codes of cases: how near to harm, what a detector found, what came of it."""


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


LEVELS: dict[str, str] = {
    "imminent": _("Danger now"), "minors": _("Minors"), "sexual": _("Sexual"), "hate": _("Hate"),
    "appeal": _("Appeal"), "spam": _("Spam"), "other": _("Other"),
}  # fmt: skip
"""Short, for a chip; whoever reports reads `sayings.LEVELS`."""

FOUND: dict[str, str] = {
    "crisis_now": _("Words of somebody who may be about to die"), "crisis": _("Words of somebody who wants to die"),
    "minor": _("Age, and with it something sexual or a secret"), "sexual": _("Sexual words in a one-to-one"),
    "secrecy": _("A secret, and a way out of here"), "threat": _("A threat"), "slur": _("A slur"),
    "contact": _("Contact details in a one-to-one"), "flood": _("Very many messages in a short time"),
    "repeat": _("The same message again and again"), "newcomers": _("Many short chats with newcomers"),
    "joining": _("Many came into a room at once"), "held": _("Messages wait to be looked at"),
}  # fmt: skip
"""What the organisation looks for itself has a name of its own."""

OUTCOMES: dict[str, str] = {
    "nothing": _("Nothing to do"), "talked": _("We talked"), "removed": _("Message hidden"), "muted": _("Muted"),
    "escalated": _("Handed on"), "upheld": _("Appeal: it stands"), "overturned": _("Appeal: taken back"),
}  # fmt: skip
