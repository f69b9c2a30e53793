"""A simulated person: breath, heart, skin. Calmer with time, calmest when they breathe slowly along with the chair.

The heart period follows the breath (respiratory sinus arrhythmia). Its amplitude depends on the breathing rate and is
largest near 5.7 per minute, where breath and baroreflex resonate: Vaschillo et al. 2002, Appl Psychophysiol Biofeedback
27(1); Lehrer and Gevirtz 2014, Front Psychol 5:756. Slow waves near 0.095 Hz, drift and noise come on top. Skin
conductance is a level plus responses of Bateman shape (rise 0.75 s, decay 2.2 s). Figures are round numbers of healthy
adults, made to exercise the software, not to study people with.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_sim.breath import Breathing, FeltPace
from firmware_sim.waves import ecg_wave, ppg_wave

Floats = NDArray[np.float64]
Quantity = Literal["ecg", "ppg", "skin_conductance", "skin_temperature", "respiration", "spo2", "pulse_rate"]

_KEPT_S = 90.0
_RESONANCE_HZ = 0.095
_AHEAD_S = 0.8


class Person:
    """Everything is a function of the person's own time in seconds; ask in increasing order, in pieces of any size.

    Attributes:
        breathing: their breath; `follow` changes its pace.
    """

    def __init__(self, seed: int = 0, *, resting_rr_ms: float = 810.0, breaths_per_min: float = 14.0) -> None:
        streams = np.random.default_rng(seed).spawn(8)
        self._heart_rng, self._skin_rng = streams[1], streams[2]
        self._noise = dict(
            zip(("ecg", "ppg", "skin_conductance", "skin_temperature", "respiration"), streams[3:], strict=True)
        )
        self.breathing = Breathing(streams[0], breaths_per_min)
        self._resting_rr_ms = resting_rr_ms
        self._beats = [0.3]
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

    def beats(self, start_s: float, end_s: float) -> Floats:
        """R peaks in [start_s, end_s), s."""
        self._beat_until(end_s)
        beats = np.array(self._beats)
        return beats[(beats >= start_s) & (beats < end_s)]

    def measure(self, quantity: Quantity, t_s: Floats) -> Floats:
        """What a good sensor would show at `t_s` [n], increasing; in the unit of the channel.

        The pulse rate is NaN for the first seconds: there is no rate before there are beats.
        """
        if not len(t_s):
            return np.empty(0)
        end_s = float(t_s[-1])
        self._beat_until(end_s + _AHEAD_S)
        self._forget(float(t_s[0]) - _KEPT_S)
        match quantity:
            case "ecg":
                volume = self.breathing.volume(t_s)
                beats, rr = self._around(t_s)
                wave = ecg_wave(t_s, beats, rr) * (1 + 0.05 * volume)
                hum = 0.004 * np.sin(2 * np.pi * 50 * t_s)
                return wave + 0.04 * volume + hum + 0.008 * self._noise["ecg"].standard_normal(len(t_s))
            case "ppg":
                volume = self.breathing.volume(t_s)
                beats, rr = self._around(t_s)
                wave = ppg_wave(t_s, beats, rr) * (1 - 0.06 * volume)
                return 0.15 + 0.75 * wave + 0.04 * volume + 0.004 * self._noise["ppg"].standard_normal(len(t_s))
            case "respiration":
                return self.breathing.volume(t_s) + 0.01 * self._noise["respiration"].standard_normal(len(t_s))
            case "skin_conductance":
                noise = 0.003 * self._noise["skin_conductance"].standard_normal(len(t_s))
                return 6.0 - 2.6 * self._calmness(t_s) + self._phasic(t_s) + noise
            case "skin_temperature":
                noise = 0.01 * self._noise["skin_temperature"].standard_normal(len(t_s))
                return 31.8 + 2.0 * self._calmness(t_s) + noise
            case "spo2":
                return np.round(97.2 + 0.6 * np.sin(2 * np.pi * t_s / 71))
            case "pulse_rate":
                periods = np.diff(self.beats(end_s - 12, end_s))
                return np.full(len(t_s), np.round(60 / np.mean(periods)) if len(periods) > 2 else np.nan)

    def _beat_until(self, t_s: float) -> None:
        while self._beats[-1] < t_s:
            self._beat()

    def _forget(self, before_s: float) -> None:
        if self._beats[0] < before_s - _KEPT_S:
            keep = next(i for i, beat in enumerate(self._beats) if beat >= before_s)
            del self._beats[:keep], self._calm[:keep]
        self.breathing.forget(before_s)

    def _beat(self) -> None:
        now, calm = self._beats[-1], self._calm[-1]
        volume = float(self.breathing.volume(np.array([now]))[0])
        rate_hz = self.breathing.rate_hz(now)
        resonance = float(np.exp(-0.5 * ((rate_hz - _RESONANCE_HZ) / 0.022) ** 2))
        a, b, c = self._heart_rng.standard_normal(3)
        self._slow_phase += 2 * np.pi * 0.095 * 0.8 + 0.35 * a
        self._drift_ms += -0.02 * self._drift_ms + 3.5 * b * (1 - 0.4 * resonance)
        slow_ms = 17.0 * (1 - 0.8 * resonance) * float(np.sin(self._slow_phase))
        rr_ms = (
            self._resting_rr_ms
            + 110.0 * calm
            - (14.0 + 44.0 * resonance) * (2 * volume - 1)
            + slow_ms
            + self._drift_ms
            + 5.0 * c
        )
        rr_s = float(np.clip(rr_ms, 400, 1600)) / 1000
        goal, time_s = (0.95, 100.0) if self.breathing.pace else (0.55, 240.0)
        self._beats.append(now + rr_s)
        self._calm.append(calm + (goal - calm) * (1 - float(np.exp(-rr_s / time_s))))

    def _around(self, t_s: Floats) -> tuple[Floats, Floats]:
        """Beats that reach into `t_s`, and the period that begins with each, s."""
        beats = np.array(self._beats)
        first = max(0, int(np.searchsorted(beats, t_s[0] - 2.0)))
        return beats[first:-1], np.diff(beats[first:])

    def _calmness(self, t_s: Floats) -> Floats:
        return np.asarray(np.interp(t_s, self._beats, self._calm), dtype=np.float64)

    def _phasic(self, t_s: Floats) -> Floats:
        while self._next_response_s <= t_s[-1]:
            calm = float(self._calmness(np.array([self._next_response_s]))[0])
            size = float(np.clip(self._skin_rng.lognormal(-1.4, 0.5), 0.05, 0.9))
            self._responses.append((self._next_response_s, size))
            per_s = (7.0 * (1 - calm) + 0.4) / 60
            self._next_response_s += 1.5 + float(self._skin_rng.exponential(1 / per_s))
        self._responses = [row for row in self._responses if row[0] > t_s[0] - 20]
        total = np.zeros(len(t_s))
        for start_s, size in self._responses:
            x = np.clip(t_s - start_s, 0, None)
            total += size * 2.0 * (np.exp(-x / 2.2) - np.exp(-x / 0.75))
        return total
