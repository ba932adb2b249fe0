"""Cues: words that suggest what somebody left open, or did not mean when they declared it. Used to ask, never to infer.

The one idea: a cue is only ever a reason for a kind question with the person's own answer. Nothing is filtered, ranked
or kept by it, because words deceive: "I hit rock bottom" is nobody's violence. English and Finnish.

A pattern is matched against words in lower case with one space between and a full stop between sentences. It has no
unbounded repeat, so that no text, however made, takes more than a time in proportion to its length.
"""

import re
from collections.abc import Iterable

from matcher.facets import Facet, Name

KIN = (
    "(?:mother|mom|mum|dad|father|parents?|son|daughter|child|children|kids?|baby|boy|girl|brother|sister|twin|"
    "husband|wife|spouse|partner|boyfriend|girlfriend|fiancee?|ex|grandmother|grandma|gran|grandfather|grandpa|"
    "uncle|aunt|niece|nephew|cousin|step(?:mother|father|mom|mum|dad|son|daughter)|friend)"
)
_MAYBE = r"(?:\w{1,20} )?"
_SOME = r"(?:\w{1,20} ){0,2}"
"""A word, and up to two, that may stand between."""
_MY = f"(?:my|our|a|an|the) {_MAYBE}{KIN}"
_THEM = f"(?:{_MY}|him|her|them|someone|somebody|(?:other )?(?:kids|children|people|women|men|girls|boys))"
_THEY = f"(?:{_MY}|(?:a|the|my) {_MAYBE}(?:man|woman|boss|teacher|coach|priest|stranger|doctor)|he|she|they)"
_HURT = (
    "(?:hit|beat|hurt|harmed|abused|assaulted|attacked|raped|molested|choked|strangled|stabbed|threatened|punched|"
    "slapped|kicked|groped|stalked|bullied|shook|injured|neglected)"
)
_HURT_BY = "(?:abused|beaten|hit|assaulted|attacked|raped|molested|choked|strangled|stabbed|stalked|bullied|groped)"
_HURTS = "(?:hits|beats|hurts|chokes|rapes|abuses|threatens|stalks|bullies)"
_ONCE = "(?:(?:have|had|once|even|sexually|physically|often|used to|would|sometimes|always|also|nearly) ){0,2}"
_ILL = "(?:dementia|alzheimers?|cancer|parkinsons?|autism|schizophrenia|psychosis|depression|bipolar|ptsd|ocd)"
_ADDICT = "(?:addict|alcoholic|gambler|drinker|addicted)"
_FEW = r"(?:a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|\d{1,2}|many|several|some)"
_CLEAN = "(?:sober|clean|in remission|symptom free|cancer free|smoke free|recovered|off (?:drugs|alcohol|drink))"
_DAYS = "(?:days?|weeks?|months?)"

_FI_MY = "(?:vaimo|miehe|äiti|isä|poika|tyttäre|lapse|vauva|velje|sisko|puoliso|kumppani|ystävä|mummo|setä|eno|täti)ni"
_FI_THEM = (
    "(?:vaimoani|miestäni|äitiäni|isääni|poikaani|tytärtäni|lastani|lapsiani|veljeäni|siskoani|puolisoani|"
    "kumppaniani|tyttöystävääni|poikaystävääni|häntä|heitä)"
)
_FI_HURT = "(?:löi|lyö|hakkasi|hakkaa|pahoinpiteli|raiskasi|kuristi|uhkasi|potki|kiusasi)"
_FI_DAYS = r"(?:\w{1,20} (?:päivää|viikkoa|kuukautta))"
_FI_YEARS = r"(?:\w{1,20} vuotta|vuosia)"

CUES: tuple[tuple[Name, str, tuple[str, ...]], ...] = (
    ("side", "caused_harm", (
        f"i {_ONCE}{_HURT} {_THEM}", f"i {_MAYBE}(?:abuse|choke|threaten|stalk|bully) {_THEM}",
        "i (?:killed|ran over|drove into|cheated on|caused the (?:death|accident|crash))", "i was the driver",
        "harm (?:that )?i (?:did|caused)", f"(?:those|people|someone|everyone|family) (?:that |whom )?i {_HURT}",
        "i was (?:the |an? )?(?:abuser|perpetrator|abusive|violent)", "i (?:went to prison|was convicted) for",
        f"(?:löin|hakkasin|pahoinpitelin|kuristin|uhkasin|potkin|kiusasin|vahingoitin) {_FI_THEM}", f"lyön {_FI_THEM}",
        "(?:raiskasin|tapoin|ajoin päälle|olin väkivaltainen)", f"käytin {_FI_THEM} hyväksi",
    )),
    ("side", "harmed", (
        f"{_THEY} {_SOME}(?:{_HURT}|{_HURTS}) me(?! out)", "(?:abused|raped|molested) me",
        f"i (?:was|got|have been|had been|am being) {_SOME}{_HURT_BY}", "made me (?:touch|undress)", "i was a victim",
        f"(?:left|escaped|away from|fled) (?:an?|my) {_SOME}(?:violent|abusive)", "i survived (?:abuse|violence)",
        "(?:touched|forced) (?:himself on |herself on )?me", f"{_FI_HURT} minua", "käytti minua hyväksi",
        "minua (?:lyötiin|hakattiin|kiusattiin|pahoinpideltiin|hakataan|lyödään)", "minut (?:raiskattiin|hakattiin)",
    )),
    ("side", "not_affected", (
        f"i (?:have |had )?never {_SOME}(?:served|suffered|drank|drunk|gambled|used|tried|lost|experienced)",
        f"i (?:have |had |was )?never (?:been |had |was |have )?(?:an? {_SOME}|any |in |beaten|abused|hurt|hit|raped)",
        "i have no (?:problem|trouble|experience)", f"(?:others|other people|friends?) {_SOME}not (?:to )?me",
        "(?:none|nothing) of (?:this|that|the kind) (?:ever )?happened to me", "it does not (?:affect|concern) me",
        "en ole (?:itse )?koskaan", f"minulla ei ole {_MAYBE}(?:ongelmaa|kokemusta)", "ei ole tapahtunut minulle",
    )),
    ("role", "self", (
        "i (?:am|was|have been|got|had been|was just) (?:recently |just )?diagnosed", f"i am an? {_SOME}{_ADDICT}",
        f"i (?:have|live with|suffer from|am living with) {_MAYBE}{_ILL}",
        "i (?:relapsed|overdosed|self harm|attempted suicide)", "i tried to (?:kill myself|end my life|die)",
        "i (?:drink|gamble|inject|smoke) (?:every|all|too)", "i (?:drank|gambled|used) (?:every|all|too|for|in)",
        "i am (?:addicted|anorexic|bulimic|bipolar|autistic|suicidal|terminally ill)", "i (?:cut|cutting|burn) myself",
        "(?:takes? care of|cares? for|looks? after|looking after|caring for|nurses?) me", f"my own {_ADDICT}",
        f"minulla (?:on|todettiin) {_MAYBE}(?:\\w{{0,12}}syöpä|dementia|alzheimer|muistisairaus|masennus|psykoosi)",
        f"olen {_MAYBE}(?:addikti|alkoholisti|narkomaani|peluri)", "(?:hoitaa|huolehtii|huolehtivat) minu(?:a|sta)",
    )),
    ("role", "carer", (
        f"i {_MAYBE}(?:care for|look after|take care of|nurse|nursed|looked after|cared for) my {_MAYBE}{KIN}",
        f"(?:caring for|looking after|taking care of|nursing) (?:my|our) {_MAYBE}{KIN}", f"i am {_SOME}care(?:r|giver)",
        f"my {KIN}s (?:carer|caregiver)",
        f"(?:{KIN}|he|she) (?:no longer|does not) (?:knows?|recogni[sz]es?) (?:who i am|me)",
        f"(?:hoidan|hoidin|hoitanut|hoidamme) {_FI_THEM}", "omaishoitaja",
        "huolehdin (?:äidistäni|isästäni|lapsestani|pojastani|tyttärestäni|miehestäni|vaimostani)",
    )),
    ("role", "family", (
        f"my {KIN} (?:is|was|has been|became) (?:an? |in )?{_SOME}(?:{_ADDICT}|user|suicidal|jail|prison|rehab)",
        f"my {KIN} (?:drinks|uses|gambles|relapsed|overdosed|has {_MAYBE}{_ILL}|was diagnosed|self harms)",
        f"(?:parent|mother|father|wife|husband|sister|brother|child|son|daughter) of (?:an? )?{_SOME}"
        f"(?:{_ADDICT}|who (?:uses|drinks|gambles))",
        f"{_FI_MY} (?:juo|käyttää|pelaa|retkahti|sairastaa|on {_MAYBE}(?:alkoholisti|addikti|narkomaani|vankilassa))",
    )),
    ("role", "bereaved", (
        f"my {_SOME}{KIN} (?:just |recently |suddenly )?(?:died|passed|took (?:his|her|their) own|was killed|killed)",
        f"(?:lost|buried) (?:my|our|a) {_MAYBE}{KIN} (?:to|in|last|when|at|two|three|a|\\d)", "i am a widow(?:er)?",
        f"(?:my|our) {_MAYBE}{KIN}s (?:death|suicide|funeral)", "still ?born", "miscarr(?:iage|ied)",
        f"(?:since|after|when|before) (?:my|our) {KIN} (?:died|passed)", "keskenmeno", "jäin leskeksi", "olen leski",
        f"{_FI_MY} (?:kuoli|menehtyi|teki itsemurhan|tappoi itsensä)",
        "(?:hautasin|menetin) (?:lapseni|vauvani|isäni|äitini)",
    )),
    ("status", "in_crisis", (
        "(?:kill myself|end my life|end it all|be dead|i will be gone) (?:tonight|today|now)", "planning to die",
        "(?:suicidal|in crisis) (?:tonight|right now|now)",
        "i (?:want|am going|plan|intend) to (?:die|kill myself|end my life|end it)", "pills (?:are )?in front of me",
        "cannot (?:go on|take it|survive|be safe|make it)",
        "(?:took|taken|swallowed) (?:an overdose|all (?:of )?(?:my|the) pills)",
        "do not want to (?:live|wake up|exist)", "tapan itseni", "haluan kuolla", "en jaksa enää elää",
        f"en selviä {_MAYBE}(?:yöstä|huomiseen)",
    )),
    ("status", "struggling", (
        "i (?:cannot|am not able to|am unable to|could not) (?:even )?(?:stop|quit|sleep|cope|get out of bed|leave)",
        f"(?:relaps(?:ed|ing)|(?:drinking|using|gambling) again|back to {_MAYBE}(?:drinking|using|gambling))",
        "(?:panic attacks?|nightmares|flashbacks|i (?:cry|drink|cut|purge|binge)) (?:every|each|all) (?:day|night)",
        "(?:every|each) (?:day|night|morning|evening) i (?:promise|cry|drink|wake)", "i am barely",
        f"i am {_MAYBE}(?:exhausted|desperate|struggling|drowning|falling apart)", "i still (?:have|get) nightmares",
        "retkahdin", "en (?:pysty|osaa) lopettaa", "en pysty lopettamaan", "en saa unta", "olen uupunut", "itken joka",
    )),
    ("status", "in_recovery", (
        f"i am {_SOME}(?:recovering|in recovery|healing|getting better|on the mend)", f"{_FEW} {_DAYS} {_CLEAN}",
        f"(?:sober|clean) (?:for|since) {_SOME}{_DAYS}", "(?:toipumassa|toivun|kuntoudun)", f"raittiina {_FI_DAYS}",
        f"{_FI_DAYS} raittiina", "newly sober", "i no longer (?:drink|gamble|use|cut|smoke)",
        f"first {_MAYBE}{_DAYS} (?:sober|clean|without)",
    )),
    ("status", "long_recovered", (
        f"(?:am|been|now) {_MAYBE}{_FEW} (?:years?|decades?) {_CLEAN}", f"been {_CLEAN} for {_SOME}(?:years|decades?)",
        f"{_FEW} (?:years|decades?) (?:ago )?(?:since|after) (?:my|the) last", "decade (?:sober|clean|since my last)",
        f"(?:sober|clean) (?:for|since) {_SOME}(?:years|decades?|(?:19|20)\\d\\d)", f"{_FEW} years (?:sober|clean) now",
        "years behind me", "i (?:am|have) (?:long |fully )?recovered", f"been well for {_SOME}years",
        f"(?:raittiina|kuivilla|toipuneena) {_FI_YEARS}", f"{_FI_YEARS} (?:raittiina|kuivilla)",
    )),
)  # fmt: skip
"""Facet, value, patterns, in the order in which they are asked about: what could hurt most first."""

_FOUND = tuple((name, value, re.compile(rf"\b(?:{'|'.join(patterns)})\b")) for name, value, patterns in CUES)
_WHOLE = {
    "im": "i am", "ive": "i have", "cant": "cannot", "dont": "do not", "doesnt": "does not", "didnt": "did not",
    "couldnt": "could not", "hes": "he is", "shes": "she is",
}  # fmt: skip
"""How what is said short is written out; apostrophes are dropped first, as many people do."""


def suggested(text: str) -> list[tuple[Name, str]]:
    """Return the values of protecting facets that a text has cues for, in the order of CUES."""
    words = _words(text)
    return [(name, value) for name, value, pattern in _FOUND if pattern.search(words)]


def contradicted(text: str, facets: Iterable[Facet]) -> tuple[Name, str] | None:
    """Return a value to ask about, because the text has a cue for it and something else was declared in its place.

    A text tells of more than one time and person: of role and status nothing is asked where what was declared has a
    cue of its own. Of the side it is asked all the same; who was harmed may have harmed.
    """
    held = {(one.name, one.value) for one in facets}
    cued = suggested(text)
    borne_out = {name for name, value in held.intersection(cued) if name != "side"}
    doubted = {name for name, _ in held} - borne_out
    return next((one for one in cued if one not in held and one[0] in doubted), None)


def missing(text: str, facets: Iterable[Facet]) -> tuple[Name, str] | None:
    """Return a value to ask about, because the text has a cue for it and nothing was declared of that facet."""
    names = {one.name for one in facets}
    return next((one for one in suggested(text) if one[0] not in names), None)


def _words(text: str) -> str:
    """Words in lower case, short forms written out; a full stop where a pattern may not reach across."""
    sentences = re.split(r"[.!?\n;:]", re.sub(r"['’]", "", text.lower()))
    return " . ".join(" ".join(_WHOLE.get(one, one) for one in re.findall(r"\w+", words)) for words in sentences)
