"""What is known of one process of one site: its last birth and heartbeat, its counters, since when it is silent."""

from collections import deque
from typing import NamedTuple

from gateway.fleet.counters import Increase, Minutes, Recent, increase
from gateway.fleet.health import Birth, DeviceBirth, DeviceHealth, Heartbeat
from gateway.live import Health
from gateway.messages import DeviceMinute

_BOOTS_REMEMBERED = 8
_ARRIVALS = 3
S = 1_000_000_000


class Device(NamedTuple):
    """A device as its last heartbeat and birth tell it."""

    health: DeviceHealth
    who: DeviceBirth | None
    lately: Increase


class Process:
    """One process. Times are UTC ns of whoever watches.

    Attributes:
        heard_ns: when it last said something itself; None: never.
        offline_ns: when its broker said that it has gone; None: it has not, or it has come back.
        birth: of the boot that runs; None when nobody heard it.
        heartbeat: the last one of the boot that runs.
        stale: messages of an earlier boot, or older than what was there.
    """

    def __init__(self) -> None:
        self.heard_ns: int | None = None
        self.offline_ns: int | None = None
        self.birth: Birth | None = None
        self.heartbeat: Heartbeat | None = None
        self.asked_ns: int | None = None
        self.stale = 0
        self._boots: deque[str] = deque(maxlen=_BOOTS_REMEMBERED)
        self._restarts, self._dead_letters, self._incidents = Recent(), Recent(), Recent()
        self._skews_ns: deque[int] = deque(maxlen=_ARRIVALS)
        self._devices: dict[str, DeviceHealth] = {}
        self._lately: dict[str, Increase] = {}
        self._minutes: dict[str, Minutes] = {}

    def take_birth(self, birth: Birth, now_ns: int) -> None:
        if self._enter(birth.boot, now_ns):
            self.birth = birth
            self._heard(now_ns)

    def take_heartbeat(self, beat: Heartbeat, now_ns: int) -> None:
        """A heartbeat. One that is not newer than the last of its boot changes nothing."""
        if not self._enter(beat.boot, now_ns):
            return
        last = self.heartbeat
        if last and beat.number <= last.number:
            self.stale += 1
            return
        self._heard(now_ns)
        self._skews_ns.append(beat.sent_utc_ns - now_ns)
        if last:
            self._dead_letters.add(now_ns, beat.dead_letters - last.dead_letters)
            self._incidents.add(now_ns, beat.incidents - last.incidents)
        whole = beat.number == 1 or last is not None or len(self._boots) > 1
        self._count(beat, now_ns, whole=whole)
        self.heartbeat = beat

    def take_offline(self, now_ns: int) -> None:
        if self.offline_ns is None:
            self.offline_ns = now_ns

    def restarts(self, now_ns: int) -> int:
        """In the last hour."""
        return self._restarts.total(now_ns)

    def dead_letters(self, now_ns: int) -> int:
        """New ones in the last hour."""
        return self._dead_letters.total(now_ns)

    def incidents(self, now_ns: int) -> int:
        """New ones in the last hour."""
        return self._incidents.total(now_ns)

    @property
    def clock_off_s(self) -> float | None:
        """How wrong its clock is: what its kernel says, else how its heartbeats differ from our clock; of the last
        three the best one, because travelling takes time and never less than none.
        """
        if self.heartbeat is None:
            return None
        if self.heartbeat.clock_offset_ms is not None:
            return abs(self.heartbeat.clock_offset_ms) / 1000
        return min(abs(skew) for skew in self._skews_ns) / S if self._skews_ns else None

    def devices(self) -> list[Device]:
        """Its devices, sorted by id."""
        who = {device.id: device for device in self.birth.devices} if self.birth else {}
        return [
            Device(health, who.get(id_), self._lately.get(id_, Increase()))
            for id_, health in sorted(self._devices.items())
        ]

    def minutes(self, now_ns: int) -> list[DeviceMinute]:
        """Minutes of its devices that are over; each is given once."""
        rows = [row for minutes in self._minutes.values() for row in minutes.take(now_ns)]
        for gone in [id_ for id_ in self._minutes if id_ not in self._devices]:
            if not self._minutes[gone].waits:
                del self._minutes[gone]
        return rows

    def _enter(self, boot: str, now_ns: int) -> bool:
        """Whether this boot is the one that runs: a new one becomes it, an old one is a straggler.

        Boots are told apart by having been seen, never by their times: a small computer without a battery-backed clock
        starts in 1970.
        """
        if self._boots and self._boots[-1] == boot:
            return True
        if boot in self._boots:
            self.stale += 1
            return False
        if self._boots:
            self._restarts.add(now_ns)
        self._boots.append(boot)
        self.birth = self.heartbeat = None
        self._devices = {}
        self._skews_ns.clear()
        return True

    def _heard(self, now_ns: int) -> None:
        self.heard_ns, self.offline_ns = now_ns, None

    def _count(self, beat: Heartbeat, now_ns: int, *, whole: bool) -> None:
        before, self._devices = self._devices, {device.id: device for device in beat.devices}
        self._lately = {}
        for id_, health in self._devices.items():
            more = increase(before.get(id_), health, whole=whole)
            self._lately[id_] = more
            if id_ in self._minutes or len(self._minutes) < 2 * len(self._devices):
                self._minutes.setdefault(id_, Minutes(id_)).add(health, more, now_ns)


def is_connected(health: DeviceHealth) -> bool:
    """Whether the device is there and well enough to speak."""
    return health.health == Health.CONNECTED
