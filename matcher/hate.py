"""Hate: slurs, and threats to somebody in the room. English and Finnish.

A list of words sees words: it also finds who tells what they were called, and misses contempt in plain words. So a slur
opens a case for a person to read, and nothing else.

Slurs are compared by what they look like (`words.skeleton`), so letters that are swapped, spaced or doubled hide none.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise

from chat.words import skeleton
from matcher.hits import Hit
from matcher.plain import dressed_down, sentences

_YOU = "(?:you|u|ya|yall|them|all of (?:you|them)|every one of (?:you|them))"
_GROUP = (
    "(?:blacks?|jews?|muslims?|mexicans?|immigrants?|gays?|lesbians?|arabs?|asians?|whites?|refugees|women|africans|"
    "gypsies|foreigners|indians|trans(?:genders)?|christians|somalis|maahanmuuttajat|muslimit|juutalaiset|homot|romanit)"
)
_SOME = r"(?:\w{1,20} ){0,2}"
_THREATS = (
    f"(?:i|we|they|somebody|someone) (?:will|am going to|are going to|should|would|could|want to|swear i will) {_SOME}"
    f"(?:kill|murder|stab|shoot|rape|hurt|beat|find|strangle|choke|burn|smash|break|destroy|end) {_YOU}",
    f"(?:kill|murder|shoot|stab|lynch|hang|gas|burn|rape) {_SOME}{_YOU}", "(?:kys|kill your ?self|hang your ?self)",
    "(?:go|please|just) (?:and )?(?:die|kill yourself|hang yourself)", "you (?:should|deserve to|need to|will) die",
    "i (?:know|found out) where you (?:live|work|sleep)", "i am (?:coming|going to come) for you", "watch your back",
    "you (?:will|are going to) (?:regret|pay|be sorry|wish)", "i will (?:make|see) you (?:pay|suffer|bleed)",
    "tapan (?:sut|sinut|teidät)", "tapa itsesi", "(?:hakkaan|puukotan|ammun|raiskaan) (?:sut|sinut|teidät)",
    "tiedän (?:missä|mis) (?:asut|sä asut)", "(?:toivottavasti|saisit) kuol\\w{1,6}", "tulen hakemaan (?:sut|sinut)",
)  # fmt: skip
_CONTEMPT = (
    f"(?:hate|kill|deport|gas|burn|lynch|exterminate|ban|fuck|damn) {_SOME}{_GROUP}",
    f"(?:all|these|those|fucking|dirty|stupid|filthy|damn) {_GROUP} (?:are|should|need|must|deserve|can go|go)",
    f"{_GROUP} (?:are|is) {_SOME}(?:animals?|trash|scum|vermin|rats|parasites|inferior|apes|monkeys|disgusting|evil|"
    "criminals|subhuman|cancer|filth|dogs|pigs|terrorists?|rapists)",
    f"(?:dirty|filthy|stupid|dumb|ugly|lazy|worthless) {_GROUP}", "white (?:power|pride)", "heil hitler", "sieg heil",
    "(?:go|send (?:them|you)) back to (?:africa|mexico|your (?:own )?country)", f"death to {_SOME}{_GROUP}", "race war",
    "(?:ugly|nasty|stupid|fat|dumb|dirty) (?:ass )?(?:bitch|cunt|whore|slut)", "you (?:are )?(?:an? )?(?:cunt|whore)",
    f"(?:vihaan|tappakaa|karkottakaa) {_SOME}{_GROUP}", "painu (?:takaisin|sinne mistä)",
)  # fmt: skip
_THREAT = re.compile(rf"\b(?:{'|'.join(_THREATS)})\b")
_SCORN = re.compile(rf"\b(?:{'|'.join(_CONTEMPT)})\b")
_WORD = re.compile(r"[^\W_](?:[\w@$!|*-]{0,38}[\w$])?")
_SPACED = re.compile(r"\b(?:\w[ .*_-]){2,20}\w\b")
_RUN = re.compile(r"(.)\1{2,}")
_HARMLESS = frozenset(("mannerheim", "mannermaa", "manner", "mannertenvälinen"))


def _slurs() -> tuple[dict[str, float], dict[str, float]]:
    whole, begun = dict[str, float](), dict[str, float]()
    for line in files("matcher").joinpath("slurs.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            word, weight = line.rsplit(" ", 1)
            (begun if word.endswith("*") else whole)[skeleton(word.rstrip("*"))] = float(weight)
    return whole, begun


_WHOLE, _BEGUN = _slurs()
_SLUR = re.compile(rf"(?<!\S)(?:({'|'.join(_BEGUN)})|({'|'.join(_WHOLE)})(?!\S))")


def slurs(text: str) -> list[Hit]:
    """Return what a text has of words that wound a group of people."""
    seen = " ".join(_seen(dressed_down(text)))
    found = {begun or whole: _BEGUN[begun] if begun else _WHOLE[whole] for begun, whole in _SLUR.findall(seen)}
    hits = [Hit("slur", weight) for weight in found.values()]
    if any(_SCORN.search(sentence) for sentence in sentences(text)):
        hits.append(Hit("slur", 0.6))
    return hits


def threats(text: str) -> list[Hit]:
    """Return what a text has of threats."""
    return [Hit("threat")] if any(_THREAT.search(sentence) for sentence in sentences(text)) else []


def _seen(plain: str) -> Iterator[str]:
    """Yield what each word, each two in a row and each spaced-out word look like."""
    written = [one for one in _WORD.findall(plain) if one not in _HARMLESS]
    yield from (skeleton(_RUN.sub(r"\1", one)) for one in written if _RUN.search(one))
    words = [skeleton(_RUN.sub(r"\1\1", one)) for one in written]
    yield from words
    yield from (first + second for first, second in pairwise(words))
    yield from (skeleton(one) for one in _SPACED.findall(plain))
