"""After one quiet minute: what is said, and when nothing is."""

import doctest

import pytest

from care import rhythm
from care.rhythm import Rhythm, after_a_minute

QUIET = {"whole": True, "beats": 66, "mean_hr_bpm": 66.0, "rmssd_ms": 40.0}


def test_the_example_holds():
    assert doctest.testmod(rhythm).failed == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, Rhythm.LIVELY),
        ({"rmssd_ms": 20.0}, Rhythm.LIVELY),
        ({"rmssd_ms": 19.9}, Rhythm.EVEN),
        ({"mean_hr_bpm": 100.0}, Rhythm.LIVELY),
        ({"mean_hr_bpm": 100.1}, Rhythm.FAST),
        ({"mean_hr_bpm": 50.0}, Rhythm.LIVELY),
        ({"mean_hr_bpm": 49.9, "rmssd_ms": 5.0}, Rhythm.SLOW),
    ],
)
def test_a_heart_that_races_or_rests_is_said_before_how_it_swings(change, said):
    assert after_a_minute(**QUIET | change) is said


@pytest.mark.parametrize(
    "change", [{"whole": False}, {"beats": 29}, {"mean_hr_bpm": None}, {"rmssd_ms": None}, {"beats": 0}]
)
def test_too_little_or_too_poor_a_minute_has_no_result(change):
    assert after_a_minute(**QUIET | change) is Rhythm.UNCLEAR
