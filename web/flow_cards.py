"""Flow cards: what to do and what to say about a case, by level; short enough to be read while it happens."""

from dataclasses import dataclass

from chat.protocol import Level
from web.language import Language


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


@dataclass(frozen=True)
class FlowCard:
    """What to do, step by step, and what to say."""

    do: tuple[str, ...]
    say: tuple[str, ...]


CARDS: dict[Level, FlowCard] = {
    "imminent": FlowCard(
        (_("Escalate at once. Do not decide alone whether it is serious."),
         _("Stay with the person until somebody has acknowledged."),
         _("Do not ask who or where they are to find them; show the emergency number.")),
        (_("I am glad you said it. I am here."),
         _("Are you safe right now?"),
         _("You can call the emergency number now, and we can stay in this chat meanwhile.")),
    ),
    "minors": FlowCard(
        (_("Escalate at once, before you write to anybody."),
         _("Remove nothing before the case is open: the report holds what was said."),
         _("Keep the adult from writing if the talk goes on.")),
        (_("You did right to tell somebody. It is not your fault."),
         _("You need not answer them any more.")),
    ),
    "sexual": FlowCard(
        (_("Hide the message, and mute who wrote it."),
         _("Escalate when somebody was pressed, threatened or asked for pictures.")),
        (_("You need not answer. You may leave this chat at any time."),
         _("What you reported is kept until we have decided.")),
    ),
    "hate": FlowCard(
        (_("Hide the message. Name the rule."),
         _("Escalate when it is a threat against somebody who can be found.")),
        (_("This has no place here, and we have taken it away."),),
    ),
    "spam": FlowCard(
        (_("Hide the messages, and mute who sent them."),),
        (_("Nothing is sold or advertised here."),),
    ),
    "other": FlowCard(
        (_("Read what is around it first. Ask a colleague when in doubt."),),
        (_("Thank you for telling us. We are looking at it."),),
    ),
}  # fmt: skip


def told(language: Language) -> dict[Level, FlowCard]:
    """Return the cards in a language."""
    return {
        level: FlowCard(tuple(language(one) for one in card.do), tuple(language(one) for one in card.say))
        for level, card in CARDS.items()
    }
