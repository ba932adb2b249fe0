"""A report: plots, each with its numbers, on one page that needs nothing else (no script, nothing fetched)."""

from collections.abc import Sequence
from html import escape

from matcher import plot

STYLE = """
:root { color-scheme: light dark; --paper: #f6f4ef; --ink: #1f2b2a; --border: #75807d }
@media (prefers-color-scheme: dark) { :root { --paper: #141c1b; --ink: #e9efed; --border: #8a9592 } }
body { margin: 0 auto; padding: 1rem; max-inline-size: 44rem; background: var(--paper); color: var(--ink);
  font: 17px/1.5 system-ui, sans-serif }
h1 { font-size: 24px } h2 { font-size: 20px } pre { font-size: 13px }
figure { margin: 2rem 0 } svg { display: block; inline-size: 100%; max-inline-size: 36rem }
details, pre { overflow-x: auto } summary { min-block-size: 44px; line-height: 44px; cursor: pointer }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
caption { text-align: start } th { text-align: start; font-weight: 600 }
th, td { padding: 4px 12px 4px 0; border-block-end: 1px solid var(--border) } td { text-align: end }
"""


def figure(svg: str, *tables: str) -> str:
    """Return a drawing with its numbers behind "Show the numbers"."""
    return f"<figure>{svg}<details><summary>Show the numbers</summary>{''.join(tables)}</details></figure>"


def bars(shown: plot.Plot) -> str:
    """Return a plot of bars with its numbers."""
    return figure(plot.bars(shown), plot.table(shown))


def lines(shown: plot.Plot) -> str:
    """Return a plot of lines with its numbers."""
    return figure(plot.lines(shown), plot.table(shown))


def paragraph(words: str) -> str:
    """Return words as a paragraph; they are plain text."""
    return f"<p>{escape(words)}</p>"


def preformatted(words: str) -> str:
    """Return words as a terminal shows them; they are plain text."""
    return f'<pre tabindex="0">{escape(words)}</pre>'  # the keyboard scrolls it where it is too wide


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page of what the other functions here return."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1>{''.join(parts)}</main>"
    )
