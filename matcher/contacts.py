"""Contacts: a phone number, a handle, a mail address or a link on its way from one person to another, however it is
spelled.

In a one-to-one it is the usual first step out of sight of whoever keeps people safe. Digits are read as words, signs
and pictures too, and through a word or an emoji between them; what reads as a year, an amount or a dose is no number.
"""

import re
import unicodedata

from matcher.hits import Hit
from matcher.plain import dressed_down, sentences

LEAST, MOST = 7, 15
"""Digits of a telephone number without and with its country (ITU-T E.164 allows 15)."""

_DIGITS = {
    word: str(digit)
    for digit, words in enumerate((
        "zero oh nought nil nolla", "one yksi yks", "two kaksi kaks", "three kolme", "four neljä", "five viisi viis",
        "six kuusi kuus", "seven seitsemän seittemän", "eight kahdeksan kaheksan", "nine niner yhdeksän yheksän",
    ))
    for word in words.split()
} | {"too": "2", "won": "1", "fore": "4", "ate": "8"}  # fmt: skip
_SAID_SO = frozenset(_DIGITS) - {"oh", "one", "too", "won", "fore", "ate", "viis", "kuusi"}
"""Number words that are seldom anything else; the others count only between these and digits."""
_TIMES = {"double": 2, "triple": 3, "tupla": 2, "tripla": 3}
_LOOKS = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1", "s": "5", "b": "8", "z": "2"})
_SOME_DIGIT = re.compile(rf"\d|\b(?:{'|'.join(_DIGITS)})\b")
_PIECE = re.compile(r"[^\W_]+|[^\w\s]")
_PART = re.compile(r"\d+|\D+")
_MIXED = re.compile(r"(?<!\w)(?=[a-z|]{0,20}\d)[\dolisbz|]{2,20}(?!\w)")
"""A word of digits and letters that look like digits: O4O l23."""
_AFTER = re.compile(
    "mg|ml|k?g|[kc]?m|h|hours?|minutes|min|[ap]m|years?|days?|weeks?|months?|percent|euros?|dollars|pounds|th|st|nd|rd|"
    "people|times|vuotta|tuntia|päivää|viikkoa|kertaa|euroa|prosenttia|°"
)
_BEFORE = re.compile("[€$£#]|section|page|chapter")

_AT = r"(?:@|[\(\[{] ?(?:at|ät|miu|@) ?[\)\]}]| (?:at|ät|miukumauku) )"
_DOT = r"(?:\.| ?[\(\[{] ?(?:dot|piste|\.) ?[\)\]}] ?| (?:dot|piste|d0t) )"
_TLD = r"(?:com|net|org|info|io|edu|gov|app|me|co|fi|se|no|dk|ee|ru|ua|de|uk|fr|nl|eu|us|be|ie|au|ca)\b"
_MAIL = re.compile(
    rf"[\w+-]{{1,40}}(?:{_DOT}[\w+-]{{1,40}}){{0,3}} ?{_AT} ?[\w-]{{2,40}}(?:{_DOT}[\w-]{{2,20}}){{0,2}}{_DOT}{_TLD}"
)
_MAILER = re.compile(
    r"\b[\w.+-]{2,40} {0,2}(?:@|at|ät|\(at\)) {0,2}(?:g ?mail|hot ?mail|outlook|yahoo|proton(?:mail)?|icloud|luukku)\b"
)
_LINK = re.compile(
    rf"h(?:tt|xx)ps? ?:|\bwww {{0,2}}{_DOT}|\b[\w-]{{1,40}}{_DOT}"
    r"(?:(?:com|net|org|info|io|gg|co|fi|app|chat|link)\b(?!\.\w|')|(?:me|se|no|dk|ee|ru|de|uk|fr|nl|eu|us|tv|ly|be)/)"
)
_HANDLE = re.compile(r"(?<![\w@.])@[a-z][\w.]{2,30}\b")
_APP = (
    "(?:snap(?:chat)?|insta(?:gram)?|ig|whats ?app|wapp|telegram|tele|tg|discord|disc|kik|signal|facebook|fb|messenger|"
    "wickr|skype|tik ?tok|viber|wechat|line|zoom|session|threema|steam|reddit)"
)
_SAID = tuple(
    (weight, re.compile(rf"\b(?:{'|'.join(patterns)})\b"))
    for weight, patterns in (
        (1.0, (
            "(?:snap(?:chat)?|insta(?:gram)?|ig|whats ?app|wapp|tele ?gram|tg|discord|kik|messenger|wickr|skype|viber|"
            "wechat|threema)", "s n a p", "i n s t a", "my (?:full|last|real) name", "your (?:full|last|real) name",
            rf"(?:my|on|me on|add me|at) {_APP} (?:is|name|handle|user ?name|id|tag|account)",
            rf"(?:add|text|message|msg|dm|pm|find|hit|call|write|reach|follow|contact|get|ping|hmu|talk to) "
            rf"(?:me |us |you )?(?:up )?(?:on|at|over|via|through|in) (?:the |my )?{_APP}",
            rf"(?:have|has|got|use|using|on) (?:you |an? )?(?:got )?{_APP} (?:too|instead|or {_APP})",
            rf"(?:what is|share|send|give|swap|exchange|drop) (?:me )?(?:your|our) "
            rf"(?:{_APP}|number|phone|mobile|cell|e ?mail|address|contact|socials?|digits|handle|user ?name)",
            rf"(?:do )?you have (?:an? )?{_APP}",
            rf"(?:move|switch|go|talk|chat|continue|meet) (?:over )?(?:to|on) {_APP}",
            "(?:call|text|ring|phone|message|reach|sms) me (?:on|at|any ?time at)",
            "(?:add|follow|friend) me (?:on|at)",
            "(?:here is|this is|take|save) my (?:number|phone|mobile|cell|e ?mail|address|digits)",
            "my (?:number|phone|cell|mobile|e ?mail|digits|handle|user ?name|home address) is",
            "can i (?:have|get) your (?:\\w{1,20} )?(?:number|e ?mail|address|phone)",
            f"(?:mun|minun|sun|sinun) {_APP}", f"{_APP} (?:on|nimi|tunnus)", "(?:lisää|laita|löydät) (?:mut|minut)",
            "(?:mun|minun|sun|sinun|mikä on) (?:puhelin)?(?:numero|sähköposti|osoite)\\w{0,4}", "numeroni on",
            "(?:soita|tekstaa|viestitä|laita viesti\\w{0,2}) (?:mulle|minulle)(?: numeroon)?", "sähköpostini on",
        )),
        (0.5, (
            "facebook", "fb", "tik ?tok", "(?:phone|mobile) number", "your number", "e ?mail me",
            "(?:puhelin)?numero\\w{0,4}", "text me", "call me",
            "(?:meet|see you) in (?:person|real life)", "meet up", "where (?:do|exactly do) you live", "user ?name",
        )),
    )
)  # fmt: skip


def contacts(text: str) -> list[Hit]:
    """Return what a text has of contact details, or of asking for them."""
    weights = []
    plain = dressed_down(text)
    if _MAIL.search(plain) or _MAILER.search(plain):
        weights.append(1.0)
    if _LINK.search(plain):
        weights.append(1.0)
    if _HANDLE.search(plain):
        weights.append(1.0)
    if has_number(text):
        weights.append(1.0)
    said = " . ".join(sentences(text))
    weights += [weight for weight, pattern in _SAID if pattern.search(said)]
    return [Hit("contact", weight) for weight in weights]


def has_number(text: str) -> bool:
    """Whether LEAST … MOST digits follow one another, each at most one other word or sign after the last."""
    shown = text if text.isascii() else _shown(text)
    if len(_SOME_DIGIT.findall(dressed_down(shown))) < LEAST // 3:  # so few, and each said to be triple
        return False
    plain = _MIXED.sub(lambda found: found.group().translate(_LOOKS), dressed_down(shown))
    pieces = [part for piece in _PIECE.findall(plain) for part in _parts(piece)]
    count = spelled = sure = gap = 0
    for n, piece in enumerate([*pieces, "!"]):
        digits = piece if piece.isdigit() else _DIGITS.get(piece, "")
        counted = digits != "" and not _is_amount(pieces, n)
        if counted:
            count += len(digits) * (_TIMES.get(pieces[n - 1], 1) if n else 1)
            spelled += piece in _DIGITS
            sure += piece in _SAID_SO or piece.isdigit()
            gap = 0
        elif digits or piece in "!?;" or (piece.isalnum() and piece not in _TIMES):
            gap += 1
            if gap > 1 or digits or piece in "!?;":
                if LEAST <= count <= MOST and sure * 2 >= spelled:
                    return True
                count = spelled = sure = gap = 0
    return False


def _shown(text: str) -> str:
    """Digits of every script and style as 0-9: keycaps and circled ones, too."""
    return "".join(str(unicodedata.digit(one)) if unicodedata.digit(one, None) is not None else one for one in text)


def _parts(piece: str) -> list[str]:
    """Split what is digits for the most part; a name that ends in some is one word."""
    digits = sum(one.isdigit() for one in piece)
    return _PART.findall(piece) if 2 * digits > len(piece) else [piece]


def _is_amount(pieces: list[str], n: int) -> bool:
    """Whether digits are a year, or count something that is named beside them."""
    piece = pieces[n]
    if n + 1 < len(pieces) and _AFTER.fullmatch(pieces[n + 1]):
        return True
    if n and _BEFORE.fullmatch(pieces[n - 1]):
        return True
    return len(piece) == 4 and piece.isdigit() and piece[:2] in ("19", "20")
