"""Advances: what somebody does, over the course of a one-to-one, to bring another person where nobody sees.

The one idea: a question about age is small talk, and so is "do you use Telegram". Age and then something sexual, or a
secret and then a way out of here, is a course that is known from grooming. So each text is read for themes, and the
themes of one author over the last entries decide. Nothing is remembered: the timeline is read again.

Source of the stages: O'Connell, A typology of child cybersexploitation and online grooming practices (2003).
"""

import re
from collections.abc import Iterable
from typing import Literal

from matcher.contacts import contacts
from matcher.hits import Code, Hit, opening
from matcher.plain import sentences

Theme = Literal["sexual", "age", "secrecy", "leaving"]

_SOME = r"(?:\w{1,20} ){0,2}"
_WORDS: dict[Theme, tuple[str, ...]] = {
    "sexual": (
        "(?:send|show|share|want|trade|take|got) (?:me |us |some |any |your |a |more ){0,3}"
        "(?:nudes?|naked|sexy|dirty|hot|body) ?(?:pics?|pictures?|photos?|selfies?|videos?)?",
        "(?:nudes?|dick ?pics?|sext(?:ing)?|cyber ?sex|porn|masturbat\\w{1,5}|horny|orgasm|blow ?job|hand ?job|boobs?|"
        "tits|dick|cock|pussy|virgin|turned on|turn me on|cum)",
        f"what (?:are|do) you {_SOME}(?:wearing|wear)", "(?:take|taking) (?:off )?your (?:clothes|shirt|bra|underwear)",
        f"(?:touch|touched|touching) {_SOME}(?:yourself|your body|my ?self)", "have sex", "sex with (?:me|you)",
        "(?:your|my) (?:bra|panties|underwear|breasts?|private parts?)", "(?:you are|youre|so) (?:hot|sexy)",
        f"(?:first time|ever) {_SOME}(?:kissed|had sex|been with)", "make love", "cuddle naked", "naked",
        "alastonkuv\\w{0,5}", "alasti", "seksi\\w{0,6}", "kiihott\\w{0,8}", "mitä sulla on päällä", "runkk\\w{0,6}",
        "(?:lähetä|näytä) (?:mulle |minulle )?(?:kuva|kuvia) (?:itsestäsi|vartalostasi|susta)",
    ),
    "age": (
        "how old (?:are|is) (?:you|u)", "what (?:is )?your (?:real )?age", "what (?:grade|class|year) are you in",
        "(?:are|you) (?:you )?(?:under|over|still) (?:age|eighteen|18|16|a minor|in school)", "your age",
        "(?:i am|you are|im) (?:only |just )?(?:1[0-7]|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)"
        "(?! (?:years|weeks|months|days) (?:sober|clean))(?: years old)?", "asl", "a/s/l",
        "(?:your|my) (?:parents|mom|mum|mother|dad|teacher) (?:home|there|around|know|check)", "home alone",
        "mature for your age",
        "(?:minkä|kuinka) (?:ikänen|ikäinen|vanha) (?:sä |sinä )?(?:oot|olet)", "ikäsi", "millä luokalla",
        "alaikäi\\w{0,6}",
    ),
    "secrecy": (
        "(?:our|a|my|little|keep (?:this|it|that)) (?:little )?secret",
        f"do not tell {_SOME}(?:any ?(?:one|body)|them|your)",
        f"(?:do not|never) (?:tell|mention|show) {_SOME}(?:mom|mum|parents?|mother|dad|moderators?|staff|friends?|"
        "boyfriend|husband|wife)", "(?:just|only) between (?:us|you and me)", "delete (?:this|these|our|the) (?:chat|"
        "messages?|conversation)", "no ?(?:body|one) (?:has to|needs to|will|must|should) (?:know|find out)",
        "(?:they|moderators|anyone) (?:would not|will not|do not|cannot) understand", "can (?:i|you) (?:trust|keep)",
        "without (?:your|them|anyone|the) (?:\\w{1,20} ){0,2}(?:knowing|seeing|watching)", "are you alone",
        "(?:meidän|pidä|pieni|tää on|tämä on) salaisuus\\w{0,4}", "(?:älä|ei saa) kerro kenellekään",
        "vain meidän kesken",
        "poista (?:tämä|nää|viestit)", "kukaan ei saa tietää", "älä kerro (?:äidille|vanhemmille|kellekään)",
    ),
    "leaving": (
        f"(?:talk|chat|go|move|meet|continue|somewhere|text|write) {_SOME}(?:more |some ?(?:where|place) )?(?:private|"
        "privately|else|outside|in person|face to face|off (?:here|this|the site))",
        "(?:here|this (?:site|chat|app|place)) (?:is|are) "
        "(?:watched|monitored|moderated|not private|not safe|boring|slow|recorded)", "get (?:off|out of) (?:here|this)",
        f"(?:meet|see) (?:up|me|you|us) {_SOME}(?:tonight|tomorrow|this|at|irl|in|somewhere|for|soon)", "meet up",
        "(?:come|go) (?:over )?to (?:my|your) (?:place|house|home|room|flat)", "where (?:exactly )?do you live",
        "(?:video|voice|phone) ?(?:call|chat)", "pick you up",
        "(?:mennäänkö|siirrytäänkö|jatketaanko) (?:muualle|toiseen|muualla)",
        "(?:nähdäänkö|tavataanko|voidaanko tavata)",
        "missä (?:sä |sinä )?(?:asut|asutkaan)",
        "tule (?:mun|meille|mulle)",
    ),
}  # fmt: skip
_THEMES = {theme: re.compile(rf"\b(?:{'|'.join(patterns)})\b") for theme, patterns in _WORDS.items()}


def themes(text: str) -> frozenset[Theme]:
    """Return what a text touches."""
    said = sentences(text)
    found = {theme for theme, pattern in _THEMES.items() if any(pattern.search(sentence) for sentence in said)}
    if opening(contacts(text)):
        found.add("leaving")
    return frozenset(found)


def advances(now: frozenset[Theme], before: Iterable[frozenset[Theme]]) -> list[Hit]:
    """Return what the course of a one-to-one comes to with one more text.

    Args:
        now: what the text touches; where that is nothing, nothing is found.
        before: what the texts that the same person said before it here touch.
    """
    if not now:
        return []
    course = now.union(*before)
    codes: list[Code] = []
    if "age" in course and course & {"sexual", "secrecy"}:
        codes.append("minor")
    if "sexual" in now:
        codes.append("sexual")
    if course >= {"secrecy", "leaving"} and now & {"secrecy", "leaving"}:
        codes.append("secrecy")
    return [Hit(code) for code in codes]
