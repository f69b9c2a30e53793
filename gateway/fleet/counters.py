"""Totals that begin anew with every boot, as what happened in one minute or in the last hour.

A total that is lower than before has begun anew; then the whole of it is new. A first heartbeat whose beginning nobody
heard is only a base line. Everything here is bounded.
"""

from collections import deque
from dataclasses import dataclass, field

from gateway.fleet.health import DeviceHealth
from gateway.live import Health
from gateway.messages import DeviceMinute

MINUTE_NS = 60 * 1_000_000_000
HOUR_NS = 60 * MINUTE_NS
MOST_MINUTES = 30
"""Minutes of a device that wait to be taken; older ones are dropped."""
FEWEST_FRAMES = 30
"""So many must be expected before their share says anything."""
_MOST_RECENT = 64
_COUNTERS = ("frames", "crc_errors", "lost_frames", "reconnects")


@dataclass(frozen=True, slots=True)
class Increase:
    """What was added to the counters of a device."""

    frames: int = 0
    crc_errors: int = 0
    lost_frames: int = 0
    reconnects: int = 0

    @property
    def bad_percent(self) -> float | None:
        """Share of frames that came broken or not at all; None when too few came to say."""
        return bad_percent(self.frames, self.crc_errors, self.lost_frames)


def bad_percent(frames: int, crc_errors: int, lost_frames: int) -> float | None:
    """Share of frames that came broken or not at all, percent; None below `FEWEST_FRAMES`."""
    everything = frames + crc_errors + lost_frames
    return 100 * (crc_errors + lost_frames) / everything if everything >= FEWEST_FRAMES else None


def increase(before: DeviceHealth | None, now: DeviceHealth, *, whole: bool) -> Increase:
    """What happened between two heartbeats.

    Args:
        before: the same device in the heartbeat before of the same boot, or None.
        now: the device now.
        whole: without one before, everything is new (the boot began under our eyes); else it is a base line.
    """
    if before is None:
        return Increase(now.frames, now.crc_errors, now.lost_frames, now.reconnects) if whole else Increase()
    pairs = [(getattr(before, name), getattr(now, name)) for name in _COUNTERS]
    if any(after < earlier for earlier, after in pairs):
        return Increase(*(after for _, after in pairs))
    return Increase(*(after - earlier for earlier, after in pairs))


@dataclass(slots=True)
class _Bucket:
    beats: int = 0
    connected: int = 0
    frames: int = 0
    crc_errors: int = 0
    lost_frames: int = 0
    reconnects: int = 0
    silent_s: float = 0.0
    battery_percent: float | None = None
    rssi_dbm: float | None = None


@dataclass(slots=True)
class Minutes:
    """Minutes of one device that are being filled or wait to be taken."""

    device: str
    dropped: int = 0
    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether there is something to take, now or later."""
        return bool(self._buckets)

    def add(self, health: DeviceHealth, more: Increase, now_ns: int) -> None:
        """One heartbeat."""
        bucket = self._buckets.setdefault(now_ns // MINUTE_NS, _Bucket())
        bucket.beats += 1
        bucket.connected += health.health == Health.CONNECTED
        bucket.frames += more.frames
        bucket.crc_errors += more.crc_errors
        bucket.lost_frames += more.lost_frames
        bucket.reconnects += more.reconnects
        bucket.silent_s = max(bucket.silent_s, health.silent_s or 0.0)
        bucket.battery_percent, bucket.rssi_dbm = health.battery_percent, health.rssi_dbm
        if len(self._buckets) > MOST_MINUTES:
            del self._buckets[min(self._buckets)]
            self.dropped += 1

    def take(self, now_ns: int) -> list[DeviceMinute]:
        """The minutes that are over, oldest first; they are forgotten here."""
        over = sorted(minute for minute in self._buckets if minute < now_ns // MINUTE_NS)
        return [_row(self.device, minute, self._buckets.pop(minute)) for minute in over]


def _row(device: str, minute: int, bucket: _Bucket) -> DeviceMinute:
    return DeviceMinute(
        t_utc_ns=minute * MINUTE_NS,
        device=device,
        connected_share=bucket.connected / bucket.beats,
        frames=bucket.frames,
        crc_errors=bucket.crc_errors,
        lost_frames=bucket.lost_frames,
        reconnects=bucket.reconnects,
        silent_s=bucket.silent_s,
        battery_percent=bucket.battery_percent,
        rssi_dbm=bucket.rssi_dbm,
    )


class Recent:
    """How much of something happened in the last hour."""

    def __init__(self) -> None:
        self._when: deque[tuple[int, int]] = deque(maxlen=_MOST_RECENT)

    def add(self, now_ns: int, count: int = 1) -> None:
        if count > 0:
            self._when.append((now_ns, count))

    def total(self, now_ns: int) -> int:
        while self._when and self._when[0][0] <= now_ns - HOUR_NS:
            self._when.popleft()
        return sum(count for _, count in self._when)
