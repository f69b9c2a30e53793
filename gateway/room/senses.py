"""What the sensors say right now: beats, windows, traces and numbers, always with their quality.

Runs whether or not a session is open, so a counsellor sees the signal before starting. Times here are on the room's
clock; the session's own time is made where it is needed.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from gateway.live import Metric, Metrics, SignalView, Trace
from signals.counted_beats import IntervalPipeline
from signals.eda import EDAStream
from signals.live import LiveHRV
from signals.pipeline import HeartBeat, HeartPipeline, Hole
from signals.reasons import Reason
from signals.respiration import RespirationStream
from signals.rr import LabelledRR
from signals.samples import Channel, Intervals, Samples

QUALITY_FLOOR = 0.5
"""Below this no number of the heart is shown."""
TRACE_S, TRACE_HZ = 60.0, 4.0
WAVE_S, WAVE_HZ = 6.0, 62.5
STALE_S = 3.0
REST_SHARE = 0.02


class Thinned:
    """The newest seconds of a channel, thinned to a few values per second, each with its place in time.

    The wave of a heart keeps the value of each step that is furthest from where the wave rests, so that every R peak
    keeps its height for the eye; slow channels are averaged.
    """

    def __init__(self, seconds: float, rate_hz: float, unit: str, *, peaks: bool) -> None:
        self._size, self._step_ns, self._unit, self._peaks = round(seconds * rate_hz), round(1e9 / rate_hz), unit, peaks
        self._values: deque[tuple[int, float | None]] = deque(maxlen=self._size)
        self._bin: list[float] = []
        self._slot = -1
        self._rest: float | None = None

    def feed(self, samples: Samples) -> None:
        step = 1e9 / samples.rate_hz
        for number, value in enumerate(samples.values.tolist()):
            slot = int(samples.start_ns + number * step) // self._step_ns
            if slot != self._slot:
                self._close()
                self._slot = slot
            self._bin.append(value)

    def _close(self) -> None:
        values = [value for value in self._bin if value == value]  # noqa: PLR0124 - NaN
        self._bin = []
        if self._slot < 0:
            return
        chosen: float | None = None
        if values:
            middle = sum(values) / len(values)
            rest = middle if self._rest is None else self._rest
            self._rest = rest + REST_SHARE * (middle - rest)
            chosen = max(values, key=lambda value: abs(value - rest)) if self._peaks else middle
        self._values.append((self._slot, chosen))

    def trace(self, origin_ns: int) -> Trace:
        """The trace, in time since `origin_ns`; what is missing is None."""
        if not self._values:
            return Trace(0, self._step_ns, [], self._unit)
        newest = self._values[-1][0]
        first = max(self._values[0][0], newest - self._size + 1)
        values: list[float | None] = [None] * (newest - first + 1)
        for slot, value in self._values:
            if slot >= first:
                values[slot - first] = None if value is None else round(value, 4)
        return Trace(first * self._step_ns - origin_ns, self._step_ns, values, self._unit)


@dataclass(frozen=True, slots=True)
class Reading:
    """A number of the body at a moment, before it is shown or kept. `value` None: `reason` says why."""

    name: str
    value: float | None
    unit: str
    window_s: float
    quality: float
    reason: str


class Senses:
    """The sensors of one room, as far as they serve one person in one chair.

    Args:
        stale_s: a channel that has said nothing for so long has no value.
    """

    def __init__(self, stale_s: float = STALE_S) -> None:
        self._stale_ns = round(stale_s * 1e9)
        self.heart: HeartPipeline | IntervalPipeline | None = None
        self.heart_device = ""
        self.live = LiveHRV()
        self._eda: EDAStream | None = None
        self._breath: RespirationStream | None = None
        self._slow: dict[Channel, tuple[int, float]] = {}
        self._seen_ns: dict[Channel, int] = {}
        self.wave = Thinned(WAVE_S, WAVE_HZ, "", peaks=True)
        self.conductance = Thinned(TRACE_S, TRACE_HZ, "µS", peaks=False)
        self.respiration = Thinned(TRACE_S, TRACE_HZ, "", peaks=False)
        self._sources: dict[Channel, tuple[str, int, int]] = {}
        self._now_ns = 0

    def take(self, samples: Samples) -> list[HeartBeat | Hole]:
        """Take samples of any channel; what comes back are beats and holes of the heart."""
        self._seen_ns[samples.channel] = samples.end_ns
        match samples.channel:
            case Channel.ECG | Channel.PPG:
                return self._take_heart(samples)
            case Channel.SKIN_CONDUCTANCE:
                if self._is_new(samples) or self._eda is None:
                    self._eda = EDAStream(float(round(samples.rate_hz)))
                self._eda.feed(samples.values)
                self.conductance.feed(samples)
            case Channel.RESPIRATION:
                if self._is_new(samples) or self._breath is None:
                    self._breath = RespirationStream(float(round(samples.rate_hz)))
                self._breath.feed(samples.values)
                self.respiration.feed(samples)
            case _:
                good = samples.values[np.isfinite(samples.values)]
                if len(good):
                    self._slow[samples.channel] = (samples.end_ns, float(good[-1]))
        return []

    def take_intervals(self, intervals: Intervals) -> list[HeartBeat | Hole]:
        """Take what a sensor that counts beats itself has counted."""
        self._seen_ns[Channel.RR] = max(self._now_ns, *intervals.t_ns.tolist(), 0)
        if not isinstance(self.heart, IntervalPipeline):
            self.heart, self.heart_device = IntervalPipeline(), intervals.device
        return self.heart.feed(intervals)

    def _is_new(self, samples: Samples) -> bool:
        """Another device, another connection or another rate than before: what a stream remembers is void."""
        source = (samples.device, samples.epoch, round(samples.rate_hz))
        before = self._sources.get(samples.channel)
        self._sources[samples.channel] = source
        return source != before

    def _take_heart(self, samples: Samples) -> list[HeartBeat | Hole]:
        out: list[HeartBeat | Hole] = []
        nominal = float(round(samples.rate_hz))
        heart = self.heart
        if not isinstance(heart, HeartPipeline) or heart.rate_hz != nominal or heart.kind != samples.channel.value:
            if heart:
                out += heart.flush()
            self.heart = heart = HeartPipeline("ecg" if samples.channel is Channel.ECG else "ppg", nominal)
            self.heart_device = samples.device
        self.wave.feed(samples)
        return out + heart.feed(samples)

    def lost(self, device: str) -> list[HeartBeat | Hole]:
        """A device is gone: beats that were still being thought about, then nothing until it is back."""
        if device != self.heart_device or self.heart is None:
            return []
        items = self.heart.flush()
        self.heart, self.heart_device = None, ""
        return items

    def labelled(self, t_ns: int, interval: LabelledRR | None) -> None:
        """A beat got its label; None begins a new stretch."""
        if interval is None:
            self.live.gap(t_ns / 1e9)
        else:
            self.live.push(t_ns / 1e9, interval)

    def at(self, now_ns: int) -> None:
        """Time goes on, also when no sensor speaks."""
        self._now_ns = now_ns

    def _stale(self, channel: Channel) -> bool:
        return self._now_ns - self._seen_ns.get(channel, -(10**18)) > self._stale_ns

    @property
    def signal(self) -> SignalView:
        """Quality of the heart signal right now."""
        if self.heart is None:
            return SignalView(0.0, str(Reason.NO_CHANNEL))
        if self._stale(Channel(self.heart.kind) if isinstance(self.heart, HeartPipeline) else Channel.RR):
            return SignalView(0.0, str(Reason.GAP))
        score, reason = self.heart.signal
        return SignalView(round(score, 3), str(reason) if reason else "")

    @property
    def good(self) -> bool:
        """The heart signal is above its floor."""
        signal = self.signal
        return signal.score >= QUALITY_FLOOR and not signal.reason

    def readings(self, now_ns: int) -> list[Reading]:
        """Every number that there is now, with its quality; below the floor there is no number but a reason."""
        self.at(now_ns)
        signal = self.signal
        now_s = now_ns / 1e9
        floor = "" if signal.score >= QUALITY_FLOOR else signal.reason or str(Reason.WEAK)
        half, minute = self.live.read(now_s, 30), self.live.read(now_s, 60)
        coherence = self.live.coherence(now_s)

        def heart(
            name: str, value: float | None, unit: str, window_s: float, share: float, why: Reason | None
        ) -> Reading:
            reason = floor or (str(why) if value is None and why else "")
            quality = round(min(signal.score, share), 3)
            return Reading(name, None if reason else value, unit, window_s, quality, reason)

        out = [
            heart("heart_rate", half.mean_hr_bpm, "1/min", 30, half.accepted_share, half.reason),
            heart("rmssd", minute.rmssd_ms, "ms", 60, minute.accepted_share, minute.reason),
            heart("coherence", coherence.share_percent, "%", 64, minute.accepted_share, coherence.reason),
        ]
        artefacts = round(1 - minute.accepted_share, 4) if minute.n_beats else None
        why = "" if minute.n_beats else floor or str(Reason.TOO_FEW_BEATS)
        out.append(Reading("artefact_share", artefacts, "", 60, 1.0 if minute.n_beats else 0.0, why))
        out.append(Reading("signal_quality", signal.score, "", 4, 1.0, signal.reason))
        return out + self._slow_readings()

    def _slow_readings(self) -> list[Reading]:
        out = []
        absent = str(Reason.NO_CHANNEL)
        eda, breath = self._eda, self._breath
        here = eda is not None and not self._stale(Channel.SKIN_CONDUCTANCE)
        reason = absent if eda is None or not here else str(eda.reason or "")
        level = eda.level_us if eda and not reason else None
        scr = eda.scr_per_min(60) if eda and not reason else None
        out.append(Reading("skin_conductance", level, "µS", 10, 0.0 if reason else 1.0, reason))
        out.append(Reading("scr_rate", scr, "1/min", 60, 0.0 if reason else 1.0, reason))
        here = breath is not None and not self._stale(Channel.RESPIRATION)
        reason = absent if breath is None or not here else str(breath.reason or "")
        rate = breath.rate_per_min(60) if breath and not reason else None
        if rate is None and not reason:
            reason = str(Reason.TOO_SHORT)
        out.append(Reading("breathing_rate", rate, "1/min", 60, 0.0 if reason else 1.0, reason))
        for channel, name, unit in (
            (Channel.SKIN_TEMPERATURE, "skin_temperature", "°C"),
            (Channel.SPO2, "spo2", "%"),
        ):
            fresh = channel in self._slow and not self._stale(channel)
            value = self._slow[channel][1] if fresh else None
            out.append(Reading(name, value, unit, 1, 1.0 if fresh else 0.0, "" if fresh else absent))
        return out


def metrics_of(readings: list[Reading], relaxation: Metric) -> Metrics:
    """The readings as a face wants them."""
    by_name = {reading.name: reading for reading in readings}

    def metric(name: str, digits: int) -> Metric:
        reading = by_name[name]
        value = None if reading.value is None else round(reading.value, digits)
        return Metric(value, reading.unit, reading.quality, reading.reason)

    return Metrics(
        heart_rate=metric("heart_rate", 1),
        rmssd_60s=metric("rmssd", 1),
        coherence=metric("coherence", 1),
        skin_conductance=metric("skin_conductance", 2),
        skin_temperature=metric("skin_temperature", 2),
        breathing_rate=metric("breathing_rate", 1),
        relaxation=relaxation,
        spo2=metric("spo2", 0),
        artefact_share=metric("artefact_share", 3),
    )
