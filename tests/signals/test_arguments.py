"""What a stranger may hand to the signal core, and what is said when it cannot be used."""

from dataclasses import fields, is_dataclass
from functools import partial

import numpy as np
import pytest

from signals import (
    Beats,
    BeatStream,
    EDAStream,
    LiveCorrector,
    LiveHRV,
    QualityStream,
    Reason,
    RelaxationBaseline,
    RelaxationChannel,
    RelaxationState,
    RespirationStream,
    coherence,
    correct_rr,
    find_beats,
    hrv,
    lomb_scargle_psd,
    quality,
    relaxation,
    resonance,
    respiration,
    respiration_from_rr,
    skin_conductance,
    welch_psd,
)
from signals.arguments import column
from signals.resonance import slide

RR_MS = 850 + 40 * np.sin(2 * np.pi * 0.1 * 0.85 * np.arange(360))
TIMES_S = np.cumsum(RR_MS) / 1000
PULSE = 5 + np.sin(2 * np.pi * 1.2 * np.arange(0, 30, 0.01))

BY_SERIES = {
    "rr_ms": [
        correct_rr,
        hrv,
        coherence,
        welch_psd,
        lomb_scargle_psd,
        partial(respiration_from_rr, TIMES_S),
        lambda rr: resonance(TIMES_S, rr, [(0, 120, 6)]),
    ],
    "times_s": [
        partial(coherence, RR_MS),
        partial(welch_psd, RR_MS),
        lambda times: respiration_from_rr(times, RR_MS),
        lambda times: resonance(times, RR_MS, [(0, 120, 6)]),
        lambda times: quality(PULSE, 100, "ppg").accepts(times),
    ],
    "samples": [
        lambda x: find_beats(x, 100, "ecg"),
        lambda x: find_beats(x, 100, "ppg"),
        lambda x: quality(x, 100, "ecg"),
        lambda x: respiration(x, 100),
        lambda x: respiration(x, 100, "ppg"),
        lambda x: skin_conductance(x, 100),
    ],
    "chunk": [
        lambda x: BeatStream(100, "ecg").feed(x),
        lambda x: BeatStream(100, "ppg").feed(x),
        lambda x: QualityStream(100, "ppg").feed(x),
        lambda x: EDAStream(100).feed(x),
        lambda x: RespirationStream(100).feed(x),
    ],
}
EVERY = [(name, call) for name, calls in BY_SERIES.items() for call in calls]
WITH_RATE = [
    lambda rate: find_beats(PULSE, rate, "ecg"),
    lambda rate: find_beats(PULSE, rate, "ppg"),
    lambda rate: quality(PULSE, rate, "ecg"),
    lambda rate: respiration(PULSE, rate),
    lambda rate: respiration(PULSE, rate, "ppg"),
    lambda rate: skin_conductance(PULSE, rate),
    EDAStream,
    lambda rate: QualityStream(rate, "ppg"),
]


def same(one: object, other: object) -> bool:
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


@pytest.mark.parametrize("useless", ["hello", ["a", "b"], None, {}, [[1, 2], [3]], 1j * RR_MS, [object()], b"abc"])
@pytest.mark.parametrize(("name", "call"), [pair for pair in EVERY if pair[0] != "times_s"])
def test_what_is_no_series_of_numbers_is_refused_in_one_line_that_names_it(name, call, useless):
    with pytest.raises(ValueError, match=f"^{name}") as refused:
        call(useless)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("name", "call"), EVERY)
def test_a_table_is_not_strung_together(name, call):
    with pytest.raises(ValueError, match=rf"^{name}\w*: one column is needed"):
        call(np.stack([RR_MS, RR_MS], axis=1))


@pytest.mark.parametrize("useless", ["250", None, [250], 2j])
@pytest.mark.parametrize("call", WITH_RATE)
def test_a_rate_that_is_no_number_is_refused_by_name(call, useless):
    with pytest.raises(ValueError, match=r"^rate_hz: a number is needed"):
        call(useless)


@pytest.mark.parametrize("kind", ["eeg", "ECG", None, 1, []])
@pytest.mark.parametrize("call", [partial(find_beats, PULSE), partial(quality, PULSE), BeatStream, QualityStream])
def test_an_unknown_kind_is_refused_by_name(call, kind):
    with pytest.raises(ValueError, match=r"^kind: "):
        call(100, kind)


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


@pytest.mark.parametrize(
    "dress", [list, tuple, read_only, lambda x: x[:, None], lambda x: x[None], lambda x: np.repeat(x, 2)[::2]]
)
@pytest.mark.parametrize("call", [correct_rr, hrv, coherence])
def test_the_same_numbers_in_another_dress_are_the_same(call, dress):
    assert same(call(RR_MS), call(dress(RR_MS)))


def test_masked_values_and_none_are_missing():
    assert np.array_equal(column("x", np.ma.masked_greater([1.0, 2.0], 1)), [1, np.nan], equal_nan=True)
    assert np.array_equal(column("x", [1.0, None]), [1, np.nan], equal_nan=True)


def test_beats_can_be_asked_for_their_coherence():
    times = np.cumsum(850 + 50 * np.sin(2 * np.pi * 0.1 * 0.85 * np.arange(120))) / 1000
    beats = Beats(times, np.ones(120), np.ones(120))
    found = coherence(beats)
    assert found.peak_hz == pytest.approx(0.1, abs=0.005)
    assert found.share_percent == pytest.approx(coherence(np.diff(times) * 1000, times[1:]).share_percent)
    assert coherence(find_beats([], 100, "ecg")).reason is not None
    odd = np.array([0, 1, np.inf, np.nan, 2])
    assert coherence(Beats(odd, odd, odd)).reason is Reason.NOT_FINITE
    with pytest.raises(ValueError, match="bring their own"):
        coherence(beats, times)


def test_one_missed_beat_does_not_cost_the_coherence_of_beats():
    times = np.delete(np.cumsum(850 + 50 * np.sin(2 * np.pi * 0.1 * 0.85 * np.arange(120))) / 1000, 80)
    assert coherence(Beats(times, np.ones(119), np.ones(119))).share_percent > 70


@pytest.mark.parametrize("kind", ["ecg", "ppg"])
def test_a_stream_that_has_ended_says_so(kind):
    stream = BeatStream(100, kind)
    stream.feed(PULSE)
    stream.flush()
    assert stream.flush() == []
    with pytest.raises(ValueError, match="has ended"):
        stream.feed(PULSE)


def test_the_live_parts_name_what_they_cannot_use():
    with pytest.raises(ValueError, match=r"^rr_ms: "):
        LiveCorrector().push("800")
    for windows in ([], [0], ["x"], None, [float("nan")]):
        with pytest.raises(ValueError, match=r"^windows_s: "):
            LiveHRV(windows)
    for window in (0, -1, float("nan"), "x"):
        with pytest.raises(ValueError, match=r"^window_s: "):
            LiveHRV().read(0.0, window)


@pytest.mark.parametrize("smoothness", [0, -1, float("nan"), float("inf"), 1e300, "x"])
def test_a_smoothness_that_is_none_is_refused_by_name(smoothness):
    with pytest.raises(ValueError, match=r"^smoothness: "):
        welch_psd(RR_MS, smoothness=smoothness)


@pytest.mark.parametrize("steps", ["x", [None], [(0, 120)], [("a", "b", "c")]])
def test_steps_that_are_none_are_refused_by_name(steps):
    with pytest.raises(ValueError, match=r"^steps: "):
        resonance(TIMES_S, RR_MS, steps)


@pytest.mark.parametrize("step", [(5.5e20, 0.0, 1.0), (0.0, 1e300, 6.0), (120.0, 0.0, 6.0), (0.0, 120.0, float("nan"))])
def test_a_step_that_no_clock_can_hold_is_too_short(step):
    found = resonance(TIMES_S, RR_MS, [step])
    assert found.best_rate_per_min is None
    assert found.reason is Reason.TOO_SHORT
    assert np.isfinite(found.steps[0].rate_per_min)


@pytest.mark.parametrize("wrong", [{"first_per_min": 0}, {"breaths": -1}, {"start_s": float("nan")}])
def test_a_pacer_that_cannot_be_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}: "):
        slide(**{"start_s": 0.0, **wrong})


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, 0])
def test_a_baseline_of_no_length_is_no_baseline(seconds):
    heart = {RelaxationChannel.HEART_RATE: [72, 71, None, 73]}
    baseline = RelaxationBaseline.from_samples(heart, seconds=seconds)
    result = relaxation(baseline, RelaxationState({RelaxationChannel.HEART_RATE: 66.0}))
    assert (baseline.seconds, result.score) == (0.0, None)
