"""A simulated person: breath, heart, skin. Calmer with time, calmest when they breathe slowly along with the chair.

The heart period follows the breath (respiratory sinus arrhythmia). Its amplitude depends on the breathing rate and is
largest near 5.7 per minute, where breath and baroreflex resonate: Vaschillo et al. 2002, Appl Psychophysiol Biofeedback
27(1); Lehrer and Gevirtz 2014, Front Psychol 5:756. Slow waves near 0.095 Hz, drift and noise come on top. Age: ln HF
power falls by 0.039 a year, so the swing by half that exponent (Choi, Cha and Park 2020, Front Aging Neurosci
12:610626); no sinus rate above 208 - 0.7 age (Tanaka et al. 2001, J Am Coll Cardiol 37:153). Stress: faster heart, less
variation (Castaldo et al. 2015, Biomed Signal Process Control 18:370), more skin responses (Boucsein 2012,
Electrodermal Activity: 1-3 a minute at rest, over 20 in arousal), colder skin. Skin conductance is a level plus
responses of Bateman shape (rise 0.75 s, decay 2.2 s). Figures are round: to exercise software, not to study people.
"""

import bisect
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_sim.breath import Breathing, FeltPace
from firmware_sim.course import Course
from firmware_sim.movement import Movements
from firmware_sim.rhythm import Beat, Rhythm
from firmware_sim.traits import Traits
from firmware_sim.waves import ecg_wave, fibrillation_wave, ppg_wave

Floats = NDArray[np.float64]
Quantity = Literal["ecg", "ppg", "skin_conductance", "skin_temperature", "respiration", "spo2", "pulse_rate"]

_KEPT_S = 90.0
_RESONANCE_HZ = 0.095
_AHEAD_S = 0.8
_RESPONSE_S = 20.0
_LONGEST_RR_MS = 2500.0


class Person:
    """Everything is a function of the person's own time in seconds; ask in increasing order, in pieces of any size.

    Attributes:
        traits: what they were like at first.
        breathing: their breath; `follow` changes its pace.
        rhythm: where their beats come from.
        stress: 0 … 1, over time.
        cold: of the hands, 0 … 1, over time.
        resting_rr_ms: heart period before calm, stress and breath, over time.
    """

    def __init__(
        self,
        seed: int = 0,
        traits: Traits | None = None,
    ) -> None:
        self.traits = traits = traits or Traits()
        streams = np.random.default_rng(seed).spawn(10)
        self._heart_rng, self._skin_rng = streams[1], streams[2]
        self._noise = dict(
            zip(("ecg", "ppg", "skin_conductance", "skin_temperature", "respiration"), streams[3:8], strict=True)
        )
        self.stress = Course(traits.stress)
        if traits.stress_later is not None:
            self.stress.turn(0.0, traits.stress_later, traits.stress_settles_s)
        self.cold = Course(traits.cold_hands)
        self.resting_rr_ms = Course(traits.resting_rr_ms)
        self.breathing = Breathing(streams[0], traits.breaths_per_min, traits, self.stress)
        self.rhythm = Rhythm(streams[8], traits)
        self._movements = Movements(streams[9], traits.moves_per_min)
        self._young = float(np.exp(-0.0195 * (traits.age_years - 35)))
        self._shortest_rr_ms = 60_000 / (208 - 0.7 * traits.age_years)
        self._beats = [Beat(0.3)]
        self._calm = [0.0]
        self._slow_phase = 0.0
        self._drift_ms = 0.0
        self._responses: list[tuple[float, float]] = []
        self._next_response_s = 4.0

    def follow(self, rate_per_min: float, inhale_share: float, inhale_at_s: float) -> None:
        """From the next breath on, breathe at this pace; `inhale_at_s`: when one of its inhalations begins."""
        self.breathing.pace = FeltPace(rate_per_min, inhale_share, inhale_at_s)

    def breathe_freely(self) -> None:
        self.breathing.pace = None

    def move(self, at_s: float, seconds: float = 2.0, strength: float = 1.0) -> None:
        """Move at `at_s`, for so long; strength 1 is a good stretch."""
        self._movements.move(at_s, seconds, strength)

    def beats(self, start_s: float, end_s: float) -> Floats:
        """R peaks in [start_s, end_s), s."""
        return np.array([beat.at_s for beat in self.heart(start_s, end_s)])

    def heart(self, start_s: float, end_s: float) -> list[Beat]:
        """Beats in [start_s, end_s), with where they come from and the pulse that they give."""
        self._beat_until(end_s)
        first = bisect.bisect_left(self._beats, start_s, key=lambda beat: beat.at_s)
        last = bisect.bisect_left(self._beats, end_s, key=lambda beat: beat.at_s)
        return self._beats[first:last]

    def measure(self, quantity: Quantity, t_s: Floats) -> Floats:
        """What a good sensor would show at `t_s` [n], increasing; in the unit of the channel.

        The pulse rate is NaN for the first seconds: there is no rate before there are beats.
        """
        if not len(t_s):
            return np.empty(0)
        self._beat_until(float(t_s[-1]) + _AHEAD_S)
        self._forget(float(t_s[0]) - _KEPT_S)
        values = self._quiet(quantity, t_s)
        moved = self._movements.wave(quantity, t_s)
        return values if moved is None else values + moved

    def _quiet(self, quantity: Quantity, t_s: Floats) -> Floats:
        """What it would be if nobody moved."""
        match quantity:
            case "ecg":
                volume = self.breathing.volume(t_s)
                beats, rr, odd = self._around(t_s)
                wave = ecg_wave(t_s, beats, rr, np.array([beat.kind for beat in odd], dtype=np.int64))
                wave *= 1 + 0.05 * volume
                fibrillates = self.rhythm.fibrillates.over(t_s)
                if fibrillates.any():
                    wave += fibrillates * fibrillation_wave(t_s)
                hum = 0.004 * np.sin(2 * np.pi * 50 * t_s)
                return wave + 0.04 * volume + hum + 0.008 * self._noise["ecg"].standard_normal(len(t_s))
            case "ppg":
                volume = self.breathing.volume(t_s)
                beats, rr, odd = self._around(t_s)
                wave = ppg_wave(t_s, beats, rr, np.array([beat.strength for beat in odd])) * (1 - 0.06 * volume)
                flow = (1 - 0.93 * self.cold.over(t_s)) * (1 - 0.35 * self.stress.over(t_s))
                return 0.15 + 0.75 * wave * flow + 0.04 * volume + 0.004 * self._noise["ppg"].standard_normal(len(t_s))
            case "respiration":
                return self.breathing.volume(t_s) + 0.01 * self._noise["respiration"].standard_normal(len(t_s))
            case "skin_conductance":
                noise = 0.003 * self._noise["skin_conductance"].standard_normal(len(t_s))
                level = 6.0 - 2.6 * self._calmness(t_s) + 5.0 * self.stress.over(t_s)
                return level + self._phasic(t_s) + noise
            case "skin_temperature":
                noise = 0.01 * self._noise["skin_temperature"].standard_normal(len(t_s))
                colder = 1.5 * self.stress.over(t_s) + 9.0 * self.cold.over(t_s)
                return 31.8 + 2.0 * self._calmness(t_s) - colder + noise
            case "spo2":
                return np.round(97.2 + 0.6 * np.sin(2 * np.pi * t_s / 71))
            case "pulse_rate":
                end_s = float(t_s[-1])
                periods = np.diff(self.beats(end_s - 12, end_s))
                return np.full(len(t_s), np.round(60 / np.mean(periods)) if len(periods) > 2 else np.nan)

    def _beat_until(self, t_s: float) -> None:
        while self._beats[-1].at_s < t_s:
            self._beat()

    def _forget(self, before_s: float) -> None:
        if self._beats[0].at_s < before_s - _KEPT_S:
            keep = bisect.bisect_left(self._beats, before_s, key=lambda beat: beat.at_s)
            del self._beats[:keep], self._calm[:keep]
        self.breathing.forget(before_s)

    def _beat(self) -> None:
        last, calm = self._beats[-1], self._calm[-1]
        now, stress = last.at_s, self.stress.at(last.at_s)
        volume = float(self.breathing.volume(np.array([now]))[0])
        rate_hz = self.breathing.rate_hz(now)
        resonance = float(np.exp(-0.5 * ((rate_hz - _RESONANCE_HZ) / 0.022) ** 2))
        swing = self._young * (1 - 0.6 * stress)
        a, b, c = self._heart_rng.standard_normal(3)
        self._slow_phase += 2 * np.pi * 0.095 * 0.8 + 0.35 * a
        self._drift_ms += -0.02 * self._drift_ms + 3.5 * b * (1 - 0.4 * resonance)
        slow_ms = 17.0 * (1 - 0.8 * resonance) * float(np.sin(self._slow_phase))
        rr_ms = (
            self.resting_rr_ms.at(now)
            + 110.0 * calm
            - 190.0 * stress
            - swing * (14.0 + 44.0 * resonance) * (2 * volume - 1)
            + swing * slow_ms
            + swing * self._drift_ms
            + swing * 5.0 * c
        )
        sinus_s = float(np.clip(rr_ms, self._shortest_rr_ms, _LONGEST_RR_MS)) / 1000
        beat = self.rhythm.after(last, sinus_s)
        goal, time_s = (0.95, 100.0) if self.breathing.pace else (0.55, 240.0)
        self._beats.append(beat)
        gain = (goal * (1 - 0.7 * stress) - calm) * (1 - float(np.exp(-(beat.at_s - now) / time_s)))
        self._calm.append(calm + gain)

    def _around(self, t_s: Floats) -> tuple[Floats, Floats, list[Beat]]:
        """Beats that reach into `t_s`: when, the period that begins with each, s, and what they are."""
        first = bisect.bisect_left(self._beats, float(t_s[0]) - 2.0, key=lambda beat: beat.at_s)
        near = self._beats[first:]
        at_s = np.array([beat.at_s for beat in near])
        return at_s[:-1], np.diff(at_s), near[:-1]

    def _calmness(self, t_s: Floats) -> Floats:
        return np.asarray(np.interp(t_s, [beat.at_s for beat in self._beats], self._calm), dtype=np.float64)

    def _phasic(self, t_s: Floats) -> Floats:
        while self._next_response_s <= t_s[-1]:
            calm = float(self._calmness(np.array([self._next_response_s]))[0])
            size = float(np.clip(self._skin_rng.lognormal(-1.4, 0.5), 0.05, 0.9))
            self._responses.append((self._next_response_s, size))
            per_s = (7.0 * (1 - calm) + 0.4 + 12.0 * self.stress.at(self._next_response_s)) / 60
            self._next_response_s += 1.5 + float(self._skin_rng.exponential(1 / per_s))
        self._responses = [row for row in self._responses if row[0] > t_s[0] - _RESPONSE_S]
        total = np.zeros(len(t_s))
        for start_s, size in self._responses:
            x = np.clip(t_s - start_s, 0, None)
            total += np.where(x < _RESPONSE_S, size * 2.0 * (np.exp(-x / 2.2) - np.exp(-x / 0.75)), 0.0)
        return total
