"""Touches that miss every target: the nearest is taken when it is clear, and never help instead of anything else."""

import pytest

from kiosk.reach import APART, REACH, meant
from kiosk.theme import UNIT_MM

A, B = (100.0, 100.0, 200.0, 72.0), (312.0, 100.0, 200.0, 72.0)


@pytest.mark.parametrize(("x", "y"), [(90.0, 130.0), (313.0, 130.0), (150.0, 90.0), (150.0, 185.0), (308.0, 178.0)])
def test_up_to_four_millimetres_beside_a_target_it_is_meant(x, y):
    assert meant(x, y, [(A, False)]) == 0


@pytest.mark.parametrize(("x", "y"), [(84.0, 130.0), (150.0, 84.0), (316.0, 130.0), (312.0, 184.0)])
def test_farther_away_nothing_is_meant(x, y):
    assert meant(x, y, [(A, False)]) is None


def test_four_millimetres_are_counted_on_the_screen():
    assert pytest.approx(4.0) == REACH * UNIT_MM


def test_between_two_that_are_about_equally_far_nobody_can_tell():
    gap = [(A, False), ((100.0, 186.0, 200.0, 72.0), False)]
    assert meant(150.0, 179.0, gap) is None
    assert meant(150.0, 174.0, gap) == 0
    assert meant(150.0, 184.0, gap) == 1


def test_a_finger_lands_to_the_right_of_what_it_meant():
    middle = 306.0
    assert meant(middle, 130.0, [(A, False), (B, False)]) is None
    assert meant(middle - 1.0, 130.0, [(A, False), (B, False)]) == 0
    assert meant(middle + 1.0, 130.0, [(A, False), (B, False)]) is None


def test_a_miss_never_decides_between_help_and_anything_else():
    for far in (4.0, 12.0, 20.0):
        other = (300.0 + far + REACH, 100.0, 200.0, 72.0)
        near_help, near_other = 302.0, other[0] - 2.0
        boxes = [(A, True), (other, False)]
        apart = other[0] - near_help > APART
        assert meant(near_help, 130.0, boxes) == (0 if apart else None)
        assert meant(near_other, 130.0, boxes) == (1 if apart else None)


def test_help_alone_is_helped_too():
    assert meant(95.0, 130.0, [(A, True), ((600.0, 100.0, 200.0, 72.0), False)]) == 0


def test_without_targets_nothing_is_meant():
    assert meant(1.0, 1.0, []) is None
