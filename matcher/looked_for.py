"""Looked for: the words or the pattern of an organisation's own signal, ready to be matched.

It is matched against a text's words in plain form (see `plain`), with one space between, whatever stood there: a trick
of spelling or a stop in the middle hides nothing. The engine is RE2, which knows neither look-around nor references
back, so whatever is looked for in whatever text, matching takes a time in proportion to the text's length.

Source: Cox, Regular Expression Matching Can Be Simple And Fast (2007).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

import re2

from chat.refusals import Malformed, NotWords
from chat.words import check
from matcher.plain import sentences

Kind = Literal["words", "pattern"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS_MOST = 100
"""Words or phrases of one signal."""
WORD_MOST = 60
"""Characters of each."""
PATTERN_MOST = 200
STEPS_MOST = 500
"""What RE2 makes of a pattern: the longest text then costs a signal some 15 ms at worst, and mostly a thousandth."""
MEMORY_BYTES = 1 << 20


def checked(kind: str, text: str) -> str:
    """Return what is looked for as it is kept: a word or phrase a line, or one pattern.

    Raises:
        NotWords: nothing to read. Malformed: no such kind, too much, no pattern of RE2's, or one that is in every text.
    """
    text = check(text).strip()
    lines = [one for one in (" ".join(line.split()) for line in text.split("\n")) if one]
    if kind == "words":
        if len(lines) > WORDS_MOST or any(len(one) > WORD_MOST for one in lines):
            raise Malformed
        if not all(sentences(one) for one in lines):
            raise NotWords
    elif kind != "pattern" or len(lines) != 1 or len(text) > PATTERN_MOST:
        raise Malformed
    kept = "\n".join(lines) if kind == "words" else text
    compiled(kind, kept)
    return kept


@lru_cache(maxsize=128)
def compiled(kind: str, kept: str) -> Callable[[str], bool]:
    """Return what tells whether a text has what is looked for.

    Raises:
        Malformed: no pattern of RE2's, or one that is in every text.
    """
    options = re2.Options()
    options.max_mem, options.case_sensitive, options.never_capture = MEMORY_BYTES, False, True
    options.log_errors = False  # they would quote the pattern
    written = kept
    if kind == "words":
        phrases = (re2.escape(" ".join(sentences(line))) for line in kept.splitlines())
        written = f"(?:^| )(?:{'|'.join(phrases)})(?: |$)"
    try:
        expression = re2.compile(written, options)
    except re2.error:
        raise Malformed from None
    if kind == "pattern" and (expression.programsize > STEPS_MOST or expression.search("")):
        raise Malformed
    return lambda text: expression.search(" ".join(sentences(text))) is not None
