"""A person whose numbers behave as bodies do."""

import numpy as np
import pytest

from firmware_sim.breath import Breathing
from firmware_sim.person import Person

QUANTITIES = ["ecg", "ppg", "skin_conductance", "skin_temperature", "respiration"]


def rr_ms(person, start_s, end_s):
    for t in np.arange(start_s, end_s, 30.0):  # time passes in order
        person.measure("respiration", np.arange(t, t + 30.0, 0.2))
    return np.diff(person.beats(end_s - 80, end_s)) * 1000


def swing(rr):
    """Standard deviation after the slow drift is gone, ms."""
    return float(np.std(rr - np.convolve(np.pad(rr, 10, mode="edge"), np.ones(21) / 21, mode="valid")))


@pytest.mark.parametrize("seed", range(4))
def test_the_heart_swings_wider_when_breathing_is_paced_near_resonance(seed):
    person = Person(seed)
    rest = swing(rr_ms(person, 0, 120))
    person.follow(6, 0.4, inhale_at_s=120)
    paced = swing(rr_ms(person, 120, 330))
    assert paced > 1.8 * rest


def test_slow_breathing_beats_fast_breathing():
    swings = {}
    for rate in (4.5, 6, 10):
        person = Person(1)
        person.follow(rate, 0.4, 0)
        swings[rate] = swing(rr_ms(person, 0, 240))
    assert swings[6] > swings[4.5]
    assert swings[6] > swings[10]


def test_a_paced_heart_oscillates_at_the_pace():
    person = Person(2)
    person.follow(6, 0.4, 0)
    rr_ms(person, 0, 300)
    beats = person.beats(220, 300)
    t = np.arange(225, 295, 0.5)
    series = np.interp(t, beats[1:], np.diff(beats))
    power = np.abs(np.fft.rfft((series - series.mean()) * np.hanning(len(series)), 2048)) ** 2
    hz = np.fft.rfftfreq(2048, 0.5)
    assert hz[np.argmax(power)] == pytest.approx(0.1, abs=0.01)


def test_breath_falls_into_step_with_the_pace():
    breathing = Breathing(np.random.default_rng(0), 14)
    from firmware_sim.breath import FeltPace

    breathing.pace = FeltPace(6, 0.4, 3.0)
    t = np.arange(0, 300, 0.05)
    volume = breathing.volume(t)
    late = t > 100
    inhaling_starts = t[late][1:][(np.diff(volume[late]) > 0) & (np.roll(np.diff(volume[late]), 1) <= 0)][1:]
    phase = (inhaling_starts - 3.0) % 10.0
    assert np.all(np.minimum(phase, 10 - phase) < 1.2)


def test_people_breathe_by_themselves_again():
    person = Person(1)
    person.follow(6, 0.4, 0)
    rr_ms(person, 0, 120)
    person.breathe_freely()
    rr_ms(person, 120, 240)
    assert person.breathing.rate_hz(240) == pytest.approx(14 / 60, rel=0.2)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_size_of_pieces_does_not_matter(quantity):
    t = np.arange(0, 20, 0.01)
    whole = Person(5).measure(quantity, t)
    person = Person(5)
    pieces = np.concatenate([person.measure(quantity, part) for part in np.array_split(t, 37)])
    np.testing.assert_allclose(pieces, whole, atol=1e-9)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_same_seed_same_person(quantity):
    t = np.arange(0, 10, 0.01)
    np.testing.assert_array_equal(Person(7).measure(quantity, t), Person(7).measure(quantity, t))
    assert not np.array_equal(Person(7).measure(quantity, t), Person(8).measure(quantity, t))


def test_r_peaks_stand_where_the_beats_are():
    person = Person(3)
    t = np.arange(0, 30, 1 / 250)
    ecg = person.measure("ecg", t)
    for beat in person.beats(1, 29):
        near = np.flatnonzero(np.abs(t - beat) < 0.1)
        assert abs(t[near[np.argmax(ecg[near])]] - beat) <= 1 / 250
        assert 0.8 < ecg[near].max() < 1.8


def test_the_pulse_follows_each_beat():
    person = Person(3)
    t = np.arange(0, 30, 1 / 100)
    ppg = person.measure("ppg", t)
    for beat in person.beats(1, 28):
        window = np.flatnonzero((t > beat + 0.2) & (t < beat + 0.6))
        assert 0.25 < t[window[np.argmax(ppg[window])]] - beat < 0.5


def test_skin_calms_down():
    person = Person(4)
    t = np.arange(0, 600, 0.25)
    conductance = np.concatenate([person.measure("skin_conductance", part) for part in np.array_split(t, 60)])
    temperature = Person(4).measure("skin_temperature", t)
    assert np.median(conductance[-480:]) < np.median(conductance[:480]) - 0.5
    assert np.median(temperature[-480:]) > np.median(temperature[:480]) + 0.3
    assert conductance.min() > 0.5


def test_a_long_session_keeps_little():
    person = Person(1)
    for t in np.arange(0, 7200, 60.0):
        person.measure("skin_conductance", np.arange(t, t + 60, 1.0))
    assert len(person._beats) < 600
    assert len(person.breathing._breaths) < 80
