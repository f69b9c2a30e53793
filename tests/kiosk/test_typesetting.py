"""Line breaking without a screen: one unit of width per character."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from kiosk import typesetting
from kiosk.typesetting import NOT_FIRST, NOT_LAST, break_lines, pieces

chinese = st.text(alphabet="您好今天想做点什么呼吸慢ab12 ，。？（）“”、", min_size=1, max_size=60)


def test_the_examples_of_the_module_hold():
    assert doctest.testmod(typesetting).failed == 0


def test_a_question_mark_never_begins_a_line():
    assert all(line[0] != "？" for line in break_lines("今天想做什么？", 6.0, len))


def test_an_opening_bracket_never_ends_a_line():
    assert all(line[-1] not in NOT_LAST for line in break_lines("按一下（暂停）椅子就停下来了", 4.0, len))


def test_a_number_stays_with_its_unit():
    assert "18 小" in pieces("每天至少 18 小时")


def test_words_of_latin_letters_are_not_torn():
    lines = break_lines("Breathe with the circle", 12.0, len)
    assert " ".join(lines) == "Breathe with the circle"
    assert all(word in {"Breathe", "with", "the", "circle"} for line in lines for word in line.split())


def test_two_lines_break_where_one_would_pause():
    assert break_lines("找到您的心跳了，马上开始", 9.0, len) == ["找到您的心跳了，", "马上开始"]


def test_a_meant_break_stays():
    assert break_lines("一\n二", 10.0, len) == ["一", "二"]


@given(chinese, st.integers(4, 30))
def test_nothing_is_lost_or_added_but_spaces(text, width):
    assert "".join(break_lines(text, float(width), len)).replace(" ", "") == text.replace(" ", "")


@given(chinese, st.integers(4, 30))
def test_no_line_is_wider_than_it_may_be(text, width):
    assert all(len(line) <= width for line in break_lines(text, float(width), len))


@given(
    st.lists(st.sampled_from(["您", "好呼吸", "椅子停", "一"]), min_size=2, max_size=20), st.integers(6, 20), st.data()
)
def test_no_line_begins_with_a_closing_mark(words, width, data):
    text = "".join(word + data.draw(st.sampled_from(["，", "。", "？", ""])) for word in words)
    assert all(line[0] not in NOT_FIRST for line in break_lines(text, float(width), len))
