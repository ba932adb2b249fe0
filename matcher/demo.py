"""Demo data: six trained peers with profiles, and what somebody might ask. Invented; no real person wrote it.

Profiles are kept without vectors, as anybody's are: a matcher process encodes them when it comes to them.
"""

from chat import people
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import NicknameTaken
from chat.store import Store
from matcher import peers, profiles
from matcher.facets import Facet, Name
from matcher.tokens import Tokens

LANGUAGE = "en"

PEERS: tuple[tuple[str, str, tuple[tuple[Name, str], ...], tuple[str, ...]], ...] = (
    (
        "Demo Peer Birch",
        "I drank every evening for eleven years and hid the bottles from my children. Four years sober now. The "
        "first months I counted hours, and somebody answered me at night. I know the shame, and that it passes.",
        (("topic", "addiction"), ("role", "self"), ("side", "not_affected"), ("status", "long_recovered"),
         ("kind", "emotional")),
        ("en", "fi"),
    ),
    (
        "Demo Peer Heron",
        "My mother had dementia and I looked after her at home until the end. I know the nights when she wandered, "
        "the guilt about being tired, and the quarrels with the office about a place to rest. I miss her. I sleep.",
        (("topic", "caring"), ("topic", "dementia"), ("role", "carer"), ("side", "not_affected"),
         ("status", "in_recovery"), ("kind", "practical"), ("kind", "emotional")),
        ("en", "fi", "sv"),
    ),
    (
        "Demo Peer Juniper",
        "My brother took his own life when I was thirty. For two years I could not say his name. I learned to live "
        "beside it: anniversaries, what one says to people who ask, the anger that nobody warns you of.",
        (("topic", "bereavement"), ("topic", "suicide_loss"), ("role", "bereaved"), ("side", "not_affected"),
         ("status", "in_recovery"), ("kind", "emotional"), ("kind", "company")),
        ("en",),
    ),
    (
        "Demo Peer Rowan",
        "I left a husband who hit me, with two small children and one bag. Courts, a shelter, starting over in a flat "
        "with three chairs. I was afraid for years, and I am not any more.",
        (("topic", "violence"), ("role", "self"), ("side", "harmed"), ("status", "long_recovered"),
         ("kind", "emotional"), ("kind", "informational")),
        ("en", "fi"),
    ),
    (
        "Demo Peer Willow",
        "Panic attacks kept me at home for most of a year; a shop was too far. I learned step by step to stand in a "
        "queue again. Some days are still narrow. I worked too much before, and did not notice that I was not well.",
        (("topic", "anxiety"), ("topic", "burnout"), ("role", "self"), ("side", "not_affected"),
         ("status", "in_recovery"), ("kind", "emotional"), ("kind", "practical")),
        ("en", "fi"),
    ),
    (
        "Demo Peer Lark",
        "Depression came after our second child was born. Nobody saw it, because I smiled. It took medicine, time "
        "and one honest friend. I know grey mornings, and how hard it is to ask.",
        (("topic", "depression"), ("topic", "parenting"), ("role", "self"), ("side", "not_affected"),
         ("status", "long_recovered"), ("kind", "emotional"), ("kind", "company")),
        ("en", "sv"),
    ),
)  # fmt: skip
"""Nickname, text, facets (all of them shown), languages they read."""

REQUESTS: tuple[tuple[str, tuple[tuple[Name, str], ...]], ...] = (
    ("I stopped drinking three weeks ago and the evenings are unbearable. I want to talk to one who got through.",
     (("topic", "addiction"), ("role", "self"), ("status", "struggling"))),
    ("Dad does not know me any more, he is up all night, and I am so tired that I cry in the car.",
     (("topic", "dementia"), ("role", "carer"))),
    ("I cannot go into a shop without my heart racing. I have not told anybody at work.",
     (("topic", "anxiety"), ("role", "self"), ("status", "struggling"))),
)  # fmt: skip
"""What somebody might ask: to be typed in when trying things, and for benches."""


async def fill(store: Store, keys: Keys) -> list[PersonId]:
    """Add the six peers, open for two people each, and return them. Those whose nickname is taken are there already."""
    made, tokens = [], Tokens(keys.derive("tokens"))
    for nickname, text, facets, languages in PEERS:
        try:
            person = await people.make(store, keys, nickname, LANGUAGE, roles=("peer",))
        except NicknameTaken:
            continue
        shown = (Facet(name, value, "shown") for name, value in facets)
        sealed = profiles.seal(await keys.get(person, "own"), tokens, person, profiles.compose(text, "matching", shown))
        async with store.transaction() as tx:
            await profiles.save(tx, person, sealed, language=LANGUAGE, languages=languages)
            await peers.set_availability(tx, person, "open", 2)
        made.append(person)
    return made
