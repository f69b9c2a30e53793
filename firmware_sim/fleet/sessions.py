"""Whole sessions of simulated people as the records of a room: what is sent, and when after the beginning.

Beats are those of a `Person` who is paced as the programme paces; the numbers beside them come from simple formulas of
our own, not from `signals`: what counts here is that names, times, sizes and cadence are those of a real room (counted
in a session of `xinyi demo`: ten features every 5 s, eight more with a score, chunks of 10 s). A session is made once
and sent many times, each time under new ids.
"""

from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_sim.fleet.profile import FleetProfile
from firmware_sim.person import Person
from firmware_sim.rhythm import Beat, BeatKind
from firmware_sim.traits import Traits
from gateway.messages import BeatRow, EventRow, FeatureRow, SessionChunk, SessionClosed

Floats = NDArray[np.float64]

_FEATURES_S = 5.0
_SEGMENTS = (("check", 0.0), ("baseline", 8.0), ("breathing", 68.0))
_RECOVERY_S = 60.0
_SCORED = ("rmssd", "heart_rate", "skin_conductance", "scr_rate", "breathing_rate")
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Template:
    """A session without ids: its chunks, and its end."""

    chunks: list[SessionChunk]
    closed: SessionClosed

    def cut(self, chunks: int) -> SessionClosed:
        """The end of a session that somebody ends after so many chunks."""
        kept = self.chunks[:chunks]
        beats = sum(len(chunk.beats) for chunk in kept)
        return msgspec.structs.replace(
            self.closed, ended_ns=kept[-1].to_ns, outcome="ended_early", chunks=len(kept), beats=beats
        )


def pool(profile: FleetProfile, seed: int) -> list[Template]:
    """Sessions of `profile.pool` people of all ages, some of them tense, some with extra beats."""
    luck = np.random.default_rng(seed)
    return [_session(profile, _someone(luck), seed + number) for number in range(profile.pool)]


def _someone(luck: np.random.Generator) -> Traits:
    age, stress, odd = luck.random(3)
    return Traits(
        age_years=25 + 60 * float(age),
        resting_rr_ms=float(luck.uniform(720, 950)),
        stress=0.6 * float(stress) ** 2,
        compliance=float(luck.uniform(0.5, 1.0)),
        pvc_per_min=3.0 if odd > 0.9 else 0.0,
        pac_per_min=2.0 if odd < 0.1 else 0.0,
    )


def _session(profile: FleetProfile, traits: Traits, seed: int) -> Template:
    person = Person(seed, traits)
    heart: list[Beat] = []
    rows: list[FeatureRow] = []
    ends_s = profile.session_s
    for at_s in np.arange(_FEATURES_S, ends_s + 1e-9, _FEATURES_S).tolist():
        if at_s - _FEATURES_S < 68.0 <= at_s:
            person.follow(6.0, 0.4, 68.0)
        if at_s - _FEATURES_S < ends_s - _RECOVERY_S <= at_s:
            person.breathe_freely()
        heart += person.heart(at_s - _FEATURES_S, at_s)
        rows += _features(person, heart, at_s)
    beats = _rows(heart)
    events = [
        EventRow(_ns(from_s), "segment_began", key)
        for key, from_s in (*_SEGMENTS, ("recovery", ends_s - _RECOVERY_S))
        if 0 <= from_s < ends_s
    ]
    chunks = []
    edges = [*np.arange(0.0, ends_s - 1e-9, profile.chunk_s).tolist(), ends_s]
    for number, (from_s, to_s) in enumerate(pairwise(edges), 1):
        low, high = _ns(from_s), _ns(to_s)
        chunks.append(
            SessionChunk(
                session=_NOBODY,
                number=number,
                from_ns=low,
                to_ns=high,
                beats=[row for row in beats if low <= row.t_ns < high],
                features=[row for row in rows if low < row.t_ns <= high],
                events=[row for row in events if low <= row.t_ns < high],
                gaps=[],
            )
        )
    intervals = np.array([row.rr_ms for row in beats if row.rr_ms is not None])
    closed = SessionClosed(
        session=_NOBODY,
        ended_ns=_ns(ends_s),
        outcome="completed",
        chunks=len(chunks),
        beats=sum(len(chunk.beats) for chunk in chunks),
        mean_hr_bpm=float(60_000 / intervals.mean()),
        rmssd_ms=_rmssd(intervals),
        artefact_share=float(np.mean([row.label != "normal" for row in beats])),
        relaxation=next((row.value for row in reversed(rows) if row.name == "relaxation"), None),
    )
    return Template(chunks, closed)


def _rows(heart: list[Beat]) -> list[BeatRow]:
    rows = [BeatRow(_ns(heart[0].at_s), None, "first", 1.0)]
    for before, beat in pairwise(heart):
        odd = {before.kind, beat.kind} & {BeatKind.VENTRICULAR, BeatKind.ATRIAL}
        rr_ms = round(1000 * (beat.at_s - before.at_s), 3)
        rows.append(BeatRow(_ns(beat.at_s), rr_ms, "ectopic" if odd else "normal", 1.0))
    return rows


def _features(person: Person, heart: list[Beat], at_s: float) -> list[FeatureRow]:
    t_ns = _ns(at_s)
    times = np.array([beat.at_s for beat in heart if beat.at_s > at_s - 64])
    rr_ms = 1000 * np.diff(times)
    now = np.array([at_s - 0.01])
    conductance = float(person.measure("skin_conductance", now)[0])
    values = {
        "heart_rate": (float(60_000 / rr_ms[-30:].mean()) if at_s >= 10 else None, "1/min", 30.0),
        "rmssd": (_rmssd(rr_ms) if at_s >= 60 else None, "ms", 60.0),
        "coherence": (_peak_share(times, rr_ms) if at_s >= 64 else None, "%", 64.0),
        "artefact_share": (0.0, "", 60.0),
        "signal_quality": (1.0, "", 4.0),
        "skin_conductance": (conductance if at_s >= 10 else None, "µS", 10.0),
        "scr_rate": (float(round(4 + 8 * person.stress.at(at_s))) if at_s >= 60 else None, "1/min", 60.0),
        "breathing_rate": (60 * person.breathing.rate_hz(at_s) if at_s >= 60 else None, "1/min", 60.0),
        "skin_temperature": (round(float(person.measure("skin_temperature", now)[0]), 2), "°C", 1.0),
    }
    rows = [
        FeatureRow(
            t_ns,
            name,
            value,
            unit,
            window_s,
            1.0 if value is not None else 0.0,
            "" if value is not None else "too_short",
        )
        for name, (value, unit, window_s) in values.items()
    ]
    rows.append(FeatureRow(t_ns, "spo2", None, "%", 1.0, 0.0, "no_channel"))
    if at_s >= 130:
        z = float(np.clip((9.0 - conductance) / 2, -3, 3))
        score = 100 / (1 + float(np.exp(-z)))
        scores = {"relaxation": score, "relaxation_low": 0.6 * score, "relaxation_high": 40 + 0.6 * score}
        rows += [FeatureRow(t_ns, name, value, "", 60.0, 0.3) for name, value in scores.items()]
        rows += [FeatureRow(t_ns, f"relaxation_z_{name}", z, "", 60.0, 0.3, "paced") for name in _SCORED]
    return rows


def _rmssd(rr_ms: Floats) -> float:
    return float(np.sqrt(np.mean(np.diff(rr_ms) ** 2)))


def _peak_share(times: Floats, rr_ms: Floats) -> float:
    """Share of the highest peak in 0.04-0.26 Hz, %."""
    grid = np.arange(times[1], times[-1], 0.25)
    even = np.interp(grid, times[1:], rr_ms)
    power = np.abs(np.fft.rfft((even - even.mean()) * np.hanning(len(even)), 512)) ** 2
    hz = np.fft.rfftfreq(512, 0.25)
    band = (hz >= 0.04) & (hz <= 0.26)
    top = hz[band][np.argmax(power[band])]
    near = band & (np.abs(hz - top) <= 0.015)
    return float(100 * power[near].sum() / power[band].sum())


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
