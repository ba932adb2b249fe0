"""What a person is asked before anybody is asked for them: asked, never inferred."""

from matcher.noise import FEW, SPREAD
from tests.circle import Circle
from tests.test_matching import encoded


async def test_what_words_contradict_is_asked_before_anybody_is_asked_for_them(circle: Circle) -> None:
    peer, seeker = await circle.peer("a shelter", ("side", "harmed")), await circle.seeker()
    await circle.ask(seeker, "I hit my wife and she has left", ("side", "harmed"))
    matching = await encoded(circle)
    await matching.beat()
    assert (await circle.request(seeker)).question == "side"
    assert await circle.standing(peer) == []
    await matching.beat()
    assert await circle.standing(peer) == [], "it waits a while for the answer"
    await circle.answer(seeker, "side", None)
    await matching.beat()
    assert (await circle.request(seeker)).question == ""
    assert len(await circle.standing(peer)) == 1, "whoever leaves it open is heard"


async def test_who_answers_meets_only_whom_the_answer_allows(circle: Circle) -> None:
    for _ in range(FEW + SPREAD):  # enough of them that what is asked tells of nobody
        await circle.available(await circle.peer("I ran", ("status", "struggling")), "away")
    trap, right = await circle.peer("I drank", ("status", "struggling")), await circle.peer("I fell")
    seeker = await circle.seeker()
    await circle.ask(seeker, "I drank", ("side", "not_affected"), questions=True)
    matching = await encoded(circle)
    await matching.beat()
    assert (await circle.request(seeker)).question == "status", "of what is open, this would remove one"
    await circle.answer(seeker, "status", "in_crisis")
    await matching.beat()
    assert await circle.standing(trap) == []
    assert len(await circle.standing(right)) == 1


async def test_a_question_nobody_answers_holds_a_request_up_only_once(circle: Circle) -> None:
    peer, seeker = await circle.peer("I drank", ("status", "struggling")), await circle.seeker()
    await circle.ask(seeker, "I drank", questions=True)
    matching = await encoded(circle)
    await matching.beat()
    assert await circle.standing(peer) == []
    await circle.look_again()
    await matching.beat()
    assert len(await circle.standing(peer)) == 1
