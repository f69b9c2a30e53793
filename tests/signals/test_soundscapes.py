"""Sounds to rest by: no seam, no click, no offset, never too loud, the same for the same seed, and like their names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks, welch

from signals import music, soundscapes
from signals.soundscapes import LOOP_RMS, PEAK, RATE_HZ, SWELL_S

LOOPS = [soundscapes.brown, soundscapes.rain, soundscapes.sea, soundscapes.wind, soundscapes.stream]
PIECES = [music.bamboo, music.moon, music.bowl]
PIECE_S = 32.0


def seconds(make):
    return PIECE_S if make in PIECES else 2 * SWELL_S if make in {soundscapes.sea, soundscapes.wind} else 10.0


@pytest.fixture(scope="module")
def made():
    """Each loop and piece once; they are looked at by several tests."""
    sounds = {make.__name__: make(seconds(make), 3) for make in LOOPS}
    return sounds | {make.__name__: make(PIECE_S, 3) for make in PIECES}


def spectrum(sound):
    f, power = welch(sound.mean(axis=1), RATE_HZ, nperseg=1 << 14)
    return f, power


def share(sound, low_hz, high_hz):
    f, power = spectrum(sound)
    return power[(f >= low_hz) & (f < high_hz)].sum() / power.sum()


def octave_db(sound, centre_hz):
    """Power density in an octave, dB."""
    f, power = spectrum(sound)
    inside = (f >= centre_hz / np.sqrt(2)) & (f < centre_hz * np.sqrt(2))
    return 10 * np.log10(power[inside].mean())


def loudness(sound, window_s=0.5):
    """Root mean square in windows."""
    n = int(window_s * RATE_HZ)
    whole = sound[: len(sound) // n * n].mean(axis=1).reshape(-1, n)
    return np.sqrt(np.mean(whole**2, axis=1))


@pytest.mark.parametrize("make", LOOPS + PIECES, ids=lambda make: make.__name__)
def test_it_is_never_too_loud_and_has_no_offset(made, make):
    sound = made[make.__name__]
    assert sound.dtype == np.float32
    assert sound.shape == (seconds(make) * RATE_HZ, 2)
    assert np.abs(sound).max() <= PEAK
    assert np.abs(sound.mean(axis=0)).max() < 1e-4
    wanted = LOOP_RMS if make in LOOPS else music.PIECE_RMS
    assert np.sqrt(np.mean(sound.astype(float) ** 2)) == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("make", LOOPS, ids=lambda make: make.__name__)
def test_a_loop_has_no_seam(made, make):
    """Where the end meets the beginning, steps and bends of the wave are among those that it has anyway."""
    sound = made[make.__name__].astype(float)
    around = np.concatenate((sound[-64:], sound[:64]))
    for order in (1, 2):
        usual = np.abs(np.diff(sound, order, axis=0))
        assert np.abs(np.diff(around, order, axis=0)).max() <= np.quantile(usual, 0.99999)
    quiet, loud = np.quantile(loudness(sound, 0.1), (0.0, 1.0))
    for edge in (sound[:4410], sound[-4410:]):
        assert 0.9 * quiet <= np.sqrt(np.mean(edge.mean(axis=1) ** 2)) <= 1.1 * loud


@pytest.mark.parametrize("make", PIECES, ids=lambda make: make.__name__)
def test_a_piece_begins_and_ends_in_silence_without_a_click(made, make):
    sound = made[make.__name__].astype(float)
    assert np.abs(sound[:64]).max() < 1e-3
    assert np.abs(sound[-64:]).max() < 1e-4
    steps = np.abs(np.diff(sound, axis=0)).max(axis=1)
    assert steps.max() < 0.12, "no jump between two samples"
    assert loudness(sound)[1:-20].min() > 1e-4, "no hole in the middle"


@pytest.mark.parametrize("make", LOOPS + PIECES, ids=lambda make: make.__name__)
def test_the_two_ears_hear_one_place_and_not_the_same(made, make):
    sound = made[make.__name__].astype(float)
    together = np.corrcoef(sound.T)[0, 1]
    assert 0.2 < together < 0.998
    left, right = np.sqrt(np.mean(sound**2, axis=0))
    assert left == pytest.approx(right, rel=0.35)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([*LOOPS, music.moon]))
def test_a_seed_gives_the_same_sound_and_another_seed_another(seed, make):
    short = 15.0 if make is music.moon else SWELL_S if make is soundscapes.sea else 2.0
    first = make(short, seed)
    assert np.array_equal(first, make(short, seed))
    assert not np.array_equal(first, make(short, seed + 1))
    assert np.abs(first).max() <= PEAK


def test_brown_noise_falls_by_six_decibels_an_octave(made):
    octaves = [62.5 * 2**k for k in range(7)]
    slope = np.polyfit(np.arange(7), [octave_db(made["brown"], octave) for octave in octaves], 1)[0]
    assert slope == pytest.approx(-6.02, abs=0.4)


def test_rain_is_bright_and_even_with_drops_in_it(made):
    assert share(made["rain"], 1000, 8000) > 0.7
    assert share(made["rain"], 0, 200) < 0.02
    levels = loudness(made["rain"])
    assert levels.std() / levels.mean() < 0.2


def test_the_sea_swells_six_times_a_minute(made):
    levels = loudness(made["sea"])
    peaks, _ = find_peaks(np.concatenate((levels, levels, levels)), distance=12, prominence=levels.mean() * 0.4)
    inner = peaks[(peaks >= len(levels)) & (peaks < 2 * len(levels))]
    assert len(inner) == 2
    assert levels.max() > 2.5 * levels.min()


def test_the_sea_takes_whole_waves_only():
    with pytest.raises(ValueError, match="whole number of waves of 10 s, not 25"):
        soundscapes.sea(25.0, 1)


def test_wind_is_low_and_moves_slowly(made):
    assert share(made["wind"], 80, 1500) > 0.8
    levels = loudness(made["wind"], 1.0)
    assert 0.2 < levels.std() / levels.mean() < 1.2
    assert np.abs(np.diff(levels)).mean() < levels.std()


def test_a_stream_lies_between_wind_and_rain(made):
    def middle(sound):
        f, power = spectrum(sound)
        return f[np.searchsorted(np.cumsum(power), power.sum() / 2)]

    assert middle(made["brown"]) < middle(made["wind"]) < middle(made["stream"]) < middle(made["rain"])


def test_a_bowl_rings_in_its_partials(made):
    f, power = spectrum(made["bowl"])
    near = sum(power[np.abs(f - ratio * 174.6) < 12].sum() for ratio, amplitude, _ in music.BOWL if amplitude > 0.3)
    assert near / power.sum() > 0.9


@pytest.mark.parametrize(
    ("make", "root_hz", "mode"), [(music.bamboo, 196.0, music.GONG_MODE), (music.moon, 220.0, music.YU_MODE)]
)
def test_music_stays_on_five_tones(made, make, root_hz, mode):
    f, power = spectrum(made[make.__name__])
    heard = f[find_peaks(power, height=power.max() * 0.02)[0]]
    heard = heard[(heard > 150) & (heard < 900)]
    assert len(heard) >= 4
    away = np.abs(
        (12 * np.log2(heard / root_hz))[:, None] - (np.array(mode)[None, :] + 12 * np.arange(-1, 3)[:, None]).ravel()
    )
    assert away.min(axis=1).max() < 0.6, "a semitone off would be another mode"


def test_bells_are_short_and_breathing_in_is_the_higher_one():
    def pitch(kind):
        f, power = spectrum(music.bell(kind))
        return f[np.argmax(power)]

    assert pitch("inhale") > 1.2 * pitch("exhale")
    for kind, length in (("inhale", 2.5), ("exhale", 2.5), ("end", 5.0)):
        sound = music.bell(kind)
        assert len(sound) == length * RATE_HZ
        assert np.abs(sound).max() <= PEAK
        assert np.abs(sound[-10:]).max() < 1e-4
        assert np.abs(np.diff(sound, axis=0)).max() < 0.08
