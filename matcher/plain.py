"""Plain: how a text reads to a detector, whatever it is dressed in.

Wide, circled and styled letters are the letters they show, what is not seen is gone, short forms are written out: most
of what people do to slip past a list of words. A detector's pattern is matched against the result, and has no unbounded
repeat: whatever a text is made of, matching takes a time in proportion to its length.
"""

import re
import unicodedata
from functools import lru_cache

from chat.words import unseen

_WHOLE = {
    "im": "i am", "ive": "i have", "cant": "cannot", "dont": "do not",
    "doesnt": "does not", "didnt": "did not", "couldnt": "could not", "wont": "will not", "wouldnt": "would not",
    "isnt": "is not", "wasnt": "was not", "youre": "you are", "hes": "he is", "shes": "she is", "theyre": "they are",
    "whats": "what is", "lets": "let us", "gonna": "going to", "wanna": "want to", "gotta": "got to", "u": "you",
    "ur": "your", "r": "are", "rn": "right now", "pls": "please", "plz": "please",
}  # fmt: skip
"""How what is said short is written out; apostrophes are dropped first, as many people do."""
_STOP = re.compile(r"[.!?\n;:]+")
_WORD = re.compile(r"\w+")


def dressed_down(text: str) -> str:
    """Return the text in NFKC and lower case without what is not seen."""
    return text.lower() if text.isascii() else unseen(unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=4)
def sentences(text: str) -> tuple[str, ...]:
    """Return each sentence as words with one space between, short forms written out. (Every detector asks.)"""
    found = []
    for part in _STOP.split(re.sub("['’`´]", "", dressed_down(text))):
        words = [_WHOLE.get(one, one) for one in _WORD.findall(part)]
        if words:
            found.append(" ".join(words))
    return tuple(found)
