"""Exercises in timed steps: where one stands is a function of time alone, and the shipped ones are gentle."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.exercises import Exercise, ExerciseError, Step, at, available, load, parse

SHIPPED = [load(key) for key in available()]
MUSCLES = load("muscles")

exercises = st.lists(st.floats(3, 120), min_size=2, max_size=20).map(
    lambda times: Exercise("made", 1, "", "", "", "", [Step(seconds, "一", "one") for seconds in times])
)


@given(exercises, st.floats(0, 3000))
def test_a_position_is_inside_its_step_or_at_the_end(exercise, elapsed_s):
    index, left_s = at(exercise, elapsed_s)
    step = exercise.steps[index]
    if elapsed_s >= exercise.seconds:
        assert (index, left_s) == (len(exercise.steps) - 1, 0.0)
    else:
        assert 0 < left_s <= step.seconds
        before = sum(each.seconds for each in exercise.steps[:index])
        assert before + step.seconds - left_s == pytest.approx(elapsed_s, abs=1e-6)


@given(exercises, st.lists(st.floats(0, 3000), min_size=2))
def test_an_exercise_never_goes_back(exercise, times):
    places = [at(exercise, elapsed_s)[0] for elapsed_s in sorted(times)]
    assert places == sorted(places)


def test_an_exercise_begins_with_its_first_step_even_before_it_begins():
    assert at(MUSCLES, -2.0) == (0, MUSCLES.steps[0].seconds)


def test_keys_name_their_files():
    assert [exercise.key for exercise in SHIPPED] == list(available())


def test_muscle_relaxation_takes_six_minutes_and_lets_go_longer_than_it_holds():
    assert 330 <= MUSCLES.seconds <= 390
    for before, after in zip(MUSCLES.steps, MUSCLES.steps[1:], strict=False):
        if before.act == "tense":
            assert before.seconds == 5
            assert (after.act, after.part) == ("release", before.part)
            assert 10 <= after.seconds <= 15
    tensed = [step.part for step in MUSCLES.steps if step.act == "tense"]
    assert tensed == [part for part in ("hands", "arms", "face", "shoulders", "belly", "legs") for _ in range(2)]


@pytest.mark.parametrize("exercise", SHIPPED, ids=lambda exercise: exercise.key)
def test_a_sentence_can_be_read_while_it_stands(exercise):
    for step in exercise.steps:
        assert len(step.zh) / step.seconds <= 4, step.zh  # characters a second, slowly
        assert len(step.en.split()) / step.seconds <= 2.5, step.en
        assert not re.search("你|憋住|屏住|用力", step.zh)
        assert not re.search(r"[\u4e00-\u9fff]", step.en)


STEP = '[[steps]]\nseconds = {seconds}\nzh = "{zh}"\nen = "one"\n{more}\n'
HEAD = 'key = "made"\nversion = 1\ntitle_zh = ""\ntitle_en = ""\nabout_zh = ""\nabout_en = ""\n'


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"seconds": 1}, "made.toml: Expected `float` >= 3.0 - at `$.steps[1].seconds`"),
        ({"zh": "松开！"}, "made.toml: step 2: no exclamation marks"),
        ({"more": 'act = "tense"'}, "made.toml: step 2: a step with an act names a part"),
        ({"more": 'part = "tail"'}, "made.toml: Invalid enum value 'tail' - at `$.steps[1].part`"),
    ],
)
def test_an_error_names_the_file_and_the_step(step, problem):
    good = STEP.format(seconds=5, zh="一", more="")
    with pytest.raises(ExerciseError) as caught:
        parse(HEAD + good + STEP.format(**{"seconds": 5, "zh": "一", "more": "", **step}), "made.toml")
    assert str(caught.value) == problem


def test_an_exercise_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ExerciseError, match="no exercise 'yoga'; there are: body-scan, eyes-neck, muscles, senses"):
        load("yoga")
