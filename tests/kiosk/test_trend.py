"""The way from one sitting to the next, in words: by the places of bands, whichever end of a scale is the heavier."""

import pytest

from care.instruments.loading import shipped
from gateway.counter.messages import TrendPoint
from kiosk.trend import Direction, burden, direction

PHQ9, WHO5 = shipped()["phq9"], shipped()["who5"]


def point(number, band, instrument=PHQ9, *, complete=True, version=None):
    return TrendPoint(
        f"2026-11-{number:02}", number, instrument.key, version or instrument.version, complete=complete, band=band
    )


@pytest.mark.parametrize(
    ("bands", "way"),
    [
        (("severe", "mild"), Direction.LIGHTER),
        (("minimal", "moderate"), Direction.HEAVIER),
        (("mild", "mild"), Direction.SAME),
        (("minimal", "severe", "mild"), Direction.LIGHTER),
        (("mild",), None),
        ((), None),
    ],
)
def test_the_last_two_sittings_say_the_direction(bands, way):
    assert direction(PHQ9, [point(number, band) for number, band in enumerate(bands, 1)]) is way


def test_a_scale_on_which_more_is_better_is_read_the_other_way_round():
    low, high = WHO5.scales[0].bands[0].key, WHO5.scales[0].bands[-1].key
    assert burden(WHO5, low) > burden(WHO5, high) == 0
    assert direction(WHO5, [point(1, low, WHO5), point(2, high, WHO5)]) is Direction.LIGHTER


def test_their_order_is_that_of_time():
    assert direction(PHQ9, [point(2, "mild"), point(1, "severe")]) is Direction.LIGHTER


def test_what_was_not_finished_or_is_of_another_questionnaire_or_version_does_not_count():
    others = [point(2, "", complete=False), point(3, "low", WHO5), point(4, "minimal", version=PHQ9.version + 1)]
    assert direction(PHQ9, [point(1, "severe"), *others]) is None
    assert direction(PHQ9, [point(1, "severe"), *others, point(5, "mild")]) is Direction.LIGHTER


def test_every_band_of_every_questionnaire_has_a_place():
    for instrument in shipped().values():
        for words in instrument.words:
            if words.band not in {"", "void"}:  # "": not on any scale
                assert burden(instrument, words.band) is not None, (instrument.key, words.band)
