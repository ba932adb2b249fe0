"""Crisis: words of somebody who may be about to die, or wants to. English and Finnish.

Graded: means, a time or something done already (`crisis_now`); a wish or an attempt (`crisis`); a hint, which opens
nothing alone. What is denied, or said of somebody else, is a hint as well: "my brother is suicidal" is no cry for help,
and still no small thing.
"""

import re

from matcher.hits import Code, Hit
from matcher.plain import sentences

_SOME = r"(?:\w{1,20} ){0,3}"
_DIE = (
    "(?:die|be dead|kill myself|hang myself|shoot myself|drown myself|end (?:it all|my (?:own )?life|things|myself)|"
    "take my (?:own )?life|commit suicide|overdose|unalive myself|jump (?:off|in front)|not wake up)"
)
_SOON = "(?:tonight|today|right now|now|tomorrow|this (?:evening|weekend|week|morning)|in an hour|soon)"
_MEANS = "(?:gun|pistol|rifle|rope|noose|belt|blade|razor|knife|pills|tablets|meds)"
_FI_DIE = "(?:tap(?:an|paa) itse(?:ni|äni)|kuolla|teh?dä itsemurha|teen itsemurhan|hirttäytyä|hirttäydyn)"

_NOW = (
    f"{_DIE} {_SOME}{_SOON}", f"{_SOON} {_SOME}(?:is the (?:day|night) )?(?:i )?(?:will |am going to |want to )?{_DIE}",
    "(?:suicidal|in crisis) (?:tonight|right now|now)",
    f"(?:took|taken|swallowed|taking) {_SOME}(?:overdose|pills|tablets|paracetamol|meds)", "overdosed (?:on|just|an)",
    f"(?:have|got|bought|holding|loaded|grabbed) (?:a|the|my|some|enough) (?:\\w{{1,20}} )?{_MEANS} "
    "(?:ready|here|in my|in front|next to|to (?:my|do it|end|kill)|by my)",
    f"{_MEANS} (?:is |are |lie )?(?:ready|in my (?:hand|mouth)|in front of me|next to me|to my head|around my neck)",
    "(?:wrote|writing|written|left) (?:my |a |the )?(?:suicide|goodbye|farewell) (?:note|letter)s?",
    "(?:suicide|goodbye) note is", f"(?:plan|planning|planned|going|about|decided|ready|intend) to {_DIE}",
    "(?:have|made|set) (?:a|the|my) (?:plan and )?(?:date|plan) to (?:die|end|kill|do it)", "said my goodbyes",
    "i (?:will|would) be (?:dead|gone) (?:tonight|tomorrow|by|soon|when)", "goodbye (?:everyone|everybody|world)",
    "(?:on|standing on) (?:the|a) (?:bridge|roof|ledge|edge|tracks)", "this is my last (?:night|day|message|post)",
    "(?:last|final) (?:night|day) (?:alive|on earth|of my life)",
    f"(?:tänään|tänä yönä|nyt|huomenna) {_SOME}{_FI_DIE}", f"{_FI_DIE} {_SOME}(?:tänään|tänä yönä|nyt|huomenna)",
    f"(?:otin|söin|nielin) {_SOME}(?:lääkkee\\w{{0,6}}|pillerit|tabletit|yliannostu\\w{{0,8}})",
    "(?:jäähyväiskirje|itsemurhakirje|itsemurhaviesti)\\w{0,6}", "hyvästi kaikki", "(?:seison|olen) sillalla",
    "aion (?:tappaa itseni|kuolla|tehdä itsemurhan|lopettaa (?:kaiken|tämän))",
)  # fmt: skip
_WISH = (
    f"(?:want|wanting|wanted|like|wish|tempted|thinking|thought|think|hope|love) (?:to|of|about|i would|i could) "
    f"(?:just )?{_DIE}", "kill(?:ed|ing|s)? (?:my ?self|me please)", "(?:end|ending|take|taking|took) my (?:own )?life",
    "ending (?:it all|things|it)", "hang(?:ing)? myself", "suicidal(?:ly)?", "suicide", "kms", "unalive",
    "(?:do|did) not (?:want|wish|deserve) to (?:live|be alive|exist|wake up|be here)(?: any ?more)?",
    "wish i (?:was|were|had been|would be|could be|had) (?:dead|never (?:been )?born|died|gone|not here)",
    "better off (?:dead|without me|if i)", "(?:world|everyone|family|they) (?:is |are |would be )?better without me",
    f"(?:no|not any|any|a) (?:reason|point) {_SOME}(?:to live|living|to go on|being alive|in living)",
    "(?:tired|sick) of (?:living|life|being alive|existing)", "rather be dead", "ready to (?:die|go|end)",
    "(?:cannot|can not) (?:go on|do this any ?more|live (?:like this|any ?more)|take (?:it|this) any ?more)",
    "tried to (?:die|end it|kill|hang|overdose)", "(?:my|a|another|first|last|second) (?:suicide )?attempt",
    "(?:cut|cutting|hurt|hurting|harm|harming|burn|burning) (?:my ?self|my (?:arms?|wrists?|legs?|thighs?))",
    "self ?harm\\w{0,4}", "want (?:it|this|everything|the pain|all of it) to (?:end|stop|be over)",
    "(?:haluan|haluaisin|tahdon|toivon) (?:vain )?(?:kuolla|kuolevani|kuolemaa|pois täältä)",
    "tap(?:an|paa|paisin) itse(?:ni|äni)", "itsemurha\\w{0,8}", "itsetuho\\w{0,10}", "viiltel\\w{0,8}", "viillellyt",
    "en (?:halua|jaksa|tahdo) (?:enää )?(?:elää|olla olemassa|herätä)", "olisinpa kuollut",
    "parempi (?:jos|ilman) min\\w",
    "ei ole (?:mitään )?syytä elää", "satutan itseäni", "satuttaa itseäni", "lopettaa (?:elämäni|päiväni)",
)  # fmt: skip
_HINT = (
    "hopeless(?:ness)?", "worthless", "no way out", "no hope", "giv(?:e|ing|en) up", "a burden", "trapped",
    "cannot cope", "unbearable", "nobody (?:would|will) (?:care|miss|notice)", "no one (?:would|will) (?:care|miss)",
    "hate (?:my ?self|my life|being alive)", "die", "dying", "death", "dead", "no (?:future|purpose)", "pointless",
    "alone", "disappear", "relapsed?", "cannot stop crying", "breaking down", "panic attacks?", "toivoton\\w{0,4}",
    "arvoton", "taakka", "en jaksa", "luovutan", "kuolema\\w{0,4}",
)  # fmt: skip
_GRADES: tuple[tuple[Code, float, float, tuple[str, ...]], ...] = (
    ("crisis_now", 1.0, 0.2, _NOW), ("crisis", 1.0, 0.2, _WISH), ("crisis", 0.15, 0.0, _HINT),
)  # fmt: skip
"""Code, weight of each pattern, and its weight where it is denied or said of somebody else."""
_FOUND = tuple(
    (code, weight, denied, tuple(re.compile(rf"\b(?:{one})\b") for one in patterns))
    for code, weight, denied, patterns in _GRADES
)
_ANY = tuple(re.compile(rf"\b(?:{'|'.join(patterns)})\b") for _, _, _, patterns in _GRADES)
_NOT = re.compile(
    r"\b(?:not|never|no longer|without|stopped|nor|isnt|am safe|en|ei|enkä|in no way|neither)(?: \w{1,20}){0,3} $"
)
_OTHER = re.compile(
    r"\b(?:he|she|they|his|her|their|him|them|who|someone|somebody|people|you|your|my (?:\w{1,20} )?(?:friend|mother|"
    r"mom|mum|father|dad|brother|sister|son|daughter|husband|wife|partner|boyfriend|girlfriend|cousin|uncle|aunt|ex)|"
    r"hän|hänen|ystäväni|äitini|isäni|veljeni|siskoni|poikani|tyttäreni)\b"
)
_SELF = re.compile(r"\b(?:i|me|my(?! \w)|myself|minä|mä|itseni|itseäni)\b")


def crisis(text: str) -> list[Hit]:
    """Return what a text has of crisis: a hit for each kind of words, however often they are there."""
    found: dict[tuple[Code, int], Hit] = {}
    for sentence in sentences(text):
        for grade, (code, weight, denied, patterns) in enumerate(_FOUND):
            if not _ANY[grade].search(sentence):
                continue
            for n, pattern in enumerate(patterns):
                match = pattern.search(sentence)
                if match is None:
                    continue
                weighs = denied if _is_no_cry(sentence[: match.start()], match.group()) else weight
                hit = Hit("crisis" if weighs < 1 else code, weighs)
                held = found.get((code, n + 100 * grade))
                if held is None or held.weight < weighs:
                    found[code, n + 100 * grade] = hit
    return [hit for hit in found.values() if hit.weight]


def _is_no_cry(before: str, what: str) -> bool:
    """Whether the words before a match deny it, or tell of somebody else, as far as that is simple to see."""
    if _NOT.search(before):
        return True
    return _OTHER.search(before) is not None and not _SELF.search(f"{before} {what}")
