"""R peaks: on real excerpts, live and batch, at other rates, and when the signal is broken."""

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter
from scipy.signal import resample_poly

from signals.beat import Beat
from signals.beats import BeatStream, find_beats
from signals.ecg import ECGDetector, find_ecg_beats

DATA = Path(__file__).parents[1] / "data" / "mitdb"
RATE_HZ = 360.0
BEAT_SYMBOLS = set("NLRBAaJSVrFejnE/fQ?")


def excerpt(name):
    record, notes = wfdb.rdrecord(str(DATA / name)), wfdb.rdann(str(DATA / name), "atr")
    beats = [at for at, symbol in zip(notes.sample, notes.symbol, strict=True) if symbol in BEAT_SYMBOLS]
    return record.p_signal[:, 0], np.array(beats) / RATE_HZ


CLEAN, CLEAN_BEATS_S = excerpt("mitdb_101")
ECTOPIC, ECTOPIC_BEATS_S = excerpt("mitdb_119")
NOISY, NOISY_BEATS_S = excerpt("mitdb_203")


def faults(times_s, reference_s, tolerance_s=0.075):
    """Missed and extra beats."""
    apart = np.abs(times_s[:, None] - reference_s[None, :])
    return int(np.sum(apart.min(axis=0) > tolerance_s)) + int(np.sum(apart.min(axis=1) > tolerance_s))


def offsets_s(times_s, reference_s):
    apart = times_s[:, None] - reference_s[None, :]
    nearest = np.argmin(np.abs(apart), axis=0)
    return apart[nearest, np.arange(len(reference_s))]


def live(samples, sizes, rate_hz=RATE_HZ):
    """Beats of a stream cut into `sizes`, and how many samples were in when each was given."""
    stream, beats, known, at = BeatStream(rate_hz, "ecg"), [], [], 0
    for size in sizes:
        new = stream.feed(samples[at : at + size])
        at = min(at + size, len(samples))
        beats += new
        known += [at] * len(new)
    last = stream.feed(samples[at:])
    beats += last
    known += [len(samples)] * len(last)
    return beats + stream.flush(), known


def is_defined(beats, length_s):
    arrays = (beats.times_s, beats.quality, beats.amplitude)
    return (
        len({len(a) for a in arrays}) == 1
        and all(np.isfinite(a).all() for a in arrays)
        and bool(np.all(np.diff(beats.times_s) > 0.15))
        and bool(np.all((beats.times_s >= 0) & (beats.times_s <= length_s)))
        and bool(np.all((beats.quality >= 0) & (beats.quality <= 1)))
        and bool(np.all(beats.amplitude >= 0))
    )


def test_every_beat_of_a_clean_excerpt_is_found_where_the_experts_put_it():
    times_s = find_ecg_beats(CLEAN, RATE_HZ).times_s
    assert faults(times_s, CLEAN_BEATS_S) == 0
    assert abs(np.median(offsets_s(times_s, CLEAN_BEATS_S))) < 0.003
    assert np.std(offsets_s(times_s, CLEAN_BEATS_S)) < 0.003


def test_ventricular_ectopic_beats_are_beats_and_their_t_waves_are_not():
    times_s = find_ecg_beats(ECTOPIC, RATE_HZ).times_s
    assert faults(times_s, ECTOPIC_BEATS_S) == 0


def test_irregular_rhythm_with_noise_costs_at_most_two_faults_in_a_hundred_beats():
    times_s = find_ecg_beats(NOISY, RATE_HZ).times_s
    assert faults(times_s, NOISY_BEATS_S) <= 2


@pytest.mark.parametrize(("up", "down"), [(5, 18), (25, 72), (25, 36), (25, 18), (25, 9)])
def test_beats_are_the_same_at_rates_from_100_to_1000_hz(up, down):
    times_s = find_ecg_beats(resample_poly(ECTOPIC - ECTOPIC[0], up, down), RATE_HZ * up / down).times_s
    assert faults(times_s, ECTOPIC_BEATS_S, 0.05) == 0


def test_time_is_finer_than_the_sampling_interval():
    rate_hz = 100.0
    t = np.arange(0, 60, 1 / rate_hz)
    true_s = 0.7 + np.arange(60) * 0.937
    ecg = sum(np.exp(-((t - s) ** 2) / (2 * 0.012**2)) for s in true_s)
    times_s = find_ecg_beats(ecg, rate_hz).times_s
    true_s = true_s[true_s < 59.9]
    assert len(times_s) == len(true_s)
    assert np.max(np.abs(times_s - true_s)) < 0.001


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 900), min_size=1, max_size=60),
    holes=st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 700)), max_size=4),
)
def test_however_the_samples_are_cut_the_beats_are_bit_identical(sizes, holes):
    samples = NOISY[:9000].copy()
    for start, length in holes:
        samples[start : start + length] = np.nan
    whole = live(samples, [])[0]
    assert live(samples, sizes)[0] == whole
    batch = find_beats(samples, RATE_HZ, "ecg")
    assert batch.times_s.tolist() == [b.time_s for b in whole]
    assert batch.quality.tolist() == [b.quality for b in whole]


def test_a_candidate_on_the_edge_of_the_known_counts_only_when_it_is_certain():
    samples = np.random.default_rng(2).standard_normal(15000)
    assert live(samples, [1] * len(samples), 250.0)[0] == live(samples, [], 250.0)[0]


def test_one_sample_at_a_time_gives_the_same_beats():
    samples = CLEAN[:3600]
    assert live(samples, [1] * 3600)[0] == live(samples, [])[0]


@pytest.mark.parametrize("samples", [CLEAN, ECTOPIC, NOISY], ids=["clean", "ectopic", "noisy"])
def test_a_beat_is_decided_within_a_second(samples):
    beats, known = live(samples, [14] * (len(samples) // 14))
    delays_s = [n / RATE_HZ - b.time_s for n, b in zip(known, beats, strict=False)]
    assert len(delays_s) > 70
    assert max(delays_s) <= 1.0


def test_an_ended_stream_says_so():
    stream = BeatStream(RATE_HZ, "ecg")
    stream.feed(CLEAN[:1000])
    assert stream.flush()
    assert stream.flush() == []
    with pytest.raises(ValueError, match="has ended"):
        stream.feed(CLEAN[1000:1100])


def test_memory_does_not_grow_with_the_stream():
    detector = ECGDetector(RATE_HZ)

    def held():
        front = detector._evidence
        return len(front._raw) + len(front._missing), len(detector._waiting)

    for at in range(0, 7200, 36):
        detector.feed(CLEAN[at : at + 36])
    samples, waiting = held()
    for at in range(7200, 25200, 36):
        detector.feed(CLEAN[at : at + 36])
    assert held()[0] == samples
    assert max(waiting, held()[1]) < 10


@pytest.mark.parametrize("change", [lambda x: -x, lambda x: x * 1e-6 + 5, lambda x: x * 1e5 - 1e7, lambda x: x + 1e9])
def test_unit_offset_and_polarity_do_not_matter(change):
    times_s = find_ecg_beats(change(CLEAN), RATE_HZ).times_s
    assert faults(times_s, CLEAN_BEATS_S) == 0


def test_mains_hum_and_baseline_wander_do_not_matter():
    t = np.arange(len(CLEAN)) / RATE_HZ
    times_s = find_ecg_beats(
        CLEAN + 0.2 * np.sin(2 * np.pi * 50 * t) + 2 * np.sin(2 * np.pi * 0.3 * t), RATE_HZ
    ).times_s
    assert faults(times_s, CLEAN_BEATS_S) == 0


def test_a_pacemaker_spike_is_no_beat_of_its_own():
    samples = CLEAN.copy()
    for at in (CLEAN_BEATS_S * RATE_HZ).astype(int):
        samples[max(0, at - 60) : max(0, at - 60) + 1] += 2.0
    assert faults(find_ecg_beats(samples, RATE_HZ).times_s, CLEAN_BEATS_S) == 0


def test_clipped_complexes_are_still_beats():
    level = CLEAN - median_filter(CLEAN, round(RATE_HZ))
    times_s = find_ecg_beats(np.clip(level, -0.3, 0.4), RATE_HZ).times_s
    assert faults(times_s, CLEAN_BEATS_S) == 0


def test_every_tenth_sample_missing_does_not_matter():
    samples = np.where(np.random.default_rng(1).random(len(CLEAN)) < 0.1, np.nan, CLEAN)
    assert faults(find_ecg_beats(samples, RATE_HZ).times_s, CLEAN_BEATS_S) == 0


@pytest.mark.parametrize("filler", [np.nan, np.inf, 0.1234, 5000.0, 1e300], ids=str)
def test_nothing_is_found_while_the_signal_is_away_and_all_when_it_is_back(filler):
    samples = CLEAN.copy()
    samples[7200:10800] = filler
    times_s = find_ecg_beats(samples, RATE_HZ).times_s
    inside = (times_s > 20.1) & (times_s < 29.9)
    assert not inside.any()
    before, after = CLEAN_BEATS_S[CLEAN_BEATS_S < 19.7], CLEAN_BEATS_S[CLEAN_BEATS_S > 30.3]
    assert faults(times_s[times_s < 19.8], before) == 0
    assert faults(times_s[times_s > 30.2], after) == 0


@pytest.mark.parametrize("gain", [0.05, 0.2, 5.0, 20.0])
def test_another_amplitude_is_learnt(gain):
    samples = CLEAN.copy()
    samples[7200:] *= gain
    times_s = find_ecg_beats(samples, RATE_HZ).times_s
    assert faults(times_s[times_s > 35], CLEAN_BEATS_S[CLEAN_BEATS_S > 35]) == 0


def test_an_absurd_first_sample_spoils_nothing():
    samples = CLEAN.copy()
    samples[0] = 1e200
    assert faults(find_ecg_beats(samples, RATE_HZ).times_s, CLEAN_BEATS_S) == 0


def test_quiet_noise_after_the_electrodes_came_off_is_no_heart():
    samples = CLEAN.copy()
    samples[7200:] = np.random.default_rng(0).standard_normal(len(samples) - 7200) * 0.005
    assert not (find_ecg_beats(samples, RATE_HZ).times_s > 20).any()


def test_quality_tells_beats_from_noise():
    noise = find_ecg_beats(np.random.default_rng(0).standard_normal(20000), RATE_HZ)
    clean = find_ecg_beats(CLEAN, RATE_HZ)
    assert np.median(clean.quality) > 0.85
    assert np.median(noise.quality) < 0.6


def test_amplitude_is_the_height_of_the_r_peak():
    t = np.arange(0, 20, 1 / RATE_HZ)
    ecg = sum(1.5 * np.exp(-((t - s) ** 2) / (2 * 0.015**2)) for s in np.arange(0.5, 20, 0.8))
    assert find_ecg_beats(ecg, RATE_HZ).amplitude == pytest.approx(1.5, rel=0.05)


@pytest.mark.parametrize(
    "samples",
    [[], [1.0], np.zeros(30), np.full(5000, np.nan), np.full(5000, np.inf), np.zeros(5000), np.full(5000, 1e300)],
    ids=["empty", "one", "short", "nan", "inf", "zeros", "huge"],
)
def test_where_there_is_no_ecg_there_are_no_beats(samples):
    beats = find_ecg_beats(np.array(samples), RATE_HZ)
    assert len(beats.times_s) == 0
    assert is_defined(beats, 0)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-2, 2)), min_size=1, max_size=40
    ),
    repeat=st.integers(1, 60),
    rate_hz=st.floats(50, 1000),
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_no_input_makes_numpy_complain_or_a_result_undefined(values, repeat, rate_hz):
    samples = np.repeat(np.array(values), repeat)
    assert is_defined(find_ecg_beats(np.tile(samples, 3), rate_hz), 3 * len(samples) / rate_hz)


@pytest.mark.parametrize("rate_hz", [0, -1, 49.9, 4001, float("nan"), float("inf")])
def test_a_wrong_rate_is_refused_in_one_line(rate_hz):
    with pytest.raises(ValueError, match="an ECG needs 50 to 4000 samples per second") as refused:
        find_ecg_beats(CLEAN, rate_hz)
    assert "\n" not in str(refused.value)


def test_whole_numbers_and_lists_are_samples_too():
    counts = (CLEAN * 200).astype(np.int16)
    assert faults(find_ecg_beats(counts, RATE_HZ).times_s, CLEAN_BEATS_S) == 0
    assert all(isinstance(b, Beat) for b in ECGDetector(RATE_HZ).feed(counts[:3600].tolist()))
