"""Contact details as people spell them past a list of words, inside otherwise ordinary texts: made up, none is real."""

import random
from collections.abc import Callable, Sequence

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FINNISH = ("nolla", "yksi", "kaksi", "kolme", "neljä", "viisi", "kuusi", "seitsemän", "kahdeksan", "yhdeksän")
NAMES = ("quietheron", "maple_otter", "birch.lark", "rainyfinch", "amberhare")
PICTURES = ("🍎", "✨", "💛", "🐢")
ORDINARY = (
    "I could not sleep again and the days run together.", "My sister says I should see somebody about it.",
    "Work is too much and in 2019 it was the same.", "It helps to hear that others know this.",
    "I took 20 mg this morning and feel a bit better.", "We lost him in March, three years ago now.",
    "Do you ever feel like nobody gets it?", "The kids are at school until 3 pm so I have some quiet.",
    "I walked for 45 minutes and it did me good.", "Some days I just signal that I am fine and go on.",
)  # fmt: skip


def _digits(chance: random.Random) -> str:
    return "0" + chance.choice("45") + "".join(chance.choice("0123456789") for _ in range(8))


def _spaced(chance: random.Random) -> str:
    return chance.choice((" ", "-", ".", " - ", "")).join(_digits(chance)[n : n + 2] for n in range(0, 10, 2))


def _spelled(chance: random.Random) -> str:
    words = chance.choice((WORDS, FINNISH))
    return chance.choice((" ", ", ", "-")).join(words[int(one)] for one in _digits(chance))


def _mixed(chance: random.Random) -> str:
    return " ".join(WORDS[int(one)] if chance.random() < 0.5 else one for one in _digits(chance))


def _pictured(chance: random.Random) -> str:
    return chance.choice(PICTURES).join(_digits(chance)[n : n + 2] for n in range(0, 10, 2))


def _split(chance: random.Random) -> str:
    filler = chance.choice(("then", "and", "x", "oh"))
    return f" {filler} ".join(_digits(chance)[n : n + 3] for n in range(0, 10, 3))


def _alike(chance: random.Random) -> str:
    return _digits(chance).translate(str.maketrans("015", chance.choice(("OlS", "oIs"))))


def _styled(chance: random.Random) -> str:
    first = chance.choice((0xFF10, 0x1D7CE, 0x1D7D8))
    return "".join(chr(first + int(one)) for one in _digits(chance))


def _backwards(chance: random.Random) -> str:
    return f"read it backwards {'. '.join(_digits(chance))}"


def _mail(chance: random.Random) -> str:
    at, dot = chance.choice((("@", "."), (" at ", " dot "), ("(at)", "(dot)"), (" @ ", ".")))
    return f"{chance.choice(NAMES).replace('.', dot)}{at}gmail{dot}com"


def _handle(chance: random.Random) -> str:
    how = ("find me as {} on insta", "snap: {}", "im {} on discord", "{} is my kik", "ig {}", "@{}", "s n a p {}",
           "the yellow ghost app, {}", "same name on the blue bird, {}", "tele gram {}")  # fmt: skip
    return chance.choice(how).format(chance.choice(NAMES))


def _asked(chance: random.Random) -> str:
    return chance.choice((
        "can I get your number?", "whats your snap", "do you have whatsapp", "lets move this to telegram",
        "text me later ok",
        "drop your insta", "what is your full name and where do you live", "give me something to reach you on",
    ))  # fmt: skip


def _linked(chance: random.Random) -> str:
    name = chance.choice(NAMES)
    return chance.choice(
        (f"https://t.me/{name}", f"t . me / {name}", f"discord.gg/{name}", f"{name} dot com", f"wa.me/{name}")
    )


WAYS: tuple[Callable[[random.Random], str], ...] = (
    _spaced, _spelled, _mixed, _pictured, _split, _alike, _styled, _backwards, _mail, _handle, _asked, _linked,
)  # fmt: skip


def disguised(ordinary: Sequence[str], count: int, seed: int = 1) -> list[str]:
    """Return texts with a contact detail somewhere in each, every way in turn."""
    chance, made = random.Random(seed), []
    for n in range(count):
        text, detail = chance.choice(ordinary), WAYS[n % len(WAYS)](chance)
        cut = chance.choice((0, len(text)))
        made.append(f"{text[:cut]} {detail} {text[cut:]}".strip())
    return made
