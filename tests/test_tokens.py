"""The tokens' contrast, light and dark: every pair of colours that meets on a page (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parent.parent / "web" / "static" / "css" / "10-tokens.css"
CSS = TOKENS.parent
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6})\b")

TEXT = [
    ("ink", "paper"), ("ink", "card"), ("ink", "tint"), ("soft", "paper"), ("soft", "card"), ("soft", "tint"),
    ("accent", "paper"), ("accent", "card"), ("accent", "tint"), ("on-accent", "accent"), ("on-help", "help"),
    ("risk", "card"), ("risk", "paper"), ("risk", "risk-tint"), ("paper", "ink"),
]  # fmt: skip
LINES = [
    ("border", "paper"), ("border", "card"), ("focus", "paper"), ("focus", "card"), ("focus", "tint"),
    ("accent", "card"), ("risk", "card"), ("on-help", "help"),
]  # fmt: skip
LEAST_TEXT = 5.4
"""Above what WCAG asks (4.5), because phones are read in the sun and in bed."""
LEAST_LINE = 3.0


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = TOKENS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    by_day = dict(COLOUR.findall(light))
    return {"light": by_day, "dark": by_day | dict(COLOUR.findall(dark))}


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb. Source: WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", TEXT)
def test_every_text_can_be_read_on_what_is_behind_it(scheme: str, pair: tuple[str, str]) -> None:
    tokens = _schemes()[scheme]
    assert _contrast(tokens[pair[0]], tokens[pair[1]]) >= LEAST_TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", LINES)
def test_every_control_and_the_focus_can_be_seen(scheme: str, pair: tuple[str, str]) -> None:
    tokens = _schemes()[scheme]
    assert _contrast(tokens[pair[0]], tokens[pair[1]]) >= LEAST_LINE


def test_dark_redefines_every_colour_and_nothing_else() -> None:
    text = TOKENS.read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    assert set(COLOUR.findall(dark)) != set(COLOUR.findall(light))
    assert {name for name, _ in COLOUR.findall(dark)} == {name for name, _ in COLOUR.findall(light)}


def test_colours_stand_among_the_tokens_and_nowhere_else() -> None:
    others = [path for path in CSS.rglob("*.css") if path != TOKENS]
    assert others
    for path in others:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|rgba?\(|hsla?\(", path.read_text(encoding="utf-8")), (
            path.name
        )


def test_the_layout_turns_around_with_the_script() -> None:
    physical = re.compile(
        r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right)|left|right)\s*:|text-align:\s*(?:left|right)"
    )
    for path in CSS.rglob("*.css"):
        assert not physical.search(path.read_text(encoding="utf-8")), path.name
