"""HRV right now: the same numbers as batch, nothing across a gap, the same memory after hours."""

import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rr_series import breathing, spoil
from signals.coherence import coherence
from signals.hrv import hrv
from signals.live import LiveHRV
from signals.reasons import Reason
from signals.rr import Label, LabelledRR, LiveCorrector

NSR004 = np.loadtxt(Path(__file__).parents[1] / "data" / "rr" / "nsr004_300s_rr_ms.txt")


def normal(index, rr):
    return LabelledRR(index, float(rr), Label.NORMAL, (float(rr),))


def fed(rr, live=None, start_s=0.0):
    live = live or LiveHRV()
    times = start_s + np.cumsum(rr) / 1000
    for k, (value, at) in enumerate(zip(rr, times, strict=True)):
        live.push(at, normal(k, value))
    return live, float(times[-1])


def corrected(rr, live=None):
    live, corrector, times = live or LiveHRV(), LiveCorrector(), np.cumsum(rr) / 1000
    for value in rr:
        for one in corrector.push(value):
            live.push(times[one.index], one)
    for one in corrector.flush():
        live.push(times[one.index], one)
    return live, float(times[-1])


def test_a_clean_window_equals_batch():
    live, now = fed(NSR004)
    window, batch = live.read(now, 300), hrv(NSR004)
    assert window.rmssd_ms == pytest.approx(batch.rmssd_ms)
    assert window.sdnn_ms == pytest.approx(batch.sdnn_ms)
    assert window.pnn50_percent == pytest.approx(batch.pnn50_percent)
    assert window.mean_hr_bpm == pytest.approx(batch.mean_hr_bpm)
    assert window.ln_rmssd == pytest.approx(math.log(batch.rmssd_ms))
    assert (window.n_beats, window.accepted_share, window.reason) == (len(NSR004), 1.0, None)


@pytest.mark.parametrize("window_s", [30, 60, 120])
def test_a_window_holds_the_newest_seconds_only(window_s):
    live, now = fed(NSR004)
    times = np.cumsum(NSR004) / 1000
    newest = NSR004[times > now - window_s]
    window = live.read(now, window_s)
    assert window.n_beats == len(newest)
    first = int(np.flatnonzero(times > now - window_s)[0])
    diffs = np.diff(NSR004[first - 1 :])
    assert window.rmssd_ms == pytest.approx(math.sqrt(np.mean(diffs**2)))


@pytest.mark.parametrize(("kind", "most"), [("missed", 3), ("extra", 3), ("misaligned", 5)])
def test_errors_hardly_move_the_numbers(kind, most):
    errors_rate, errors_rmssd = [], []
    for seed in range(7):
        live, now = corrected(spoil(NSR004, kind, 0.02, np.random.default_rng(seed)))
        window = live.read(now, 300)
        errors_rate.append(abs(window.mean_hr_bpm / hrv(NSR004).mean_hr_bpm - 1) * 100)
        errors_rmssd.append(abs(window.rmssd_ms / hrv(NSR004).rmssd_ms - 1) * 100)
        assert window.accepted_share < 1
    assert max(errors_rate) < 0.5
    assert np.median(errors_rmssd) <= most


def test_nothing_is_measured_across_a_gap():
    live, now = fed([800.0, 810.0] * 40)
    live.gap(now + 4)
    live, now = fed([1200.0, 1210.0] * 40, live, now + 4)
    assert live.read(now, 120).rmssd_ms == pytest.approx(10)


def test_a_gap_that_leaves_too_little_is_named():
    live, now = fed([800.0, 810.0] * 100)
    live.gap(now + 20)
    live, now = fed([800.0, 810.0] * 12, live, now + 20)
    window = live.read(now, 60)
    assert (window.rmssd_ms, window.reason) == (None, Reason.GAP)
    assert window.mean_hr_bpm == pytest.approx(60000 / 805)


def test_a_hole_that_was_not_filled_is_a_gap():
    live, now = fed(NSR004[:80])
    live.push(now + 12, LabelledRR(80, 12_000.0, Label.LONG, ()))
    live, now = fed(NSR004[80:120], live, now + 12)
    window = live.read(now, 120)
    assert window.mean_hr_bpm == pytest.approx(60000 / NSR004[:120].mean(), rel=0.02)
    assert live.coherence(now).reason is Reason.GAP


def test_before_there_is_enough_the_reason_is_time():
    live, now = fed(NSR004[:20])
    assert live.read(now, 60).reason is Reason.TOO_SHORT
    assert live.read(now, 60).mean_hr_bpm is not None
    assert LiveHRV().read(0.0, 30).reason is Reason.TOO_SHORT
    assert live.coherence(now).reason is Reason.TOO_SHORT


def test_many_corrected_beats_leave_no_variability():
    live = LiveHRV()
    for k in range(200):
        label = Label.ECTOPIC if k % 4 < 2 else Label.NORMAL
        live.push(0.8 * (k + 1), LabelledRR(k, 800.0, label, (800.0 + k % 3,)))
    window = live.read(160.0, 60)
    assert (window.rmssd_ms, window.reason) == (None, Reason.TOO_MANY_ARTEFACTS)
    assert live.coherence(160.0).reason is Reason.TOO_MANY_ARTEFACTS


def test_old_beats_leave_the_window_when_none_come():
    live, now = fed(NSR004)
    assert live.read(now + 400, 300).n_beats == 0
    assert live.read(now + 400, 300).mean_hr_bpm is None
    assert live.coherence(now + 20).reason is Reason.GAP


def test_coherence_is_that_of_the_newest_corrected_beats():
    rr = breathing(np.random.default_rng(2), swing_ms=50, per_min=6, jitter=0.01, slow_ms=0, pink_ms=8)
    live, now = fed(rr)
    times = np.cumsum(rr) / 1000
    newest = times > now - 68
    assert live.coherence(now).ratio == pytest.approx(coherence(rr[newest], times[newest]).ratio, rel=1e-6)
    assert live.coherence(now).share_percent > 70


def test_a_missed_beat_does_not_break_coherence():
    rr = breathing(np.random.default_rng(2), swing_ms=50, per_min=6, jitter=0.01, slow_ms=0, pink_ms=8)
    live, now = corrected(spoil(rr, "missed", 0.02, np.random.default_rng(1)))
    assert live.coherence(now).share_percent > 65


def test_a_window_longer_than_the_memory_is_refused():
    with pytest.raises(ValueError, match="no more than 60 s"):
        LiveHRV((30, 60)).read(0.0, 300)
    with pytest.raises(ValueError, match="windows are"):
        LiveHRV(())


def test_beats_out_of_order_are_left_out():
    live, now = fed(NSR004[:100])
    before = live.read(now, 60)
    live.push(now - 10, normal(100, 500))
    live.push(float("nan"), normal(101, 500))
    assert live.read(now, 60) == before


def test_memory_does_not_grow_and_old_numbers_leave_no_trace():
    live = LiveHRV()
    rr = breathing(np.random.default_rng(3))
    _, now = fed(rr, live)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(40):
            live, now = fed(rr, live, now)
            live.coherence(now)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    fresh, _ = fed(np.concatenate([rr, rr]), None, now - 2 * rr.sum() / 1000)
    assert live.read(now, 300).rmssd_ms == pytest.approx(fresh.read(now, 300).rmssd_ms)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(-1, 3), st.floats()),
            st.one_of(st.floats(300, 1500), st.floats()),
            st.sampled_from(Label),
            st.integers(0, 3),
        ),
        max_size=120,
    )
)
def test_anything_is_answered(beats):
    live, now = LiveHRV(), 0.0
    for k, (step, rr, label, parts) in enumerate(beats):
        now += step if abs(step) < 10 else 0.0
        if parts == 3 and label is Label.SHORT:
            live.gap(step)
        live.push(step if abs(step) >= 10 else now, LabelledRR(k, rr, label, (700.0,) * parts))
    for window_s in (30, 300):
        window = live.read(now, window_s)
        assert (window.rmssd_ms is None) == (window.ln_rmssd is None) or window.rmssd_ms == 0
        assert all(v is None or math.isfinite(v) for v in (window.mean_hr_bpm, window.rmssd_ms, window.sdnn_ms))
    scored = live.coherence(now)
    assert (scored.ratio is None) == (scored.reason is not None)
