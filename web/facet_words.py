"""The words people see for facets' codes, and which languages a person may say they read."""

from collections.abc import Iterable, Mapping

from babel.lists import format_list

from matcher.facets import FAMILIES, SEEDED, VALUES, Name, Visibility
from matcher.pairs import EDITED, PairName
from matcher.topics import Topic
from web.language import Language


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


ASKED: dict[Name, str] = {
    "topic": _("What have you lived with? (up to five)"),
    "role": _("Whose experience is it? (up to two)"),
    "side": _("If somebody was hurt: where were you?"),
    "status": _("Where are you with it now?"),
    "kind": _("What helps you?"),
    "wish": _("What would you like to do?"),
    "age": _("How old are you?"),
    "gender": _("What is your gender?"),
    "wish_age": _("How old should the other be? (nothing ticked: no matter)"),
    "wish_gender": _("Whom would you rather talk with? (nothing ticked: no matter)"),
}

LABELS: dict[Name, dict[str, str]] = {
    "topic": {
        "addiction": _("Addiction"), "anxiety": _("Anxiety"), "bereavement": _("Somebody’s death"),
        "breakup": _("Separation"), "burnout": _("Burnout"), "caring": _("Caring for somebody"),
        "chronic_illness": _("Long illness"), "cancer": _("Cancer"), "dementia": _("Dementia"),
        "depression": _("Depression"), "disability": _("Disability"), "eating": _("Eating"), "family": _("Family"),
        "gambling": _("Gambling"), "identity": _("Gender or sexuality"), "loneliness": _("Loneliness"),
        "military": _("Military service"), "neurodiversity": _("Neurodiversity"), "parenting": _("Being a parent"),
        "pregnancy_loss": _("Losing a pregnancy"), "psychosis": _("Psychosis"), "self_harm": _("Self-harm"),
        "sexual_violence": _("Sexual violence"), "suicide_loss": _("Losing somebody to suicide"),
        "trauma": _("Trauma"), "violence": _("Violence"), "work": _("Work"),
    },
    "role": {
        "self": _("My own"), "carer": _("I care for somebody"), "family": _("Somebody in my family"),
        "bereaved": _("I lost somebody"),
    },
    "side": {
        "harmed": _("I was hurt"), "caused_harm": _("I hurt somebody"), "not_affected": _("Neither"),
    },
    "status": {
        "in_crisis": _("In the worst of it"), "struggling": _("It is hard"), "in_recovery": _("Getting better"),
        "long_recovered": _("It is years behind me"),
    },
    "kind": {
        "emotional": _("Being understood"), "informational": _("Knowing how things work"),
        "practical": _("Practical advice"), "company": _("Company"),
    },
    "wish": {
        "be_heard": _("Be heard"), "listen": _("Listen to somebody"), "both": _("Both"),
    },
    "age": {
        "under_18": _("Under 18"), "18_29": _("Aged 18 to 29"), "30_44": _("Aged 30 to 44"),
        "45_64": _("Aged 45 to 64"), "65_up": _("65 or over"),
    },
    "gender": {
        "woman": _("Woman"), "man": _("Man"), "other": _("Another gender"),
    },
    "wish_age": {
        "under_18": _("Somebody under 18"), "18_29": _("Somebody of 18 to 29"), "30_44": _("Somebody of 30 to 44"),
        "45_64": _("Somebody of 45 to 64"), "65_up": _("Somebody of 65 or over"),
    },
    "wish_gender": {
        "woman": _("A woman"), "man": _("A man"), "other": _("Somebody of another gender"),
    },
}  # fmt: skip
"""Of the topics those that the list begins with; see `labels`."""

FAMILY: dict[str, str] = {
    "dependence": _("What one cannot leave"), "mind": _("Mind"), "loss": _("Loss"), "care": _("Care and family"),
    "body": _("Body and senses"), "harm": _("Harm"), "life": _("Life"),
}  # fmt: skip
"""What topics lie near each other, for the organiser."""

MATRICES: dict[PairName, str] = {
    "role": _("Whose experience it is"),
    "side": _("Where they were if somebody was hurt"),
    "status": _("Where they are with it now"),
}
"""What the supervisor decides about."""

VISIBILITIES: dict[Visibility, str] = {
    "hidden": _("Only for me"),
    "matching": _("For matching only"),
    "shown": _("Shown to my match"),
}

READ = ("fi", "sv", "en", "ar", "da", "de", "es", "et", "fa", "fr", "nb", "pl", "ru", "se", "so", "tr", "uk", "vi")
"""Languages offered in the form; others can be added here without any other change."""


Labels = Mapping[Name, Mapping[str, str]]
"""Every value of every facet, in words of one language: the organiser's may be among them, so a page escapes them."""


def label(language: Language, name: Name, value: str) -> str:
    """Return a value in words; of the topics, one that the list begins with."""
    return language(LABELS[name][value])


def labels(language: Language, topics: Iterable[Topic]) -> Labels:
    """Return every value in words, topics in the organiser's order, the retired among them."""
    closed = {name: {value: language(words) for value, words in LABELS[name].items()} for name in VALUES}
    return {"topic": {one.code: topic(language, one) for one in topics}, **closed}


def topic(language: Language, one: Topic) -> str:
    """Return a topic in words: the organiser's, or the catalogue's; where neither has this language, any there are."""
    known = LABELS["topic"].get(one.code)
    if language.code in one.labels:
        return one.labels[language.code]
    return language(known) if known else next(iter(one.labels.values()), one.code)


def languages(language: Language) -> dict[str, str]:
    """Return the languages one may say one reads, by code, each in the visitor's language."""
    return {code: (language.locale.languages.get(code) or code) for code in READ}


def listed(language: Language, codes: Iterable[str]) -> str:
    """Return languages by name, in one line."""
    names = sorted(language.locale.languages.get(code) or code for code in codes)
    return format_list(names, locale=language.locale) if names else ""


_WANTED: dict[Name, Iterable[str]] = {"topic": SEEDED, **VALUES}
assert all(set(LABELS[name]) == set(values) for name, values in _WANTED.items()), "a facet without words"
assert set(FAMILY) == set(FAMILIES) and set(MATRICES) == set(EDITED)
