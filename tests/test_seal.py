"""Sealing: words open with their own key in their own place, and nowhere else; the key file is its owner's alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.seal import KEY_BYTES, MAC_BYTES, NONCE_BYTES, DataKey, Keyring, SealBroken, about
from tests.words import CANARY, words

KEY, OTHER = DataKey(b"k" * KEY_BYTES, 1), DataKey(b"o" * KEY_BYTES, 1)
HERE = ("entries", 5, 7, "say-id-0001", 1)


def test_words_open_in_their_own_place_only() -> None:
    text = words()
    sealed = KEY.seal(text, about(*HERE))
    assert KEY.open(sealed, about(*HERE)) == text
    elsewhere = [
        ("profiles", 5, 7, "say-id-0001", 1), ("entries", 6, 7, "say-id-0001", 1), ("entries", 5, 8, "say-id-0001", 1),
        ("entries", 5, 7, "say-id-0002", 1), ("entries", 5, 7, "say-id-0001", 2),
    ]  # fmt: skip
    for place in elsewhere:
        with pytest.raises(SealBroken):
            KEY.open(sealed, about(*place))
    with pytest.raises(SealBroken):
        OTHER.open(sealed, about(*HERE))


@given(one=st.tuples(*[st.integers(0, 2**63 - 1)] * 2), other=st.tuples(*[st.integers(0, 2**63 - 1)] * 2))
def test_no_two_places_look_the_same(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (about("entries", *one, "s", 1) == about("entries", *other, "s", 1)) is (one == other)


def test_no_byte_can_be_altered_and_none_left_out() -> None:
    sealed = KEY.seal(words(), b"place")
    for at in range(len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        for broken in (altered, sealed[:at]):
            with pytest.raises(SealBroken):
                KEY.open(broken, b"place")


def test_the_same_words_look_different_each_time_and_tell_nothing() -> None:
    text = words()
    seen = {KEY.seal(text, b"place") for _ in range(50)}
    assert len({one[:NONCE_BYTES] for one in seen}) == 50
    assert not any(CANARY.encode() in one for one in seen)
    assert "kkkk" not in repr(KEY)


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_repeated_say_is_known_by_its_text_under_its_own_key(one: str, other: str) -> None:
    assert (KEY.mac(one) == KEY.mac(other)) is (one == other)
    assert len(KEY.mac(one)) == MAC_BYTES
    assert KEY.mac(one) != OTHER.mac(one)


def test_the_key_file_is_made_for_its_owner_alone_and_is_refused_when_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "master.keys"
    first = Keyring.load(path).derive("test")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["master.keys"], "nothing of its making is left"
    assert Keyring.load(path).derive("test") == first
    for mode in (0o640, 0o604, 0o660, 0o610):
        path.chmod(mode)
        with pytest.raises(ValueError, match="can be read by others"):
            Keyring.load(path)


@pytest.mark.parametrize("text", ["", "1", "1 abc", "1 zz", "one " + "ab" * 32, "1 " + "ab" * 31, "1 " + "ab" * 33])
def test_a_key_file_that_holds_something_else_is_told_by_its_name_and_not_by_what_it_holds(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "master.keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ValueError) as told:
        Keyring.load(path)
    assert str(path) in str(told.value)
    assert "abab" not in str(told.value)


def test_keys_of_the_servers_own_differ_by_purpose_and_survive_a_new_master_key() -> None:
    old, both = Keyring({1: b"a" * KEY_BYTES}), Keyring({2: b"b" * KEY_BYTES, 1: b"a" * KEY_BYTES})
    assert old.derive("audit") == both.derive("audit") != both.derive("forms")
    assert both.wrap(b"c" * KEY_BYTES, b"")[0] == 2
