"""Partial answers never give a band; order does not matter; what cannot be answered is one clear error."""

import random

import pytest

from care.instruments.loading import shipped
from care.instruments.model import AnswersError
from care.instruments.scoring import feedback, score

INSTRUMENTS = shipped()


def asked(instrument):
    return [item for item in instrument.items if item.kind != "function"]


@pytest.fixture(params=sorted(INSTRUMENTS))
def instrument(request):
    return INSTRUMENTS[request.param]


def opened(instrument, chance):
    """Random answers to everything, with the gate open."""
    answers = {item.id: chance.choice(item.values) for item in asked(instrument)}
    return answers | ({instrument.gate: instrument.opens} if instrument.gate else {})


def test_whatever_is_missing_there_is_no_value_and_no_band(instrument):
    chance = random.Random(instrument.key)
    for item in asked(instrument):
        answers = opened(instrument, chance)
        del answers[item.id]
        found = score(instrument, answers)
        assert not found.complete
        assert item.id in found.missing
        assert (found.values, found.bands, found.band, found.positive) == ({}, {}, "", [])


def test_order_of_answers_does_not_matter(instrument):
    chance = random.Random(instrument.key)
    for _ in range(30):
        answers = opened(instrument, chance)
        assert score(instrument, dict(reversed(answers.items()))) == score(instrument, answers)


def test_no_answers_are_missing_all_of_them(instrument):
    missing = score(instrument, {}).missing
    assert missing == ([instrument.gate] if instrument.gate else [item.id for item in asked(instrument)])


def test_an_unknown_item_is_an_error(instrument):
    with pytest.raises(AnswersError, match=rf"^{instrument.key}: there is no item '{instrument.key}\.999'$"):
        score(instrument, {f"{instrument.key}.999": 1})


@pytest.mark.parametrize("beyond", ["below", "above"])
def test_a_value_that_no_option_has_is_an_error(instrument, beyond):
    for item in instrument.items:
        value = item.values[0] - 1 if beyond == "below" else item.values[-1] + 1
        with pytest.raises(AnswersError, match=f"^{instrument.key}: {item.id} cannot be {value}, but "):
            score(instrument, {item.id: value})


def test_how_hard_life_is_changes_no_score():
    phq9 = INSTRUMENTS["phq9"]
    answers = {item.id: 1 for item in asked(phq9)}
    assert score(phq9, answers | {"phq9.function": 3}) == score(phq9, answers)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_residents_read_words_and_never_a_number_or_a_name_of_an_illness(instrument, language):
    chance = random.Random(instrument.key)
    for _ in range(200):
        words = feedback(instrument, score(instrument, opened(instrument, chance)), language)
        text = words.normal + words.meaning
        assert words.normal
        assert words.meaning
        assert not any(sign.isdigit() for sign in text)
        assert not any(word in text.lower() for word in ("抑郁", "焦虑症", "depress", "disorder", "！", "!", "分数"))


def test_a_form_that_is_not_finished_is_answered_kindly(instrument):
    words = feedback(instrument, score(instrument, {}), "zh")
    assert words.normal == "没有做完也没关系，想停就可以停。"
    assert words.step == "rest"
