"""Programmes are data: every file loads, and a mistake is named with its file and field."""

import pytest

from care import programme as programmes
from care.programme import ProgrammeError, SegmentKind


def test_every_programme_loads_and_ends():
    assert "resonance" in programmes.available()
    for key in programmes.available():
        assert programmes.load(key).key == key


def test_resonance_is_check_baseline_paced_recovery():
    segments = programmes.load("resonance").segment
    assert [segment.kind for segment in segments] == list(SegmentKind)
    assert segments[1].seconds == 60
    assert segments[2].breaths_per_min == 6
    assert segments[2].chair.with_breath == {"back"}


def test_the_rhythm_check_is_a_check_and_one_quiet_minute_in_which_nothing_moves():
    programme = programmes.load("rhythm_check")
    assert [segment.kind for segment in programme.segment] == [SegmentKind.SENSOR_CHECK, SegmentKind.BASELINE]
    assert programme.segment[1].seconds == 60
    assert not programme.moves
    assert programmes.load("resonance").moves


@pytest.mark.parametrize(
    ("scene", "moves"),
    [
        ({"light_percent": 40, "volume_percent": 20, "massage_level": 0, "heat_level": 0}, False),
        ({"recline_deg": 110}, True),
        ({"leg_rest_deg": 0}, True),
        ({"massage_level": 1}, True),
        ({"heat_level": 1}, True),
        ({"with_breath": frozenset({programmes.BreathPart.BACK})}, True),
    ],
)
def test_light_and_sound_move_nobody(scene, moves):
    assert programmes.ChairScene(**scene).moves is moves


def test_unknown_programme_names_those_that_are_there():
    with pytest.raises(ProgrammeError, match=r"no programme 'yoga'; there are: resonance"):
        programmes.load("yoga")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seconds = 60", "seconds = -1"), "seconds"),
        (('kind = "baseline"', 'kind = "nap"'), "kind"),
        (("breaths_per_min = 6.0", "breaths_per_min = 40"), "breaths_per_min"),
        (("breaths_per_min = 6.0\n", ""), "a paced segment has breaths_per_min"),
        (('until = "signal"\n', 'until = "someday"\n'), "until"),
        (("good_s = 5", "goods = 5"), "goods"),
        (("[[segment]]", "[[segment"), "mine.toml"),
    ],
)
def test_mistake_is_named_with_file_and_field(change, message):
    text = programmes.available()["resonance"].read_text("utf-8")
    with pytest.raises(ProgrammeError, match=r"mine\.toml") as caught:
        programmes.parse(text.replace(*change, 1), "mine.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
