"""Words: what counts as a text, what a nickname may be, and when two nicknames look the same.

A text is kept as it was written, in NFC, without the signs that hide or reorder what others see. A nickname is compared
by its skeleton: two that a hurried reader would take for one have the same, and none may look like an office.

Sources: Unicode UAX 15 (normalisation), UTS 39 (confusables, mixed scripts), UAX 9 (bidirectional signs).
"""

import re
import secrets
import unicodedata

from chat.refusals import NicknameTaken, NotWords

MARKS_MOST = 8
"""So many combining marks on one letter serve every living script; more is a tower that covers other people's lines."""
NICKNAME_MOST = 32
NICKNAME_LEAST = 2

_OVERRIDES = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point (Unicode 15.1, DerivedCoreProperties.txt): what is there and not seen."""
_NO_TEXT = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
"""Controls, halves of a surrogate pair, noncharacters. What no table names yet is text: somebody's phone is newer."""
_UNSEEN = r"\s\u2800\ufff9-\ufffb\U00013430-\U0001343f\U00016fe4\U0001d159\ue000-\uf8ff\U000f0000-\U0010ffff"
"""What takes room, or looks different everywhere, and says nothing."""
_SEEN = re.compile(f"[^{_UNSEEN}{_IGNORABLE.pattern[1:-1]}]")
_NEWER_MARKS = re.compile(
    "[\u0897\u1ab0-\u1aff\u20d0-\u20ff\U00010d69-\U00010d6d\U00010efa-\U00010eff\U000113bb-\U000113e2"
    "\U0001e08f\U0001e4ec-\U0001e4ef\U0001e5ee-\U0001e5ef\U0001e6e3-\U0001e6f5]"
)
"""Combining marks named since Unicode 14, and blocks of them that have room for more."""
_PLAIN = re.compile(r"[\n -~¡-¬®-ɏ‐-‧‰-⁞]*[!-~¡-¬®-ɏ‐-‧‰-⁞][\n -~¡-¬®-ɏ‐-‧‰-⁞]*")
"""Letters and points of Latin scripts, none of which `check` refuses or changes; most texts are nothing else."""
_SEPARATORS = re.compile(r"[\s\-_.'’·]+")

_LOOKS_LIKE = str.maketrans({
    "0": "o", "1": "l", "i": "l", "|": "l", "3": "e", "5": "s", "$": "s", "@": "a", "!": "l",
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "l", "ӏ": "l", "ј": "j", "ѕ": "s",
    "к": "k", "м": "m", "т": "t", "в": "b", "н": "h", "ԁ": "d", "ԛ": "q", "ԝ": "w", "һ": "h", "г": "r", "п": "n",
    "α": "a", "ο": "o", "ρ": "p", "ν": "v", "υ": "u", "ι": "l", "κ": "k", "τ": "t", "χ": "x", "ε": "e", "η": "n",
    "ω": "w", "γ": "y", "β": "b", "σ": "o", "μ": "u", "ı": "l", "ł": "l", "ø": "o", "đ": "d", "ß": "ss",
})  # fmt: skip
"""What looks alike at the size of a nickname, to one Latin letter; a choice from UTS 39's confusables.txt."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "ARMENIAN", "GEORGIAN", "DEVANAGARI", "BENGALI", "THAI",
            "HANGUL", "ETHIOPIC", "TAMIL", "TELUGU", "KHMER", "LAO", "MYANMAR", "SINHALA", "TIBETAN")  # fmt: skip
_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA")

OFFICES = (
    "moderator", "mod", "moderation", "admin", "administrator", "organiser", "organizer", "staff", "help", "helper",
    "helpdesk", "support", "supervisor", "professional", "official", "system", "hearthside", "root", "owner",
    "counsellor", "counselor", "therapist", "doctor", "nurse", "police", "crisis", "helpline", "team",
    "ylläpito", "ylläpitäjä", "valvoja", "valvonta", "moderaattori", "järjestäjä", "henkilökunta", "tuki", "apu",
    "ohjaaja", "ammattilainen", "työntekijä", "lääkäri", "hoitaja", "terapeutti", "poliisi", "kriisi", "kriisiapu",
)  # fmt: skip
"""Words of office, in English and Finnish: nobody may look like somebody whom the organisation answers for."""

_FIRST = {
    "en": ("Quiet", "Gentle", "Bright", "Steady", "Patient", "Brave", "Calm", "Kind", "Warm", "Early", "Amber",
           "Silver", "Mellow", "Hidden", "Northern", "Southern", "Autumn", "Winter", "Summer", "Morning", "Evening",
           "Misty", "Golden", "Little", "Wandering", "Sunny", "Rainy", "Cloudy", "Mossy", "Dusky"),
    "fi": ("Hiljainen", "Lempeä", "Kirkas", "Vakaa", "Rohkea", "Tyyni", "Lämmin", "Aamuinen", "Hopeinen", "Kultainen",
           "Pohjoinen", "Eteläinen", "Syksyinen", "Talvinen", "Kesäinen", "Iltainen", "Utuinen", "Pieni", "Vaeltava",
           "Aurinkoinen", "Sateinen", "Pilvinen", "Sammaleinen", "Hämyinen", "Keväinen", "Punainen", "Sininen",
           "Vihreä", "Valoisa", "Rauhallinen"),
}  # fmt: skip
_SECOND = {
    "en": ("Heron", "Otter", "Birch", "Maple", "Swallow", "Robin", "Lantern", "Harbour", "Meadow", "River", "Willow",
           "Sparrow", "Fern", "Pebble", "Cedar", "Finch", "Badger", "Hare", "Rowan", "Lark", "Owl", "Thistle",
           "Heather", "Island", "Comet", "Cricket", "Juniper", "Plover", "Salmon", "Lichen"),
    "fi": ("Haikara", "Saukko", "Koivu", "Vaahtera", "Pääsky", "Punarinta", "Lyhty", "Satama", "Niitty", "Joki",
           "Paju", "Varpunen", "Saniainen", "Kivi", "Setri", "Peippo", "Mäyrä", "Jänis", "Pihlaja", "Kiuru", "Pöllö",
           "Ohdake", "Kanerva", "Saari", "Tähti", "Sirkka", "Kataja", "Kurppa", "Lohi", "Jäkälä"),
}  # fmt: skip


def check(text: str) -> str:
    """Return the text to keep: NFC, line ends as \\n, without signs that override the direction of what follows.

    Raises:
        NotWords: nothing to read in it, NUL or another control character, half a surrogate pair, a noncharacter, or
            more than MARKS_MOST combining marks in a row.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_OVERRIDES)
    if _NO_TEXT.search(text):
        raise NotWords
    marks, seen = 0, False
    for letter in text:  # before normalising: a long run of marks makes NFC slow
        if unicodedata.category(letter) in ("Mn", "Me") or _NEWER_MARKS.match(letter):
            marks += not _IGNORABLE.match(letter)
        elif not _IGNORABLE.match(letter):
            marks, seen = 0, seen or _SEEN.match(letter) is not None
        if marks > MARKS_MOST:
            raise NotWords
    if not seen:
        raise NotWords
    return unicodedata.normalize("NFC", text)


def check_nickname(text: str, *, office: bool = False) -> str:
    """Return the nickname to show: one line, 2-32 characters, one script, no sign that is not seen.

    Args:
        office: whether words of office are theirs to bear, because the organisation answers for them.

    Raises:
        NotWords: too short, too long, or of signs that hide, stack or mix scripts.
        NicknameTaken: it looks like a word of office.
    """
    name = " ".join(check(text).split())
    if not NICKNAME_LEAST <= len(name) <= NICKNAME_MOST or _IGNORABLE.search(name) or not _is_one_script(name):
        raise NotWords
    if not any(letter.isalpha() for letter in name) or any(not _is_plain(letter) for letter in name):
        raise NotWords
    words = {skeleton(word) for word in re.split(r"[\s\-_.'’·\d]+", name)}
    if not office and (skeleton(name) in _office_skeletons or words & _office_skeletons):
        raise NicknameTaken
    return name


def unseen(text: str) -> str:
    """Return the text without the signs that are there and not seen."""
    return _IGNORABLE.sub("", text)


def skeleton(nickname: str) -> str:
    """Return what a nickname looks like: equal for two that are easily taken for each other.

    NFKC, case folded, without what is not seen, without marks, spaces and points, look-alikes as one letter.
    """
    if nickname.isascii() and nickname.isprintable():  # it comes to the same, in a tenth of the time
        text = _SEPARATORS.sub("", nickname.lower()).translate(_LOOKS_LIKE)
    else:
        text = _IGNORABLE.sub("", unicodedata.normalize("NFKC", nickname)).casefold()
        text = unicodedata.normalize(
            "NFD", _SEPARATORS.sub("", _IGNORABLE.sub("", unicodedata.normalize("NFKC", text)))
        )
        text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Cc", "Cs")).translate(
            _LOOKS_LIKE
        )
    for pair, one in _PAIRS:
        text = text.replace(pair, one)
    return text


def generate_nickname(language: str) -> str:
    """Return a pseudonym like "Quiet Heron" in the language, where it is known, else in English. It may be taken."""
    first, second = _FIRST.get(language, _FIRST["en"]), _SECOND.get(language, _SECOND["en"])
    return f"{secrets.choice(first)} {secrets.choice(second)}"


def _is_plain(letter: str) -> bool:
    return (
        unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) in ("Mn", "Mc") or letter in " -_.'’·"
    )


def _is_one_script(text: str) -> bool:
    found = set()
    for letter in text:
        if not letter.isalpha():
            continue
        name = unicodedata.name(letter, "")
        script = next((one for one in _SCRIPTS if one in name.split()), None)
        found.add("EAST ASIAN" if script is None and name.startswith(_EAST_ASIAN) else script or name.split(" ")[0])
    return len(found) <= 1


_office_skeletons = frozenset(skeleton(word) for word in OFFICES)
