"""Sayings: what a refusal's code is to a person, in a sentence, in words of the catalogue.

Every code of `chat.refusals` has one (a test walks the classes), and every notice, rule and outcome the pages name by
code. A sentence says what happened, that nothing is lost, and what to do; it blames nobody.
"""

from chat.house_rules import HouseRule
from web.language import Language


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


REFUSALS: dict[str, str] = {
    "refused": _("That did not work. Nothing was changed."),
    "malformed": _("Something in the form could not be read. Nothing was changed. Please look it over and try again."),
    "not_a_member": _("There is nothing here for you under this address."),
    "not_allowed": _("Your role here does not include this. Nothing was changed."),
    "muted": _("You are muted for a while. You can still read, leave, report and ask for help. "
               "Your account page says until when, and how to appeal."),
    "banned": _("A moderator has closed this account."),
    "expelled": _("A moderator has sent you out of this room. Your account page says until when, and how to appeal. "
                  "Other rooms and help stay open."),
    "room_locked": _("A moderator has locked this room for now. You can still read it."),
    "room_closed": _("This room takes no more messages. You can still read it."),
    "room_full": _("This room has as many people as it holds. You can try another one, or come back later."),
    "too_fast": _("That was quicker than we can take in. Nothing is lost. Please wait a little and try again."),
    "held": _("A moderator looks at this first. It is kept, and nobody else sees it yet."),
    "looked_at_first": _("For now a moderator looks at messages here first. Nothing was changed."),
    "still_waits": _("Something in this case waits to be decided first. Nothing was changed."),
    "slow": _("This room is slow just now: everybody waits a little between two messages. Nothing is lost."),
    "lobby": _("This room is protected just now, because many came at once. A moderator can let you in; otherwise you "
               "can come in again by its door later, mostly within an hour. It says nothing about you, and help stays "
               "open."),
    "say_id_conflict": _("This message was sent before with other words. The earlier one was kept."),
    "not_joined": _("You are not in this room just now. Open it again, and try once more."),
    "gone": _("Somebody was quicker, or it has ended. You need not do anything."),
    "not_words": _("There was nothing to read in that, or it held signs that do not work here. Please write it again "
                   "in plain words."),
    "nickname_taken": _("Somebody has this name, or one that looks like it. Please choose another."),
    "nobody_rule_missing": _("No room can open yet. Please say first what holds while nobody is on duty."),
    "not_channels": _("One of these ways to reach you could not be read, or there were more than four. Nothing was "
                      "changed."),
    "signed_out": _("You are signed out. Nothing is lost. Please sign in again."),
    "unavailable": _("The server could not keep this just now. Nothing was changed. Please try again in a moment."),
    "form_expired": _("This form was open for a long time, or came from another page. Nothing was changed. "
                      "Please open the page again and send it once more."),
    "sign_ups_full": _("Many people have signed up from your network today. Please try again tomorrow, or ask the "
                       "organisation for an invitation."),
    "sign_ups_closed": _("New accounts are made by invitation only just now."),
    "consent_needed": _("Please read the ten lines, and tick the box if you agree."),
    "wrong_recovery": _("This recovery code is not known. Please check it for slips of the pen. "
                        "A code works once; the newest one counts."),
    "wrong_passphrase": _("This name and passphrase do not belong together."),
    "weak_passphrase": _("Please choose a passphrase of at least 12 signs. Several words are easy to remember."),
    "link_used": _("This link has been used, or it is too old. Ask the person who gave it to you for a new one."),
    "nothing_written": _("Please write a few words first. You choose how much."),
    "not_sure": _("Please tick the box first, if you are sure. Nothing was changed."),
    "not_places": _("A place could not be read, or there were too many: up to three you are from, up to twenty to "
                    "avoid, a name a line. Nothing was changed."),
    "no_home": _("You ticked something about the place you are from, and no place is kept or typed. Please type its "
                 "name, or take the tick away. Nothing was changed."),
    "left_chat": _("You have left this chat. You can still read it for a while."),
    "too_long": _("That is longer than we can keep. Nothing was changed. Please make it shorter."),
}  # fmt: skip

TITLES: dict[int, str] = {
    400: _("This could not be read"),
    403: _("Not sent"),
    404: _("Nothing here"),
    405: _("Nothing here"),
    409: _("Not this time"),
    413: _("That was too long"),
    415: _("This could not be read"),
    429: _("Please wait a little"),
    500: _("Something went wrong here"),
    503: _("Please try again in a moment"),
}

TITLES_OF: dict[str, str] = {"link_used": _("This link does not work any more")}
"""Refusals that a heading by status would not fit."""

RULES: dict[str, str] = {
    "kindness": _("Be kind: nobody is put down here."),
    "privacy": _("Leave out what could identify someone."),
    "no_selling": _("Nothing is sold or advertised here."),
    "no_contact": _("Phone numbers and addresses are not exchanged here."),
    "safety": _("No instructions for hurting oneself or others."),
    "flooding": _("Leave room for others."),
}  # fmt: skip

VALVE = _("While no moderator is here, a message that several people report is hidden until a moderator has looked at "
          "it, and whoever is reported by more people cannot write in group rooms for a day at most.")  # fmt: skip
"""The rule of an act that came by itself."""

LEVELS: dict[str, str] = {
    "imminent": _("Somebody may be in danger now"),
    "minors": _("It harms somebody under age"),
    "sexual": _("Sexual, or pressing for pictures or a meeting"),
    "hate": _("Hate, threats or insults"),
    "spam": _("Selling, or the same over and over"),
    "other": _("Something else"),
}
"""What a report is about, as whoever reports reads it."""

NOTICES: dict[str, str] = {
    "asked": _("Somebody who answers for this place has been asked to look at it."),
    "acknowledged": _("Somebody has taken it in hand."),
    "nothing": _("It was looked at, and nothing further was needed."),
    "talked": _("It was looked at, and we talked with the people it is about."),
    "removed": _("It was looked at, and a message was hidden."),
    "muted": _("It was looked at, and somebody may not write for a while."),
    "escalated": _("It was looked at, and handed on to somebody who answers for it."),
}
"""How a case stands, as whoever reported it, or whom it concerns, is told. No more than that."""

ROLES: dict[str, str] = {
    "peer": _("Peer"),
    "moderator": _("Moderator"),
    "supervisor": _("Supervisor"),
    "professional": _("Professional"),
    "organiser": _("Organiser"),
}

FAILED = _("The fault is ours, and it has been noted without anything you wrote. Nothing you had sent before is lost. "
           "Please try again in a moment.")  # fmt: skip


def of_refusal(language: Language, code: str) -> str:
    """Return the sentence for a refusal's code; an unknown code gets the plain one."""
    return language(REFUSALS.get(code, REFUSALS["refused"]))


def title(language: Language, status: int, code: str) -> str:
    """Return the heading of a page that tells of a refusal."""
    return language(TITLES_OF.get(code) or TITLES.get(status, TITLES[400]))


def of_rule(language: Language, rule: HouseRule | None) -> str:
    """Return a house rule in words: the organisation's own in this language or another, or the catalogue's. None: that
    of what comes by itself."""
    if rule is None:
        return language(VALVE)
    own = rule.texts.get(language.code) or next(iter(rule.texts.values()), "")
    return own or language(RULES[rule.code])


def of_levels(language: Language) -> dict[str, str]:
    """Return what a report may be about, by level."""
    return {level: language(words) for level, words in LEVELS.items()}
