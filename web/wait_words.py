"""The words of the waiting page: how the search stands, how long it may take, how wide the circle is, what is asked.

Nothing is promised that nobody is at work on, and no sentence depends on one other person.
"""

from matcher.facets import Facet, Name
from matcher.waiting import ANYBODY, NEAR, SAME
from web import facet_words
from web.language import Language


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


SEARCH: dict[str, str] = {
    "late": _("Nobody has looked at your request for a while; the search may be standing still. Your place is kept, "
              "and it goes on as soon as the search does."),
    "unknown": _("Your request is kept. We are about to look."),
    "few": _("Few people here have lived through something like it, so it may take long. Your place is kept, and you "
             "can widen the circle."),
    "some": _("There are peers with a similar experience. They are asked one after another, as they become free."),
    "few_anybody": _("Few peers here fit what you asked for, so it may take long. Your place is kept."),
    "some_anybody": _("There are trained peers who fit. They are asked one after another, as they become free."),
}  # fmt: skip

CIRCLE: dict[int, str] = {
    SAME: _("We look for somebody with the same experience."),
    NEAR: _("We look for somebody with the same experience, or one near it."),
    ANYBODY: _("We look for anybody trained, whatever they have lived through."),
}
BREADTHS: dict[int, str] = {
    SAME: _("The same experience"),
    NEAR: _("Or near it"),
    ANYBODY: _("Anybody trained"),
}


def of_search(language: Language, how: str) -> str:
    """Return how the search for somebody stands, in a sentence."""
    return language(SEARCH[how])


def of_circle(language: Language, breadth: int) -> str:
    """Return whom we look for, in a sentence."""
    return language(CIRCLE[breadth])


def waited(language: Language, waited_s: float, likely_min: tuple[int, int] | None) -> str:
    """Return how long it has been, and how long it is for most around this hour, where that is known."""
    begun = language("You have waited: %(waited)s.", waited=language.since(waited_s))
    lately = language("We cannot tell yet how long it takes; too few people have asked lately.")
    if likely_min is not None:
        low, high = likely_min
        lately = language("At this hour most people waited %(low)s to %(high)s minutes.", low=low, high=high)
        if low == high or high > MINUTES_MOST:
            low_words, high_words = language.since(low * 60), language.since(high * 60)
            lately = language("At this hour most people waited about %(time)s.", time=high_words)
            if low != high:
                lately = language(
                    "At this hour most people waited about %(low)s to %(high)s.", low=low_words, high=high_words
                )
    return f"{begun} {lately}"


MINUTES_MOST = 60
"""What is longer is told in hours."""


def asked(language: Language, name: Name, held: tuple[Facet, ...]) -> str:
    """Return what a person is asked, in words: kindly where their words and what they declared do not seem to agree.

    Args:
        held: what the request declares.
    """
    chosen = ", ".join(facet_words.label(language, name, one.value) for one in held if one.name == name)
    if chosen:
        return language("You chose: %(chosen)s. Your words could also mean something else. Which fits?", chosen=chosen)
    return language(facet_words.ASKED[name])
