"""When was a beat? A sensor that counts beats says how long each interval was, about once a second, and never when.

Beats are placed by the sum of the intervals through a `Timebase`, never by their arrival: a notification comes up to a
second after its beat. The Heart Rate Service counts nothing, so a hole has to be told from the arrivals: words that are
missing by the sensor's own pace, or time that the intervals do not account for. What only came late catches up within
two seconds and is joined; what does not is a `Gap` and a new stretch, further on, never back. A sensor that stamps its
words (Polar PPI) is believed instead. The rules are ours; the service: Bluetooth SIG, Heart Rate Service 1.0, 3.1.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from devices.events import DeviceEvent, Gap
from devices.timebase import Timebase
from signals.samples import Channel, Intervals

SETTLE_S = 3.0
_LATE_COUNTS = 0.002
"""A word is up to a second late, by the phase of the sensor's ticks, and never early: the edge is sharp."""
_PATIENCE_S = 2.2
_KEPT = 30
_PACE_FROM = 6
_USUAL_PACE_S = _USUAL_RR_S = 1.0
_SLACK_S = 0.35
_RESTART_S = 2.0


@dataclass(frozen=True, slots=True)
class _Word:
    """One notification."""

    rr_s: tuple[float, ...]
    arrival_s: float
    contact: bool | None
    ended_s: float | None

    @property
    def length_s(self) -> float:
        return sum(self.rr_s)


@dataclass(frozen=True, slots=True)
class _Hole:
    start_s: float
    end_s: float
    beats: int


@dataclass(frozen=True, slots=True)
class _Beats:
    """Placed on the sensor's own clock, which is the sum of its intervals and holes."""

    t_s: tuple[float, ...]
    rr_s: tuple[float, ...]
    joined: bool
    contact: bool | None


class BeatClock:
    """Intervals in, placed beats out, for one connection.

    Attributes:
        stale: notifications that came twice.
        holes: stretches that were lost, by loss of contact or of notifications.
    """

    def __init__(self, device: str, epoch: int = 0, settle_s: float = SETTLE_S) -> None:
        """`settle_s`: how long to listen, in seconds of beats, before the first is handed out. None is lost by it."""
        self.stale = self.holes = 0
        self._device, self._epoch = device, epoch
        self._timebase = Timebase(settle_s, _LATE_COUNTS)
        self._origin_ns: int | None = None
        self._sum_s = 0.0
        self._ended_s: float | None = None
        self._broken = False
        self._joined = False
        self._held: list[_Word] = []
        self._placed: list[_Hole | _Beats] = []
        self._newest: deque[_Word] = deque(maxlen=2)
        self._before_held_s = (0.0, 0.0)
        self._delays: deque[float] = deque(maxlen=_KEPT)
        self._spacings: deque[float] = deque(maxlen=_KEPT)
        self._steps: deque[float] = deque(maxlen=_KEPT)
        self._rr_s: deque[float] = deque(maxlen=_KEPT)

    @property
    def settled(self) -> bool:
        """Beats are being handed out."""
        return self._timebase.settled

    def take(
        self, rr_ms: Sequence[float], arrival_ns: int, contact: bool | None, *, ended_s: float | None = None
    ) -> list[DeviceEvent]:
        """A notification has arrived; returns what can be said now, `Intervals` and `Gap` in order.

        Args:
            rr_ms: its intervals, ms, oldest first; none at all, or a number of them.
            arrival_ns: the clock when it came in.
            contact: whether the sensor touches skin; without contact its intervals are not believed.
            ended_s: the sensor's own time of the last beat, s, where it says so.
        """
        if self._origin_ns is None:
            self._origin_ns = arrival_ns
        word = _Word(tuple(rr / 1e3 for rr in rr_ms if rr > 0), (arrival_ns - self._origin_ns) / 1e9, contact, ended_s)
        if self._came_twice(word):
            self.stale += 1
            return []
        if self._newest:
            self._spacings.append(word.arrival_s - self._newest[-1].arrival_s)
        self._newest.append(word)
        if contact is False:
            return [*self._break_off(), self._nothing(contact)]
        if not word.rr_s and not self._held:
            self._before_held_s = (word.arrival_s, self._before_held_s[1])
            return self._said() if contact is None else [*self._said(), self._nothing(contact)]
        self._held.append(word)
        self._judge(word)
        return self._said()

    def interrupt(self) -> None:
        """The sensor has dropped beats and says so: the next interval does not join the one before."""
        if self._held and not self._broken:
            self._accept()
        self._held.clear()
        self._broken = True

    def _came_twice(self, word: _Word) -> bool:
        """A copy follows at once, and puts the sensor ahead of its pace; a word that was late only catches up."""
        if word.ended_s is not None and self._ended_s is not None:
            return self._ended_s - _RESTART_S < word.ended_s <= self._ended_s
        if len(self._newest) < 2 or not word.rr_s or self._broken:
            return False
        before, last = self._newest
        pace_s = self._pace_s
        return (
            word.rr_s == last.rr_s
            and word.arrival_s - last.arrival_s < 0.4 * pace_s
            and word.arrival_s - before.arrival_s < 1.5 * pace_s
        )

    # holes

    def _break_off(self) -> list[DeviceEvent]:
        """Contact is lost: what was held was before that."""
        self.interrupt()
        return self._said()

    def _judge(self, word: _Word) -> None:
        """Join what is held, or find that something is missing before it, or wait for more."""
        if word.ended_s is not None and self._ended_s is not None and len(self._held) == 1 and not self._broken:
            missing_s = word.ended_s - word.length_s - self._ended_s
            if abs(missing_s) <= 0.5 * self._usual_rr_s:
                self._accept()
                return
            if missing_s > 0:
                self._hole(missing_s)
                return
            self._broken = True  # its clock has been restarted
        if not (self._broken or self._suspicious()):
            self._accept()
        elif word.arrival_s - self._held[0].arrival_s >= _PATIENCE_S:
            self._hole(self._shift_s())

    def _suspicious(self) -> bool:
        """Whether something seems to be missing before the words held, as things stand."""
        if not self._joined and not self._delays:
            return False
        last = self._held[-1]
        before_s, delay_before_s = self._before_held_s
        delay_s = last.arrival_s - self._sum_s - sum(word.length_s for word in self._held)
        if delay_s - min(self._delays) > max(self._pace_s, self._usual_rr_s) + _SLACK_S:
            return True
        if len(self._spacings) < _PACE_FROM:
            return False
        if _spread(self._steps) < _spread(self._spacings):  # it speaks at each beat
            return delay_s - delay_before_s > 0.5 * self._usual_rr_s
        pace_s = self._pace_s
        if pace_s <= 0:  # words that came all at once have no pace yet
            return False
        return round((last.arrival_s - before_s) / pace_s) > len(self._held)  # it speaks at each tick

    def _shift_s(self) -> float:
        """How much time is missing, s: the middle of what leaves the delays of the held words as they always are."""
        if not self._delays:
            return 0.0
        usual_s = max(self._delays) - min(self._delays)
        sum_s, excess = self._sum_s, []
        for word in self._held:
            sum_s += word.length_s
            if word.rr_s:
                excess.append(word.arrival_s - sum_s - min(self._delays))
        return max(0.0, (max(excess) - usual_s + min(excess)) / 2) if excess else 0.0

    def _hole(self, missing_s: float) -> None:
        if self._joined:
            beats = max(1, round(missing_s / self._usual_rr_s))
            self._placed.append(_Hole(self._sum_s, self._sum_s + missing_s, beats))
            self.holes += 1
        self._sum_s += missing_s
        self._joined = False
        self._accept()

    def _accept(self) -> None:
        for word in self._held:
            times = []
            for rr_s in word.rr_s:
                self._sum_s += rr_s
                times.append(self._sum_s)
            delay_s = word.arrival_s - self._sum_s
            if word.rr_s:
                self._timebase.observe(self._sum_s, self._ns(word.arrival_s))
                if self._joined:
                    self._steps.append(delay_s - self._before_held_s[1])
                self._delays.append(delay_s)
                self._rr_s.extend(word.rr_s)
            self._before_held_s = (word.arrival_s, delay_s if word.rr_s else self._before_held_s[1])
            self._placed.append(_Beats(tuple(times), word.rr_s, self._joined or not word.rr_s, word.contact))
            self._joined = self._joined or bool(word.rr_s)
            self._ended_s = word.ended_s if word.rr_s else self._ended_s
        self._held.clear()
        self._broken = False

    # what can be said

    def _said(self) -> list[DeviceEvent]:
        if not self._timebase.settled:
            return []
        placed, self._placed = self._placed, []
        return [self._event(what) for what in placed]

    def _event(self, what: _Hole | _Beats) -> DeviceEvent:
        if isinstance(what, _Hole):
            start_ns, end_ns = self._timebase.at_ns(what.start_s), self._timebase.at_ns(what.end_s)
            return Gap(self._device, Channel.RR, start_ns, end_ns, what.beats)
        t_ns = np.array([self._timebase.at_ns(t_s) for t_s in what.t_s], dtype=np.int64)
        rr_ms = np.array(what.rr_s, dtype=np.float64) * 1e3
        return Intervals(self._device, t_ns, rr_ms, what.joined, what.contact, self._epoch)

    def _nothing(self, contact: bool) -> Intervals:
        """No beats, only how the sensor sits."""
        return Intervals(
            self._device, np.empty(0, np.int64), np.empty(0), joined=True, contact=contact, epoch=self._epoch
        )

    def _ns(self, arrival_s: float) -> int:
        return (self._origin_ns or 0) + round(arrival_s * 1e9)

    @property
    def _pace_s(self) -> float:
        if len(self._spacings) >= _PACE_FROM:
            return median(self._spacings)
        return max(_USUAL_PACE_S, *self._spacings, 0.0)

    @property
    def _usual_rr_s(self) -> float:
        return median(self._rr_s) if self._rr_s else _USUAL_RR_S


def _spread(values: Sequence[float] | deque[float]) -> float:
    """Median distance from the median; infinite where too few are known."""
    if len(values) < _PACE_FROM:
        return float("inf")
    middle = median(values)
    return median(abs(value - middle) for value in values)
