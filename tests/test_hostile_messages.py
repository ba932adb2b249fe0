"""Bad messages: each is refused with its code, or closes its connection, and nobody else notices."""

import json
from collections.abc import Awaitable, Iterator

import msgspec
import pytest

from chat import rooms
from chat.codec import decode_frame
from chat.protocol import AnyFrame, Done, Entries, Entry, Expired, Joined, Refused, Say
from chat.staff_commands import Mute
from tests.hostile import Scene, open_server, scene
from tests.raw import TEXT, Raw, frame, raw
from tests.town import Town
from tests.words import words


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One process for all of them."""
    with open_server(tmp_path_factory.mktemp("hostile")) as one:
        yield one


NOT_JSON: dict[str, bytes] = {
    "empty": b"", "blank": b"  ", "two documents": b'{"t":"ping","ref":7}{"t":"ping","ref":7}',
    "a byte order mark": b'\xef\xbb\xbf{"t":"ping"}', "a tail": b'{"t":"ping"} x', "half": b'{"t":"ping"',
    "depth in a field": b'{"t":"ping","x":' + b"[" * 15_000,
    "depth that ends": b'{"t":"ping","x":' + b"[" * 8000 + b"]" * 8000 + b"}",
    "NaN": b'{"t":"ping","ref":NaN}', "infinity": b'{"t":"ping","ref":Infinity}', "a leading zero": b'{"ref":07}',
    "half a surrogate pair": b'{"t":"say","ref":7,"room":1,"say_id":"abcdefgh","text":"\\ud800"}',
    "a raw control character": b'{"t":"say","ref":7,"room":1,"say_id":"abcdefgh","text":"a\x00b"}',
    "single quotes": b"{'t':'ping'}", "a comment": b'{"t":"ping"/* */}', "a comma too many": b'{"t":"ping",}',
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_JSON)
async def test_what_is_not_json_closes_its_connection(town: Town, case: str) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(frame(TEXT, NOT_JSON[case]))
        assert await one.close_code() == 1007


async def test_utf_16_closes_its_connection(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(frame(TEXT, '{"t":"ping","ref":7}'.encode("utf-16")))
        assert await one.close_code() == 1007


def say(text: object, **other: object) -> str:
    """A say, spoiled by `other`; ROOM stands for the room's id."""
    return json.dumps({"t": "say", "ref": 7, "room": "ROOM", "say_id": "abcdefgh", "text": text} | other)


REFUSED: dict[str, tuple[str, str]] = {
    "depth": ("[" * 16_000, "malformed"),
    "null": ("null", "malformed"), "a list": ("[]", "malformed"), "a number": ("1", "malformed"),
    "a text": ('"say"', "malformed"), "nothing in it": ("{}", "malformed"),
    "an unknown tag": ('{"t":"obey","ref":7}', "malformed"), "a tag that is no text": ('{"t":7,"ref":7}', "malformed"),
    "a server's tag": ('{"t":"welcome","ref":7}', "malformed"), "a tag in capitals": ('{"t":"PING"}', "malformed"),
    "a field left out": ('{"t":"say","ref":7,"room":1}', "malformed"),
    "true for an int": ('{"t":"join","ref":7,"room":true}', "malformed"),
    "a float for an int": ('{"t":"join","ref":7,"room":1.5}', "malformed"),
    "a text for an int": ('{"t":"join","ref":7,"room":"1"}', "malformed"),
    "-1": ('{"t":"join","ref":7,"room":-1}', "malformed"), "0": ('{"t":"join","ref":7,"room":0}', "malformed"),
    "2**63": ('{"t":"join","ref":7,"room":9223372036854775808}', "malformed"),
    "2**53": ('{"t":"join","ref":7,"room":9007199254740992}', "malformed"),
    "1e400": ('{"t":"join","ref":7,"room":1e400}', "malformed"),
    "5,000 digits": ('{"t":"join","ref":7,"room":%s}' % ("9" * 5000), "malformed"),
    "a ref of 2**31": ('{"t":"ping","ref":2147483648}', "malformed"),
    "a ref of -1": ('{"t":"ping","ref":-1}', "malformed"),
    "after -1": ('{"t":"join","ref":7,"room":ROOM,"after":-1}', "malformed"),
    "after 2**63": ('{"t":"join","ref":7,"room":ROOM,"after":9223372036854775808}', "malformed"),
    "an epoch of 65": ('{"t":"join","ref":7,"room":ROOM,"epoch":"%s"}' % ("e" * 65), "malformed"),
    "a seq of 0": ('{"t":"retract","ref":7,"room":ROOM,"seq":0}', "malformed"),
    "an unknown mark": ('{"t":"react","ref":7,"room":ROOM,"seq":1,"mark":"<b>"}', "malformed"),
    "a window of 21": ('{"t":"report","ref":7,"room":ROOM,"seq":1,"window":21}', "malformed"),
    "a rule with blanks": ('{"t":"mute","ref":7,"person":1,"minutes":1,"rule":"a b","reason":""}', "malformed"),
    "a thousand years": ('{"t":"mute","ref":7,"person":1,"minutes":600000000,"rule":"a","reason":""}', "malformed"),
    "no text": (say(""), "malformed"), "4,001 characters": (say("a" * 4001), "malformed"),
    "a short say_id": (say("a", say_id="abc"), "malformed"),
    "a say_id of signs": (say("a", say_id="a/../../b"), "malformed"),
    "a say_id with a line end": (say("a", say_id="abcdefgh\n"), "malformed"),
    "a say_id of 37": (say("a", say_id="a" * 37), "malformed"),
    "text as a list": (say(["a"]), "malformed"),
    "NUL": (say("a\x00b"), "not_words"),
    "ANSI colours": (say("\x1b[31mred"), "not_words"),
    "a bell": (say("\x07"), "not_words"),
    "blanks": (say(" \t\n "), "not_words"),
    "blanks that are not seen": (say("\u200b\u2060\ufeff\u00ad"), "not_words"),
    "blank look-alikes": (say("\u2800\u3164\uffa0"), "not_words"),
    "tag characters": (say("\U000e0041\U000e0042"), "not_words"),
    "a tower of marks": (say("a" + "\u0301" * 2000), "not_words"),
    "nine marks": (say("a" + "\u0301" * 9), "not_words"),
    "only overrides": (say("\u202e\u202d\u2066"), "not_words"),
    "an unassigned sign": (say("\U000effff"), "not_words"),
    "a reply to what is not there": (say("a", reply_to=999), "not_a_member"),
    "a room that is not": (say("a", room=2**53 - 1), "not_joined"),
    "another's room": ('{"t":"join","ref":7,"room":1}', "not_a_member"),
    "retracting another's": ('{"t":"retract","ref":7,"room":ROOM,"seq":1}', "not_a_member"),
    "a report of nothing": ('{"t":"report","ref":7,"room":ROOM}', "malformed"),
    "a report of what is not there": ('{"t":"report","ref":7,"room":ROOM,"seq":99999}', "not_a_member"),
    "reading ahead": ('{"t":"read","ref":7,"room":9007199254740991,"seq":9007199254740991}', "not_joined"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_no_command_or_no_words_is_refused_and_the_connection_lives(town: Town, case: str) -> None:
    message, code = REFUSED[case]
    async with scene(town) as it, raw(it.port) as one:
        await come_in_and_join(one, it)
        message = message.replace('"ROOM"', str(it.room)).replace("ROOM", str(it.room))
        await one.send(frame(TEXT, message.encode("utf-8", "surrogatepass")))
        answer = msgspec.json.decode(await one.next_text())
        assert (answer["t"], answer["code"]) == ("refused", code)
        assert answer["ref"] in ((7,) if '"ref": 7' in message or '"ref":7' in message else (0,))
        await one.send(frame(TEXT, b'{"t":"ping","ref":8}'))
        assert await one.next_text() == b'{"t":"done","ref":8}'


HARMLESS: dict[str, str] = {
    "duplicate keys": '{"t":"ping","ref":1,"ref":7}', "duplicate tags": '{"t":"ping","t":"ping","ref":7}',
    "__proto__": '{"t":"ping","ref":7,"__proto__":{"roles":["organiser"]},"constructor":1}',
    "unknown fields": '{"t":"ping","ref":7,"person":1,"you":{"roles":["moderator"]}}',
    "1,000 keys": json.dumps({"t": "ping", "ref": 7} | {f"k{n}": 0 for n in range(1000)}),
    "blanks around": ' \n\t{"t" : "ping" , "ref" : 7 } \n', "escapes": '{"\\u0074":"p\\u0069ng","ref":7}',
}  # fmt: skip


@pytest.mark.parametrize("case", HARMLESS)
async def test_what_is_odd_and_harmless_is_understood(town: Town, case: str) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(frame(TEXT, HARMLESS[case].encode()))
        assert await one.next_text() == b'{"t":"done","ref":7}'


KEPT: dict[str, tuple[str, str]] = {
    "HTML": ("<script>alert(1)</script><img src=x onerror=alert(1)>",) * 2,
    "a link of script": ("javascript:alert(1)",) * 2, "SQL": ("'; drop table entries; --",) * 2,
    "a template": ("{{7*7}} ${7*7} %s %n {0}",) * 2, "line ends": ("a\r\nb\rc\nd", "a\nb\nc\nd"),
    "overrides": ("a\u202eb\u202cc\u2066d\u2069", "abcd"), "decomposed": ("e\u0301", "\xe9"),
    "a family": ("\U0001f469\u200d\U0001f469\u200d\U0001f467",) * 2, "a keycap": ("1\ufe0f\u20e3",) * 2,
    "Arabic": ("مرحبا",) * 2,
    "4,000 characters": ("ä" * 4000,) * 2,
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
async def test_what_people_may_write_is_kept_as_written_and_shown_to_others(town: Town, case: str) -> None:
    text, shown = KEPT[case]
    async with scene(town) as it, town.client(it.place, it.hostile, 0) as one:
        await one.join(it.room)
        said = await one.say(it.room, text)
        assert isinstance(said, Entry) and said.text == shown
        (_, other) = it.bystanders
        await other.until(lambda: other.texts(it.room)[-1:] == [shown])


async def test_one_say_id_with_other_words_or_in_another_room_is_refused(town: Town) -> None:
    async with scene(town) as it, town.client(it.place, it.hostile, 0) as one:
        elsewhere = await it.place.room(it.hostile)
        await one.join(it.room)
        await one.join(elsewhere)
        text = words()
        assert isinstance(await one.say(it.room, text, "same-say-id"), Entry)
        again = await one.ask(Say(room=it.room, say_id="same-say-id", text=text))
        assert isinstance(again, Done)
        for room, other in ((it.room, words()), (elsewhere, text)):
            answer = await one.ask(Say(room=room, say_id="same-say-id", text=other))
            assert isinstance(answer, Refused) and answer.code == "say_id_conflict"


async def test_an_after_of_the_future_or_of_another_room_is_told_to_start_afresh(town: Town) -> None:
    async with scene(town) as it, town.client(it.place, it.hostile, 0) as one:
        for after in (99_999, 2**53 - 1):
            assert isinstance(await one.join(it.room, after=after), Expired)
        assert isinstance(await one.join(it.room, after=1), Joined)


async def test_nothing_is_said_before_joining_after_leaving_or_when_muted(town: Town) -> None:
    async with scene(town) as it, town.client(it.place, it.hostile, 0) as one:
        moderator = await it.place.person("moderator")
        async with town.client(it.place, moderator, 0) as boss:
            assert await code(one.say(it.room, words())) == "not_joined"
            await one.join(it.room)
            answer = await boss.ask(Mute(person=it.hostile, minutes=1, rule="kindness", reason=words()))
            assert isinstance(answer, Done)
            assert await code(one.say(it.room, words())) == "muted"
            async with it.place.store.transaction() as tx:
                await rooms.leave(tx, it.room, it.hostile)
            assert await code(one.say(it.room, words())) in ("not_a_member", "not_joined")


async def code(answering: Awaitable[AnyFrame | Entry]) -> str:
    """The code of a refusal, when it is one."""
    answer = await answering
    return answer.code if isinstance(answer, Refused) else type(answer).__name__


async def test_moderators_mute_neither_themselves_nor_each_other(town: Town) -> None:
    async with scene(town) as it:
        one, two = await it.place.person("moderator"), await it.place.person("moderator")
        async with town.client(it.place, one, 0) as boss:
            for person, wanted in ((one, "not_a_member"), (two, "not_allowed")):
                mute = Mute(person=person, minutes=1, rule="kindness", reason=".")
                assert await code(boss.ask(mute)) == wanted


async def test_a_storm_of_joins_is_answered_each_and_the_last_one_brings_everything_once(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        joins = [b'{"t":"join","ref":%d,"room":%d,"after":0}' % (ref, it.room) for ref in range(1, 101)]
        await one.send(b"".join(frame(TEXT, join) for join in joins))
        answered: list[int] = []
        seqs: list[int] = []
        while len(answered) < 100 or len(seqs) < 3:
            message = decode_frame(await one.next_text())
            if isinstance(message, Joined):
                answered.append(message.ref)
                seqs.clear()
            elif isinstance(message, Entries):
                seqs += [entry.seq for entry in message.entries]
        assert answered == list(range(1, 101))
        assert seqs == [1, 2, 3]


async def come_in_and_join(one: Raw, it: Scene) -> None:
    """Shake hands and join the room."""
    await one.come_in(it.token)
    await one.send(frame(TEXT, b'{"t":"join","ref":1,"room":%d}' % it.room))
    assert (await one.next_text()).startswith(b'{"t":"joined"')
