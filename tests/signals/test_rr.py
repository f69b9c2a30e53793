"""Correction of RR series: what is clean stays, what is wrong is found and put right, whatever comes in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rr_series import breathing, made, settling, spoil
from signals.rr import Label, LabelledRR, LiveCorrector, correct_rr

NSR004 = np.loadtxt(Path(__file__).parents[1] / "data" / "rr" / "nsr004_300s_rr_ms.txt")
CLEAN = {"nsr004": NSR004, **made(1), **settling(1)}
ANYTHING = st.lists(
    st.one_of(st.floats(), st.floats(200, 2500), st.sampled_from([0.0, -1.0, float("nan"), float("inf"), 5e-324])),
    max_size=60,
)


def rmssd(nn):
    return float(np.sqrt(np.mean(np.diff(nn) ** 2)))


def live(rr):
    corrector = LiveCorrector()
    return [one for value in rr for one in corrector.push(float(value))] + corrector.flush()


def live_nn(rr):
    return np.array([nn for one in live(rr) for nn in one.nn_ms])


def median_error(correct, rr, kind, share):
    errors = []
    for seed in range(9):
        spoilt = spoil(rr, kind, share, np.random.default_rng(seed))
        errors.append(abs(rmssd(correct(spoilt)) / rmssd(rr) - 1) * 100)
    return float(np.median(errors))


def batch_nn(rr):
    return correct_rr(rr).nn_ms


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_series_comes_back_unchanged(name):
    corrected = correct_rr(CLEAN[name])
    np.testing.assert_array_equal(corrected.nn_ms, CLEAN[name])
    assert corrected.corrected_share == 0
    np.testing.assert_allclose(corrected.nn_times_ms, np.cumsum(CLEAN[name]))


@pytest.mark.parametrize("name", CLEAN)
def test_live_leaves_a_clean_series_alone(name):
    assert {one.label for one in live(CLEAN[name])} == {Label.NORMAL}


@pytest.mark.parametrize("correct", [batch_nn, live_nn])
@pytest.mark.parametrize("share", [0.01, 0.03])
@pytest.mark.parametrize(("kind", "most"), [("missed", 2), ("extra", 2), ("misaligned", 8)])
@pytest.mark.parametrize("name", ["nsr004", "rest, 8 ms steps", "old", "paced 6/min, very regular"])
def test_rmssd_survives_errors(name, kind, most, share, correct):
    assert median_error(correct, CLEAN[name], kind, share) <= most


def test_a_missed_beat_becomes_two_intervals_of_the_same_sum():
    rr = NSR004.copy()
    joined = np.concatenate([rr[:50], [rr[50] + rr[51]], rr[52:]])
    corrected = correct_rr(joined)
    assert corrected.labels[50] is Label.MISSED
    assert corrected.nn_ms[50:52].sum() == pytest.approx(rr[50] + rr[51])
    assert len(corrected.nn_ms) == len(rr)
    assert corrected.nn_times_ms[51] == pytest.approx(rr[:52].sum())


def test_three_missed_beats_become_four_intervals():
    joined = np.concatenate([NSR004[:50], [NSR004[50:54].sum()], NSR004[54:]])
    assert len(correct_rr(joined).nn_ms) == len(NSR004)


def test_a_long_hole_is_not_filled():
    joined = np.concatenate([NSR004[:50], [NSR004[50:60].sum()], NSR004[60:]])
    corrected = correct_rr(joined)
    assert corrected.labels[50] is Label.LONG
    assert len(corrected.nn_ms) == len(joined) - 1


@pytest.mark.parametrize("part", [0.2, 0.35, 0.5, 0.65, 0.8])
def test_the_pieces_of_an_extra_beat_are_joined(part):
    cut = np.concatenate([NSR004[:50], [part * NSR004[50], (1 - part) * NSR004[50]], NSR004[51:]])
    corrected = correct_rr(cut)
    assert corrected.labels[50:52] == (Label.EXTRA, Label.EXTRA)
    np.testing.assert_allclose(corrected.nn_ms, NSR004)
    one, two = live(cut)[50:52]
    assert (one.nn_ms, two.nn_ms) == ((), (pytest.approx(NSR004[50]),))


@pytest.mark.parametrize("shift", [-250, -110, 110, 250])
def test_a_misplaced_beat_goes_back_and_time_stays(shift):
    rr = NSR004.copy()
    rr[50:52] += (shift, -shift)
    corrected = correct_rr(rr)
    assert corrected.labels[50:52] == (Label.ECTOPIC, Label.ECTOPIC)
    assert corrected.nn_ms[50:52].sum() == pytest.approx(NSR004[50:52].sum())
    np.testing.assert_allclose(corrected.nn_ms[50:52], NSR004[50:52], atol=40)


def test_errors_side_by_side_are_told_apart():
    rr = NSR004.copy()
    spoilt = [*rr[:50], rr[50] + rr[51], 0.4 * rr[52], 0.6 * rr[52], *rr[53:]]
    assert correct_rr(spoilt).labels[50:53] == (Label.MISSED, Label.EXTRA, Label.EXTRA)


def test_one_error_in_a_deep_slow_wave_changes_nothing_around_it():
    rr = made(3)["paced 4.5/min, large"]
    spoilt = np.concatenate([rr[:60], [rr[60] + rr[61]], rr[62:]])
    corrected = correct_rr(spoilt)
    assert [k for k, label in enumerate(corrected.labels) if label is not Label.NORMAL] == [60]


def test_every_interval_is_released_once_in_order_within_two_beats():
    corrector = LiveCorrector()
    seen: list[LabelledRR] = []
    for k, value in enumerate(NSR004):
        seen += corrector.push(value)
        assert len(seen) >= k - 1
    seen += corrector.flush()
    assert [one.index for one in seen] == list(range(len(NSR004)))
    assert [one.rr_ms for one in seen] == NSR004.tolist()


def test_after_a_gap_nothing_is_compared_with_what_was_before_it():
    corrector = LiveCorrector()
    for value in [900.0, 910.0] * 30:
        corrector.push(value)
    released = corrector.flush()
    corrector.gap()
    after = [one for value in [700.0, 705.0] * 10 for one in corrector.push(value)] + corrector.flush()
    assert {one.label for one in released + after} == {Label.NORMAL}


def test_a_gap_without_a_flush_loses_no_interval():
    corrector = LiveCorrector()
    first = corrector.push(800.0) + corrector.push(810.0)
    corrector.gap()
    rest = corrector.push(790.0) + corrector.flush()
    assert [one.index for one in first + rest] == [0, 1, 2]


def test_history_survives_a_gap():
    corrector = LiveCorrector()
    for value in [900.0, 910.0] * 30:
        corrector.push(value)
    corrector.flush()
    corrector.gap()
    after = [one for value in (1810.0, 900.0, 910.0) for one in corrector.push(value)] + corrector.flush()
    assert [one.label for one in after] == [Label.MISSED, Label.NORMAL, Label.NORMAL]


def test_what_is_no_interval_is_a_hole():
    rr = NSR004.copy()
    rr[[40, 80, 120]] = float("nan"), -5.0, 0.0
    corrected = correct_rr(rr)
    assert len(corrected.nn_ms) == len(rr) - 3
    assert [corrected.labels[k] for k in (40, 80, 120)] == [Label.LONG, Label.SHORT, Label.SHORT]
    assert live(rr)[40].nn_ms == ()


@pytest.mark.parametrize("rr", [[], [800.0], [800.0, 810.0], [float("nan")], [800.0] * 3])
def test_very_short_series_are_defined(rr):
    corrected = correct_rr(rr)
    assert len(corrected.labels) == len(rr)
    assert len(corrected.nn_ms) == len(corrected.nn_times_ms) == np.isfinite(rr).sum()


@settings(deadline=None)
@given(ANYTHING)
def test_anything_is_answered_for_every_interval(rr):
    corrected = correct_rr(rr)
    assert len(corrected.labels) == len(rr)
    assert np.isfinite(corrected.nn_ms).all()
    assert (corrected.nn_ms > 0).all()
    assert len(corrected.nn_times_ms) == len(corrected.nn_ms)
    assert 0 <= corrected.corrected_share <= 1


@settings(deadline=None)
@given(ANYTHING, st.sets(st.integers(0, 60)))
def test_live_answers_anything_once_and_in_order(rr, gaps):
    corrector = LiveCorrector()
    seen: list[LabelledRR] = []
    for k, value in enumerate(rr):
        if k in gaps:
            corrector.gap()
        seen += corrector.push(value)
    seen += corrector.flush()
    assert [one.index for one in seen] == list(range(len(rr)))
    assert all(nn > 0 and np.isfinite(nn) for one in seen for nn in one.nn_ms)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000), st.floats(500, 1200), st.floats(0, 150), st.floats(4, 12), st.sampled_from([0.0, 1.0, 8.0])
)
def test_paced_breathing_is_never_an_error(seed, mean_ms, swing_ms, per_min, step_ms):
    rng = np.random.default_rng(seed)
    swing = min(swing_ms, 0.2 * mean_ms)
    rr = breathing(
        rng,
        mean_ms=mean_ms,
        swing_ms=swing,
        per_min=per_min,
        jitter=0,
        slow_ms=0,
        white_ms=2,
        pink_ms=4,
        step_ms=step_ms,
    )
    np.testing.assert_array_equal(correct_rr(rr).nn_ms, rr)
