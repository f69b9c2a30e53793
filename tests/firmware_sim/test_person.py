"""A person whose numbers behave as bodies do."""

import numpy as np
import pytest

from firmware_sim.breath import Breathing
from firmware_sim.fit import Fit, FitTraits
from firmware_sim.person import Person
from firmware_sim.rhythm import BeatKind
from firmware_sim.traits import Traits

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


def lived(traits, seconds=240, seed=2, pace_at_s=None):
    person = Person(seed, traits)
    beats = []
    for t in np.arange(0, seconds, 5.0).tolist():
        if pace_at_s is not None and t <= pace_at_s < t + 5:
            person.follow(6, 0.4, pace_at_s)
        person.measure("respiration", np.arange(t, t + 5.0, 0.2))
        beats += person.heart(t, t + 5.0)
    return person, beats


def times(beats):
    return np.array([beat.at_s for beat in beats])


def rmssd(beats):
    return float(np.sqrt(np.mean(np.diff(1000 * np.diff(times(beats))) ** 2)))


def test_an_older_heart_swings_less():
    assert rmssd(lived(Traits(age_years=75))[1]) < 0.7 * rmssd(lived(Traits(age_years=30))[1])


def test_no_sinus_beat_comes_faster_than_age_allows():
    _, beats = lived(Traits(age_years=80, resting_rr_ms=300, stress=1.0))
    assert np.diff(times(beats)).min() >= 60 / (208 - 0.7 * 80) - 1e-9


def test_stress_quickens_the_heart_narrows_its_swing_and_wets_the_skin():
    _, calm = lived(Traits())
    _, tense = lived(Traits(stress=0.9))
    assert np.mean(np.diff(times(tense))) < np.mean(np.diff(times(calm))) - 0.1
    assert rmssd(tense) < 0.7 * rmssd(calm)
    t = np.arange(0, 120, 0.25)
    calm_skin, tense_skin = (Person(1, Traits(stress=s)).measure("skin_conductance", t) for s in (0, 0.9))
    assert np.median(tense_skin) > np.median(calm_skin) + 2


def test_stress_settles_to_what_was_said():
    person = Person(1, Traits(stress=0.8, stress_later=0.2, stress_settles_s=60))
    assert person.stress.at(0) == pytest.approx(0.8)
    assert person.stress.at(60) == pytest.approx(0.2 + 0.6 / np.e)
    assert person.stress.at(600) == pytest.approx(0.2, abs=1e-3)


def test_who_cannot_follow_breathes_less_at_the_pace():
    near = {}
    for compliance in (1.0, 0.5, 0.1):
        person, _ = lived(Traits(compliance=compliance), 600, pace_at_s=30)
        lengths = [breath.length_s for breath in person.breathing._breaths if breath.start_s > 60]
        near[compliance] = np.mean([9 < length < 11 for length in lengths])
    assert near[1.0] > 0.9
    assert near[1.0] > near[0.5] + 0.2 > near[0.1] + 0.3


def test_some_begin_to_follow_only_after_a_while():
    person, _ = lived(Traits(follows_after_s=60), 120, pace_at_s=20)
    breaths = person.breathing._breaths
    assert max(breath.length_s for breath in breaths if breath.start_s < 75) < 7
    assert breaths[-1].length_s > 9


def test_sighs_are_breaths_of_double_depth():
    person, _ = lived(Traits(sighs_per_hour=120), 300)
    depths = np.array([breath.depth for breath in person.breathing._breaths])
    assert 2 <= np.sum(depths > 1.7) <= 25


def test_a_ventricular_beat_is_early_wide_weak_and_followed_by_a_full_pause():
    _, beats = lived(Traits(pvc_per_min=5), 300)
    odd = [i for i, beat in enumerate(beats) if beat.kind is BeatKind.VENTRICULAR and 2 < i < len(beats) - 2]
    assert len(odd) > 5
    at = times(beats)
    for i in odd:
        before, coupling, pause = np.diff(at[i - 2 : i + 2])
        assert coupling < 0.8 * before
        assert coupling + pause == pytest.approx(2 * before, rel=0.25)
        assert beats[i].strength < 0.5 < beats[i + 1].strength


def test_a_ventricular_beat_shows_in_ecg_and_pulse_wave():
    t = np.arange(0, 120, 0.004)
    person = Person(2, Traits(pvc_per_min=6))
    ecg, beats = person.measure("ecg", t), person.heart(1, 118)
    ppg = Person(2, Traits(pvc_per_min=6)).measure("ppg", t)
    wide = {kind: [] for kind in BeatKind}
    pulse = {kind: [] for kind in BeatKind}
    for beat in beats:
        near = np.abs(t - beat.at_s) < 0.1
        wide[beat.kind].append(np.sum(ecg[near] > 0.5) * 0.004)
        after = (t > beat.at_s + 0.25) & (t < beat.at_s + 0.5)
        pulse[beat.kind].append(ppg[after].max() - ppg[(t > beat.at_s + 0.1) & (t < beat.at_s + 0.2)].min())
    assert min(wide[BeatKind.VENTRICULAR]) > 2 * np.median(wide[BeatKind.SINUS])
    assert np.median(pulse[BeatKind.VENTRICULAR]) < 0.6 * np.median(pulse[BeatKind.SINUS])


def test_an_atrial_beat_is_early_and_its_pause_is_shorter_than_full():
    _, beats = lived(Traits(pac_per_min=5), 300)
    at = times(beats)
    odd = [i for i, beat in enumerate(beats) if beat.kind is BeatKind.ATRIAL and 2 < i < len(beats) - 2]
    assert len(odd) > 5
    assert all(at[i + 1] - at[i - 1] < 1.95 * (at[i - 1] - at[i - 2]) for i in odd)


def test_a_missed_beat_leaves_a_hole_of_two_periods():
    _, beats = lived(Traits(missed_per_min=3), 300)
    rr = np.diff(times(beats))
    assert 5 < np.sum(rr > 1.7 * np.median(rr)) < 40


def test_atrial_fibrillation_has_no_p_wave_and_no_memory():
    _, beats = lived(Traits(af=True), 300)
    rr = np.diff(times(beats))
    assert 0.15 < np.std(rr) / np.mean(rr) < 0.3
    assert abs(np.corrcoef(rr[:-1], rr[1:])[0, 1]) < 0.2
    t = np.arange(0, 60, 0.004)
    p_waves = {}
    for af in (False, True):
        person = Person(3, Traits(af=af))
        ecg = person.measure("ecg", t)
        starts = person.beats(5, 55).tolist()
        p_waves[af] = np.mean([np.interp(beat - 0.165, t, ecg) - np.interp(beat - 0.09, t, ecg) for beat in starts])
    assert p_waves[False] > 0.08
    assert abs(p_waves[True]) < 0.05


def test_episodes_of_fibrillation_come_and_go():
    _, beats = lived(Traits(af_every_s=60, af_lasting_s=40), 600)
    kinds = np.array([beat.kind == BeatKind.FIBRILLATION for beat in beats])
    assert 0.1 < kinds.mean() < 0.9
    assert np.sum(np.diff(kinds.astype(int)) != 0) >= 4


def test_cold_hands_give_a_weak_pulse_and_a_low_temperature():
    t = np.arange(0, 60, 0.01)
    warm, cold = Person(1).measure("ppg", t), Person(1, Traits(cold_hands=0.9)).measure("ppg", t)
    assert np.ptp(cold[1000:]) < 0.35 * np.ptp(warm[1000:])
    assert Person(1, Traits(cold_hands=0.9)).measure("skin_temperature", t).mean() < 26


def test_a_movement_shows_while_it_lasts_and_not_before_or_after():
    t = np.arange(0, 30, 0.01)
    still, moved = Person(4), Person(4)
    moved.move(10.0, 4.0)
    for quantity in ("ecg", "ppg", "respiration", "skin_conductance"):
        difference = np.abs(moved.measure(quantity, t) - still.measure(quantity, t))
        assert difference[(t > 10) & (t < 14)].max() > 0.1
        assert difference[(t < 10) | (t > 14)].max() == 0


UNQUIET = Traits(
    age_years=70,
    stress=0.7,
    stress_later=0.3,
    compliance=0.4,
    sighs_per_hour=60,
    cold_hands=0.4,
    moves_per_min=6,
    pvc_per_min=5,
    pac_per_min=3,
    missed_per_min=1,
    af_every_s=30,
    af_lasting_s=15,
)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_size_of_pieces_does_not_matter_for_an_unquiet_person_either(quantity):
    t = np.arange(0, 60, 0.01)
    whole_person, person = Person(5, UNQUIET), Person(5, UNQUIET)
    for each in (whole_person, person):
        each.follow(6, 0.4, 5.0)
        each.move(20.0, 3.0)
    whole = whole_person.measure(quantity, t)
    pieces = np.concatenate([person.measure(quantity, part) for part in np.array_split(t, 91)])
    np.testing.assert_allclose(pieces, whole, atol=1e-9)


def test_a_loose_sensor_loses_touch_for_moments():
    t = np.arange(0, 300, 0.01)
    values = np.zeros(len(t))
    _, touches = Fit(1, FitTraits(loose=0.8)).seen("ppg", t, values)
    assert 0.05 < 1 - touches.mean() < 0.5
    _, well = Fit(1).seen("ppg", t, values)
    assert well.all()


def test_the_size_of_pieces_does_not_matter_to_a_loose_sensor():
    t = np.arange(0, 60, 0.01)
    traits = FitTraits(loose=0.7, dry=0.2, dry_later=0.9, dries_s=30)
    whole, touched = Fit(3, traits).seen("ecg", t, np.ones(len(t)))
    fit = Fit(3, traits)
    parts = [fit.seen("ecg", part, np.ones(len(part))) for part in np.array_split(t, 53)]
    np.testing.assert_allclose(np.concatenate([values for values, _ in parts]), whole, atol=1e-9)
    np.testing.assert_array_equal(np.concatenate([contact for _, contact in parts]), touched)


def test_a_dry_electrode_hums_and_in_the_end_does_not_touch():
    t = np.arange(0, 600, 0.004)
    values, touches = Fit(1, FitTraits(dry=0.0, dry_later=1.0, dries_s=100)).seen("ecg", t, np.zeros(len(t)))
    assert np.std(values[t < 5]) < 0.02
    assert np.std(values[(t > 200) & (t < 210)]) > 0.1
    assert touches[t < 200].all()
    assert not touches[t > 310].any()
