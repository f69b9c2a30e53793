"""Questions to a chair, and what its ACK, its NAK, a stop or a dead link make of them."""

import pytest

from devices.drivers.chair_answers import Answers, Question
from devices.errors import PortLost
from devices.interlocks import Refusal


async def test_an_ack_is_obeyed_at_once_and_only_once_however_often_it_was_asked():
    answers, obeyed = Answers(), []
    question = Question(lambda: obeyed.append("yes"))
    for sequence in (1, 2, 3):
        answers.waits(sequence, question)
    answers.take(2, None)
    assert obeyed == ["yes"]
    answers.take(1, None)
    answers.take(3, Refusal.STOPPED)
    assert obeyed == ["yes"]
    assert question.answer.result() is None


async def test_a_nak_is_an_answer_but_not_to_one_who_insists():
    answers = Answers()
    meek, insistent = Question(), Question(insistent=True)
    answers.waits(1, meek)
    answers.waits(2, insistent)
    answers.take(1, Refusal.SEAT_EMPTY)
    answers.take(2, Refusal.NOT_FITTED)
    assert meek.answer.result() is Refusal.SEAT_EMPTY
    assert not insistent.answer.done()
    answers.take(2, None)
    assert insistent.answer.result() is None


async def test_an_answer_to_a_question_that_was_given_up_means_nothing():
    answers, obeyed = Answers(), []
    question = Question(lambda: obeyed.append("yes"))
    answers.waits(1, question)
    answers.drop(question)
    answers.take(1, None)
    answers.take(77, None)
    assert obeyed == []


async def test_a_stop_takes_all_others_with_it():
    answers, obeyed = Answers(), []
    other, stop = Question(lambda: obeyed.append("moved")), Question()
    answers.waits(1, other)
    answers.waits(2, stop)
    answers.refuse(Refusal.STOPPED, but=stop)
    answers.take(1, None)
    assert other.answer.result() is Refusal.STOPPED
    assert (obeyed, stop.answer.done()) == ([], False)


async def test_nobody_waits_for_a_dead_link():
    answers, question = Answers(), Question()
    answers.waits(1, question)
    answers.fail(PortLost("port", "chair-1"))
    with pytest.raises(PortLost):
        await question.answer
