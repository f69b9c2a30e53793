"""Resonance assessment: a simulated person with a gain peak is found, stepped and sliding, with and without a belt."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.reasons import Reason
from signals.resonance import Belt, PacedStep, resonance, slide, sliding_resonance

RATES = (6.5, 6.0, 5.5, 5.0, 4.5)
STEPS = [PacedStep(150.0 * k, 150.0 * k + 120, rate) for k, rate in enumerate(RATES)]
BELT_HZ = 25.0


def stepped(t):
    return RATES[min(len(RATES) - 1, int(t // 150))]


def person(rate_at, seconds, *, resonates=5.5, noise_ms=10, swing_ms=100, width=0.6, seed=0):
    """Breathes at `rate_at(t)`; the heart swings most, and together with the breath, at `resonates` per minute."""
    rng = np.random.default_rng(seed)
    grid = np.arange(0, seconds, 1 / BELT_HZ)
    phase = 2 * np.pi * np.cumsum([rate_at(t) / 60 / BELT_HZ for t in grid])
    t, times, rr = 0.0, [], []
    while t < seconds:
        away = (rate_at(t) - resonates) / width
        wave = math.sin(np.interp(t, grid, phase) - math.atan(away)) / math.sqrt(1 + away**2)
        rr.append(880 - swing_ms / 2 * wave + noise_ms * rng.standard_normal())
        t += rr[-1] / 1000
        times.append(t)
    return np.array(times), np.array(rr), Belt(np.sin(phase), BELT_HZ)


@pytest.mark.parametrize("resonates", [6.5, 6.0, 5.5, 5.0, 4.5])
@pytest.mark.parametrize("with_belt", [True, False])
def test_the_step_at_the_gain_peak_is_best(resonates, with_belt):
    times, rr, belt = person(stepped, 750, resonates=resonates)
    found = resonance(times, rr, STEPS, belt=belt if with_belt else None)
    assert found.best_rate_per_min == resonates
    assert found.reason is None
    assert all(step.adhered for step in found.steps)


def test_a_step_says_what_the_heart_did():
    times, rr, belt = person(stepped, 750, noise_ms=3)
    best = resonance(times, rr, STEPS, belt=belt).steps[2]
    assert best.amplitude_ms == pytest.approx(100, rel=0.1)
    assert best.lf_ms2 == pytest.approx(50**2 / 2, rel=0.1)
    assert best.lf_peak_hz * 60 == pytest.approx(5.5, abs=0.05)
    assert best.measured_per_min == pytest.approx(5.5, abs=0.05)
    assert best.phase_synchrony > 0.98
    assert abs(best.phase_deg) < 20
    assert best.lf_peaks == 1
    assert best.smoothness > 0.9


def test_phase_turns_through_zero_at_resonance():
    times, rr, belt = person(stepped, 750, noise_ms=3)
    phases = [step.phase_deg for step in resonance(times, rr, STEPS, belt=belt).steps]
    assert phases == sorted(phases, reverse=True)


def test_a_step_that_was_not_followed_does_not_count():
    times, rr, belt = person(lambda t: 9.0 if 300 <= t < 450 else stepped(t), 750)
    found = resonance(times, rr, STEPS, belt=belt)
    assert found.steps[2].adhered is False
    assert found.steps[2].score is None
    assert found.best_rate_per_min in {6.0, 5.0}


def test_nobody_who_follows_no_step_has_a_resonance():
    times, rr, belt = person(lambda _: 12.0, 750, width=50)
    found = resonance(times, rr, STEPS, belt=belt)
    assert found.best_rate_per_min is None
    assert found.reason is not None


def test_a_heart_that_hardly_moves_has_no_resonance():
    times, rr, _ = person(stepped, 750, swing_ms=4, noise_ms=1)
    found = resonance(times, rr, STEPS)
    assert (found.best_rate_per_min, found.reason) == (None, Reason.TOO_LITTLE_VARIATION)


def test_a_hole_and_many_artefacts_disqualify_their_steps():
    times, rr, _ = person(stepped, 750)
    kept = (times < 50) | (times > 60)
    accepted = ~((times > 170) & (times < 200))
    found = resonance(times[kept], rr[kept], STEPS, accepted=accepted[kept])
    assert [step.reason for step in found.steps[:3]] == [Reason.GAP, Reason.TOO_MANY_ARTEFACTS, None]
    assert found.best_rate_per_min == 5.5


def test_plain_tuples_are_steps_too():
    times, rr, _ = person(stepped, 750)
    assert resonance(times, rr, [tuple(step) for step in STEPS]).best_rate_per_min == 5.5


@pytest.mark.parametrize("resonates", [6.0, 5.5, 5.0])
@pytest.mark.parametrize("with_belt", [True, False])
def test_sliding_finds_the_gain_peak_between_steps(resonates, with_belt):
    onsets = slide(5.0)
    lengths = np.diff(onsets)

    def rate_at(t):
        return 60 / lengths[np.clip(np.searchsorted(onsets, t, side="right") - 1, 0, len(lengths) - 1)]

    times, rr, belt = person(rate_at, onsets[-1] + 3, resonates=resonates)
    found = sliding_resonance(times, rr, onsets, belt=belt if with_belt else None)
    assert found.best_rate_per_min == pytest.approx(resonates, abs=0.2)
    assert found.steps[0].rate_per_min > 6.5
    assert found.steps[-1].rate_per_min < 4.4


def test_too_short_an_assessment_is_named():
    times, rr, _ = person(stepped, 60)
    assert resonance(times, rr, [PacedStep(0, 50, 6.0)]).reason is Reason.TOO_SHORT
    assert resonance(times, rr, []).reason is Reason.TOO_SHORT
    assert sliding_resonance(times, rr, [0.0, 10.0]).reason is Reason.TOO_SHORT


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=40),
    st.lists(st.tuples(st.floats(), st.floats(), st.floats()), max_size=4),
    st.lists(st.floats(), max_size=40),
    st.lists(st.floats(), max_size=20),
    st.floats(),
)
def test_anything_gives_a_rate_or_a_reason(beats, steps, onsets, belt, rate_hz):
    times, rr = [b[0] for b in beats], [b[1] for b in beats]
    worn = Belt(belt, rate_hz)
    for found in (resonance(times, rr, steps, belt=worn), sliding_resonance(times, rr, onsets, belt=worn)):
        assert (found.best_rate_per_min is None) == (found.reason is not None)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(250, 2500), min_size=80, max_size=150), st.floats(1, 60), st.lists(st.floats(), max_size=50))
def test_any_heart_gives_a_rate_or_a_reason(rr, rate, belt):
    times = np.cumsum(rr) / 1000
    found = resonance(times, rr, [(0, times[-1], rate)], belt=Belt(belt, 1.0))
    assert (found.best_rate_per_min is None) == (found.reason is not None)
