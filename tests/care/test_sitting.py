"""One person at one questionnaire: forward, back, and what is asked after a gate."""

import pytest

from care.instruments.loading import shipped
from care.instruments.model import AnswersError
from care.instruments.scoring import score
from care.sitting import Sitting

PHQ9 = shipped()["phq9"]


def through(sitting, values):
    for value in values:
        sitting = sitting.answer(value).forward()
    return sitting


def test_answering_stays_until_forward():
    sitting = Sitting(PHQ9).answer(2)
    assert (sitting.item.id, sitting.chosen) == ("phq9.1", 2)
    assert sitting.forward().item.id == "phq9.2"


def test_nobody_goes_on_without_an_answer():
    assert Sitting(PHQ9).forward().item.id == "phq9.1"


def test_back_keeps_the_answer_and_lets_it_be_changed():
    sitting = through(Sitting(PHQ9), [1, 3]).back()
    assert (sitting.item.id, sitting.chosen) == ("phq9.2", 3)
    assert sitting.answer(0).given == {"phq9.1": 1, "phq9.2": 0}
    assert Sitting(PHQ9).back().position == 0


def test_nine_times_not_at_all_is_the_end():
    sitting = through(Sitting(PHQ9), [0] * 9)
    assert sitting.item is None
    assert sitting.complete


def test_how_hard_life_is_comes_last_and_only_after_a_difficulty():
    sitting = through(Sitting(PHQ9), [0] * 8 + [1])
    assert sitting.item.id == "phq9.function"
    assert sitting.complete
    assert through(sitting, [2]).given["phq9.function"] == 2


def test_progress_counts_what_is_asked():
    assert Sitting(PHQ9).progress == (1, 9)
    assert Sitting(PHQ9).answer(1).progress == (1, 10)


@pytest.mark.parametrize("value", [-1, 4])
def test_an_option_that_is_not_there_cannot_be_chosen(value):
    with pytest.raises(AnswersError, match=f"phq9: phq9.1 cannot be {value}"):
        Sitting(PHQ9).answer(value)


def test_after_the_end_nothing_can_be_chosen():
    with pytest.raises(AnswersError, match="the end"):
        through(Sitting(PHQ9), [0] * 9).answer(0)


TERRIBLE = shipped()["pcptsd5"]


def test_a_closed_gate_ends_it():
    sitting = through(Sitting(TERRIBLE), [0])
    assert sitting.item is None
    assert sitting.complete
    assert sitting.given == {"pcptsd5.gate": 0}
    assert score(TERRIBLE, sitting.given).band == "below"


def test_an_open_gate_asks_the_rest():
    sitting = Sitting(TERRIBLE)
    assert sitting.progress == (1, 6)
    sitting = through(sitting, [1, 1, 1, 1])
    assert (sitting.item.id, sitting.progress) == ("pcptsd5.4", (5, 6))
    assert not sitting.complete


def test_a_gate_that_is_closed_afterwards_takes_back_what_stands_behind_it():
    sitting = through(Sitting(TERRIBLE), [1, 1, 1])
    while sitting.position:
        sitting = sitting.back()
    sitting = sitting.answer(0)
    assert sitting.given == {"pcptsd5.gate": 0}
    assert sitting.answer(1).given == {"pcptsd5.gate": 1, "pcptsd5.1": 1, "pcptsd5.2": 1}


@pytest.mark.parametrize("key", sorted(shipped()))
def test_whoever_goes_through_any_questionnaire_comes_to_a_complete_score(key):
    instrument = shipped()[key]
    sitting = Sitting(instrument)
    while sitting.item:
        sitting = sitting.answer(sitting.item.values[-1]).forward()
    assert sitting.complete
    assert score(instrument, sitting.given).complete
