"""Words: what is no text, what hides in one, and which names are too easily taken for another."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import words
from chat.refusals import NicknameTaken, NotWords

CONFUSABLE = [
    ("Quiet Heron", "quiet heron"), ("Quiet Heron", "QuietHeron"), ("Quiet Heron", "Quiet-Her0n"),
    ("Quiet Heron", "Quıet Heron"), ("Quiet Heron", "Qu\u200biet Heron"), ("Quiet Heron", "Ｑｕｉｅｔ Ｈｅｒｏｎ"),
    ("Marnie", "Mamie"), ("Lill", "L1ll"), ("Lill", "LiII"), ("lllia", "IIIia"), ("pocs", "росѕ"), ("Anna", "Anná"),
    ("Olav", "0lav"), ("vvilla", "willa"), ("Sara", "5ara"), ("sara", "ѕаrа"), ("rosa", "𝓻𝓸𝓼𝓪"), ("Tove", "Τove"),
    ("Straße", "Strasse"), ("cafe", "cafe\u0301"), ("clare", "dare"), ("Ben", "ВЕN"),
]  # fmt: skip
DIFFERENT = [
    "Quiet Heron",
    "Quiet Otter",
    "Gentle Heron",
    "Aino",
    "Aina",
    "Väinö",
    "Matti",
    "Иван",
    "Ольга",
    "さくら",
    "محمد",
]
OFFICES = [
    "Moderator", "moderator1", "M0derator", "Мoderator", "The Moderator", "mod", "ADMIN", "Adm1n", "admin_2",
    "Organiser",
    "staff", "Help", "He1p", "Support", "Tuki", "Ylläpito", "Yllapito", "valvoja", "Kriisi-apu", "Hearthside", "rnod",
    "Dr Support", "S u p p o r t",
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), CONFUSABLE)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert words.skeleton(one) == words.skeleton(other)


def test_names_that_differ_keep_differing() -> None:
    assert len({words.skeleton(name) for name in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("name", OFFICES)
def test_a_word_of_office_is_nobodys_name(name: str) -> None:
    with pytest.raises((NicknameTaken, NotWords)):
        words.check_nickname(name)


@pytest.mark.parametrize("name", ["Demo Moderator Alder", "Valvoja Anna"])
def test_a_word_of_office_may_be_borne_by_staff(name: str) -> None:
    assert words.check_nickname(name, office=True) == name
    with pytest.raises(NicknameTaken):
        words.check_nickname(name)


@pytest.mark.parametrize("name", [*DIFFERENT, "Modesty", "Adminda", "Ääni", "O'Neil", "Anna-Liisa 7", "Apuri", "Tukka"])
def test_an_ordinary_name_is_kept_as_it_is(name: str) -> None:
    assert words.check_nickname(f"  {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", "x", "  ", "1234", "...", "a" * 33, "two\nlines?", "semi;colon", "<b>bold</b>", "pаypal", "Αlpha",
     "tag\U000e0041", "a\u200bb", "\u3164\u3164", "z" + "\u0301" * 9, "nul\0", "half\ud800", "smile😀"],
)  # fmt: skip
def test_a_name_that_hides_mixes_or_stacks_is_refused(name: str) -> None:
    with pytest.raises((NotWords, NicknameTaken)):
        words.check_nickname(name)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\t", "\u200b\u200d", "\u3164", "\u2800", "\u00a0", "\ufeff", "\U000e0041", "a\0b", "\x1b[31mred",
     "\x07", "\ud800", "a" + "\u0301" * 9, "a" + "\u1aff" * 9, "a" + "\u0897" * 9, "\u0301",
     "a" + ("\u0301" * 8 + "\u034f") * 2, "\u200b\u0301", "\U00016fe4", "\U00013430", "\u0301" * 20_000, "\u202e\u202d",
     "\u115f\u1160",
     "\u2065", "\ufff9\ufffb", "\U000e0fff", "\ue000", "a\ufdd0", "a\uffff", "a\U0010fffe"],
)  # fmt: skip
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(NotWords):
        words.check(text)


@pytest.mark.parametrize(
    "text",
    ["hei", "🕯", "👩‍👩‍👧‍👦 ❤️", "café", "שלום", "مرحبا بكم", "नमस्ते", "สวัสดีครับ", "ทุ่งใหญ่น้ำปู๋", "\u0e19\u0e49\u0e33", "1",
     "?", "line\n\tline", "<script>", "javascript:", "Z͑ͫ̓a", "🩷 thank you", "🩷", "🫨", "🫩" * 10, "\U0001fadf",
     "\U00010d50\U00010d51"],
)  # fmt: skip
def test_a_text_of_any_language_is_kept(text: str) -> None:
    assert words.check(text) == unicodedata.normalize("NFC", text)


def test_an_older_table_of_letters_refuses_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = (0x40000, *range(0x4FFF0, 0xE0000, 0x10000), 0xF0000, 0xFFFF0, 0x10FFF0)  # of planes that hold no letter yet
    points = {*range(0x40000), *range(0xE0000, 0xF0000), *(end + at for end in ends for at in range(16))}

    def kept() -> set[int]:
        return {point for point in points if is_kept(chr(point))}

    now = kept()
    monkeypatch.setattr(words, "unicodedata", unicodedata.ucd_3_2_0)
    assert {"Mn", "Me"}.issuperset(words.unicodedata.category(chr(point)) for point in now - kept())  # then, not now
    assert {"Zs", "Zl", "Zp", "Cc", "Cs"}.isdisjoint(unicodedata.category(chr(point)) for point in now)


def is_kept(text: str) -> bool:
    try:
        return bool(words.check(text))
    except NotWords:
        return False


def test_a_name_is_kept_without_signs_that_turn_the_direction() -> None:
    assert words.check_nickname("\u202eevil") == "evil"


def test_signs_that_turn_the_direction_are_taken_out_and_line_ends_are_one() -> None:
    assert words.check("a\u202eb\u2066c\u2069\r\nd\re") == "abc\nd\ne"


def test_a_long_text_of_marks_is_judged_quickly() -> None:
    assert words.check("e\u0301" * 4000) == "é" * 4000


@given(st.text(max_size=200))
def test_a_checked_text_is_checked_already(text: str) -> None:
    try:
        once = words.check(text)
    except NotWords:
        return
    assert words.check(once) == once


@given(st.text(max_size=40))
def test_a_skeleton_of_anything_is_its_own_skeleton_under_case(text: str) -> None:
    assert words.skeleton(text) == words.skeleton(f" {text}\u200b")
    assert "\0" not in words.skeleton(text)
    words.skeleton(text).encode()


@pytest.mark.parametrize("language", ["en", "fi", "sv"])
def test_a_generated_name_may_be_taken_as_it_is(language: str) -> None:
    for first in words._FIRST.get(language, words._FIRST["en"]):
        for second in words._SECOND.get(language, words._SECOND["en"]):
            assert words.check_nickname(f"{first} {second}") == f"{first} {second}"
    assert len({words.generate_nickname(language) for _ in range(50)}) > 30


@pytest.mark.parametrize("language", ["en", "fi"])
def test_generated_names_do_not_look_like_each_other(language: str) -> None:
    names = [f"{one} {two}" for one in words._FIRST[language] for two in words._SECOND[language]]
    assert len({words.skeleton(name) for name in names}) == len(names) == 900


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_letters_come_to_the_same_by_the_short_way(text: str) -> None:
    assert words.skeleton(text) == words.skeleton(text + "\u200b"), "a sign that is not seen takes the long way"
