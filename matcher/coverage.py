"""Coverage: in which languages texts can be compared; known from the setting, with no model loaded.

Where a text's language is not covered, facets and wait alone decide, and the page says so.
"""

MULTILINGUAL = "multilingual"
"""The value of HEARTHSIDE_MODEL that chooses the encoder of many languages (see `multilingual`)."""

_LANGUAGES: dict[str, frozenset[str]] = {
    "": frozenset({"en"}),  # the bundled one: English in effect, Finnish finds English in 1 of 6
    MULTILINGUAL: frozenset({"ar", "da", "en", "et", "fi", "nb", "ru", "sv", "uk"}),
}


def covered(model: str) -> frozenset[str]:
    """Return the languages a model covers; empty: of this one nothing is known, so it is taken to cover them all."""
    return _LANGUAGES.get(model, frozenset())


def covers(model: str, language: str) -> bool:
    """Whether a model covers a language, given by its tag (`en`, `en-GB`)."""
    languages = covered(model)
    return not languages or language.partition("-")[0] in languages
