"""The relaxation score: which way it goes, what it refuses, and how sure it is."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.baseline import MEASURES, BaselineCollector, RelaxationBaseline, RelaxationChannel
from signals.reasons import Reason
from signals.relaxation import VERSION, RelaxationState, relaxation

C = RelaxationChannel
REST = {
    C.RMSSD: [29, 31, 30, 30],
    C.HEART_RATE: [71, 73, 72, 72],
    C.SKIN_CONDUCTANCE: [5.1, 4.9, 5.0, 5.0],
    C.SCR_RATE: [4, 5, 4, 3],
    C.BREATHING_RATE: [14, 15, 14, 13],
}
SAME = {C.RMSSD: 30, C.HEART_RATE: 72, C.SKIN_CONDUCTANCE: 5, C.SCR_RATE: 4, C.BREATHING_RATE: 14}
CALM = {C.RMSSD: 40, C.HEART_RATE: 68, C.SKIN_CONDUCTANCE: 4.3, C.SCR_RATE: 1, C.BREATHING_RATE: 11}
TENSE = {C.RMSSD: 22, C.HEART_RATE: 78, C.SKIN_CONDUCTANCE: 6, C.SCR_RATE: 9, C.BREATHING_RATE: 18}


def rest(seconds=120.0, only=tuple(C), **more):
    return RelaxationBaseline.from_samples({channel: REST[channel] for channel in only}, seconds, **more)


def only(values, *channels):
    return {channel: values[channel] for channel in channels}


def width(result):
    low, high = result.interval
    return high - low


def test_nothing_changed_is_fifty():
    result = relaxation(rest(), RelaxationState(SAME))
    assert result.score == pytest.approx(50, abs=1)
    assert result.interval[0] < 50 < result.interval[1]
    assert result.quality == 1
    assert result.version == VERSION
    assert [part.used for part in result.parts] == [True] * 5


def test_calmer_is_above_and_tenser_below():
    assert relaxation(rest(), RelaxationState(CALM)).score > 85
    assert relaxation(rest(), RelaxationState(TENSE)).score < 15


@pytest.mark.parametrize("channel", list(C))
def test_each_measure_pulls_its_own_way(channel):
    calmer = relaxation(rest(), RelaxationState({**SAME, channel: CALM[channel]}))
    tenser = relaxation(rest(), RelaxationState({**SAME, channel: TENSE[channel]}))
    assert tenser.score < 50 < calmer.score
    part = next(part for part in calmer.parts if part.channel is channel)
    assert part.z > 0
    assert part.now == CALM[channel]


def test_declared_weights_sum_to_one():
    assert sum(measure.weight for measure in MEASURES.values()) == pytest.approx(1)


def test_a_very_still_baseline_does_not_explode():
    still = RelaxationBaseline.from_samples({channel: [SAME[channel]] * 60 for channel in C}, 300)
    result = relaxation(still, RelaxationState({**SAME, C.HEART_RATE: 71.5, C.SKIN_CONDUCTANCE: 4.95}))
    assert 50 < result.score < 58


def test_no_measure_can_say_more_than_three():
    result = relaxation(rest(), RelaxationState({**SAME, C.SKIN_CONDUCTANCE: 0.06, C.SCR_RATE: 0}))
    assert max(part.z for part in result.parts) == 3


@pytest.mark.parametrize("missing", list(C))
def test_a_missing_measure_widens_the_interval(missing):
    there = [channel for channel in C if channel is not missing]
    full, fewer = (relaxation(rest(), RelaxationState(v)) for v in (SAME, only(SAME, *there)))
    assert fewer.score == pytest.approx(full.score, abs=1)
    assert width(fewer) > width(full)
    assert fewer.quality < full.quality
    part = next(part for part in fewer.parts if part.channel is missing)
    assert (part.used, part.reason) == (False, Reason.NO_CHANNEL)


def test_too_little_to_compare_is_no_score():
    result = relaxation(rest(), RelaxationState(only(SAME, C.BREATHING_RATE)))
    assert (result.score, result.interval, result.quality, result.reason) == (None, None, 0, Reason.NO_CHANNEL)
    assert relaxation(rest(), RelaxationState({})).reason is Reason.NO_CHANNEL


def test_the_heart_alone_is_enough_but_wide():
    result = relaxation(rest(), RelaxationState(only(SAME, C.RMSSD, C.HEART_RATE)))
    assert result.score == pytest.approx(50, abs=1)
    assert width(result) > 80


@pytest.mark.parametrize("seconds", [0, 30, 54.9, -1, math.nan])
def test_less_than_a_minute_is_no_baseline(seconds):
    result = relaxation(rest(seconds), RelaxationState(CALM))
    assert (result.score, result.reason) == (None, Reason.NO_BASELINE)
    assert rest(seconds).reason is Reason.NO_BASELINE
    assert all(part.reason is Reason.NO_BASELINE for part in result.parts)


def test_no_baseline_at_all_is_said():
    assert relaxation(None, RelaxationState(CALM)).reason is Reason.NO_BASELINE
    empty = BaselineCollector().finish(120)
    assert relaxation(empty, RelaxationState(CALM)).reason is Reason.NO_BASELINE


def test_a_short_baseline_is_provisional_wider_and_of_less_quality():
    short, long = (relaxation(rest(seconds), RelaxationState(CALM)) for seconds in (60, 120))
    assert (short.provisional, long.provisional) == (True, False)
    assert width(short) > 1.3 * width(long)
    assert short.quality == pytest.approx(long.quality / 2)


def test_a_minute_read_every_five_seconds_counts_as_a_minute():
    assert relaxation(rest(55), RelaxationState(CALM)).score is not None
    assert not relaxation(rest(115), RelaxationState(CALM)).provisional


def test_a_longer_baseline_is_surer():
    longer = relaxation(rest(300), RelaxationState(SAME))
    assert width(longer) < width(relaxation(rest(120), RelaxationState(SAME)))


def test_paced_breathing_is_not_compared_with_free_breathing():
    free = relaxation(rest(), RelaxationState({**SAME, C.RMSSD: 90, C.BREATHING_RATE: 5.5}))
    paced = relaxation(rest(), RelaxationState({**SAME, C.RMSSD: 90, C.BREATHING_RATE: 5.5}, paced=True))
    assert free.score > 90
    assert paced.score == pytest.approx(50, abs=1)
    assert {part.channel for part in paced.parts if part.reason is Reason.PACED} == {C.RMSSD, C.BREATHING_RATE}
    assert paced.paced


def test_paced_breathing_with_only_the_heart_is_no_score():
    result = relaxation(rest(), RelaxationState(only(CALM, C.RMSSD, C.HEART_RATE, C.BREATHING_RATE), paced=True))
    assert (result.score, result.reason) == (None, Reason.PACED)


def test_a_paced_baseline_is_none():
    assert relaxation(rest(paced=True), RelaxationState(CALM)).reason is Reason.NO_BASELINE


def test_a_measure_below_the_quality_floor_is_left_out():
    noisy = {C.RMSSD: 0.3}
    result = relaxation(rest(), RelaxationState({**SAME, C.RMSSD: 200}, quality=noisy))
    assert result.score == pytest.approx(50, abs=1)
    assert result.parts[0].reason is Reason.NOISE
    everything = relaxation(rest(), RelaxationState(SAME, quality=dict.fromkeys(C, 0.4)))
    assert (everything.score, everything.reason) == (None, Reason.NOISE)


def test_quality_of_the_signal_is_quality_of_the_score():
    assert relaxation(rest(), RelaxationState(SAME, quality=dict.fromkeys(C, 0.6))).quality == pytest.approx(0.6)


def test_a_collector_leaves_out_what_is_bad():
    collector = BaselineCollector()
    for value, quality in [(70, 1.0), (72, 0.8), (190, 0.2), (math.nan, 1.0), (-5, 1.0), (71, math.nan)]:
        collector.add(C.HEART_RATE, value, quality)
    baseline = collector.finish(120)
    assert baseline.channels[C.HEART_RATE].mean == 71
    assert baseline.channels[C.HEART_RATE].count == 2
    assert baseline.quality[C.HEART_RATE] == pytest.approx(0.9)


def test_rmssd_is_compared_by_its_logarithm():
    baseline = RelaxationBaseline.from_samples({C.RMSSD: [20, 45], C.HEART_RATE: [70, 70]}, 120)
    assert baseline.channels[C.RMSSD].shown == pytest.approx(30)
    doubled, halved = (
        relaxation(baseline, RelaxationState({C.RMSSD: value, C.HEART_RATE: 70})).score for value in (33, 30**2 / 33)
    )
    assert doubled - 50 == pytest.approx(50 - halved)


numbers = st.one_of(st.floats(), st.floats(0, 100))


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(st.sampled_from(list(C)), st.lists(numbers, max_size=6)),
    st.dictionaries(st.sampled_from(list(C)), numbers),
    st.dictionaries(st.sampled_from(list(C)), numbers),
    st.one_of(st.floats(), st.floats(60, 600)),
    st.one_of(st.floats(), st.floats(10, 600)),
    st.booleans(),
)
def test_anything_at_all_gives_a_score_or_a_reason(samples, values, quality, seconds, window_s, paced):
    baseline = RelaxationBaseline.from_samples(samples, seconds, quality=quality)
    result = relaxation(baseline, RelaxationState(values, window_s, paced, quality))
    assert (result.score is None) == (result.reason is not None) == (result.interval is None)
    assert 0 <= result.quality <= 1
    if result.score is not None:
        low, high = result.interval
        assert 0 <= low <= result.score <= high <= 100
    for part in result.parts:
        assert part.z is None or -3 <= part.z <= 3
        assert part.used == (part.reason is None)
