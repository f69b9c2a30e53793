"""What a centre makes of births, heartbeats and silence: a picture of every site and device. No I/O, injected time.

Retained messages are never trusted (DESIGN): a broker may have forgotten them, or kept them from a machine that is long
gone. A site is there because it speaks, and silent when three of its heartbeats are missing or its broker says that all
of its processes have gone. Sites that should be there and have not spoken come from `expect`. Who is `deaf` knows
nothing, and after that gives everybody time to speak: our own cut is not theirs.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from devices.families import BY_KIND
from gateway import topics
from gateway.fleet.errors import HealthUnreadable
from gateway.fleet.health import HEARTBEAT_S, Birth, Heartbeat, decode_birth, decode_heartbeat, parse_state
from gateway.fleet.metrics import Sample, device_values, process_values
from gateway.fleet.process import Device, Process, S
from gateway.live import Health
from gateway.messages import DeviceMinutes

SILENT_AFTER = 3
"""So many heartbeats must be missing."""
MOST_SITES = 20_000
MOST_PROCESSES = 16
ASK_AGAIN_S = 60


class ProcessView(Struct, frozen=True):
    """A process for faces. `since_ns`: when it was last heard."""

    process: str
    online: bool
    since_ns: int | None
    birth: Birth | None
    heartbeat: Heartbeat | None
    devices: list[Device]


class SiteView(Struct, frozen=True):
    """A site for faces. `since_ns`: when it was last heard, None for never."""

    site: str
    online: bool
    since_ns: int | None
    processes: list[ProcessView]


def faults_of(view: SiteView) -> set[str]:
    """What moves people there and reports a fault, by id: chairs that are heard, and those that its relay names."""
    speaking = [process for process in view.processes if process.online]
    named = {fault for process in speaking if process.heartbeat for fault in process.heartbeat.faults}
    chairs = {kind for kind, family in BY_KIND.items() if family.chair}
    return named | {
        device.health.id
        for process in speaking
        for device in process.devices
        if device.health.health == Health.FAULT and device.who and device.who.kind in chairs
    }


def _silence(silent: bool | None) -> dict[str, float]:
    return {} if silent is None else {"silent": float(silent)}


def _always(_site: str, _now_ns: int) -> bool:
    return True


class FleetWatch:
    """The picture. All times are UTC ns of the watcher's clock.

    Args:
        beat_s: how often processes speak.
        release: the version that should run everywhere; "" for none.
        opening: whether a site is open at a moment; without it always.
    """

    def __init__(
        self, *, beat_s: float = HEARTBEAT_S, release: str = "", opening: Callable[[str, int], bool] = _always
    ) -> None:
        self.release = release
        self.unreadable = self.refused = 0
        self.last_problem = ""
        self._patience_ns = round(SILENT_AFTER * beat_s * S)
        self._opening = opening
        self._sites: dict[str, dict[str, Process]] = {}
        self._since: dict[str, int] = {}
        self._hearing_ns: int | None = 0

    def deaf(self) -> None:
        """The watcher's own connection is lost: nobody knows anything until `hearing`."""
        self._hearing_ns = None

    def hearing(self, now_ns: int) -> None:
        """The watcher is connected and subscribed (again)."""
        self._hearing_ns = now_ns

    def expect(self, sites: Iterable[str], now_ns: int) -> None:
        """Sites that should be there: those that are not heard will be silent."""
        for site in sites:
            self._processes(site, now_ns)

    def forget(self, site: str) -> None:
        """A site that is no more."""
        self._sites.pop(site, None)
        self._since.pop(site, None)

    def take(self, topic: str, payload: bytes, *, retained: bool, now_ns: int) -> None:
        """A message of `health.all_states`. Never raises: what cannot be read is counted."""
        if retained:
            return
        try:
            where = parse_state(topic)
            match where.what:
                case "birth":
                    self.take_birth(decode_birth(topic, payload), now_ns)
                case "health":
                    self.take_heartbeat(decode_heartbeat(topic, payload), now_ns)
                case _ if payload == topics.OFFLINE:
                    process = self._sites.get(where.site, {}).get(where.process)
                    if process:
                        process.take_offline(now_ns)
        except HealthUnreadable as error:
            self.unreadable += 1
            self.last_problem = str(error)

    def take_birth(self, birth: Birth, now_ns: int) -> None:
        if process := self._process(birth.site, birth.process, now_ns):
            process.take_birth(birth, now_ns)

    def take_heartbeat(self, beat: Heartbeat, now_ns: int) -> None:
        if process := self._process(beat.site, beat.process, now_ns):
            process.take_heartbeat(beat, now_ns)

    def unborn(self, now_ns: int) -> list[tuple[str, str]]:
        """(site, process) of those that speak but whose birth was not heard: ask them with `health.announce_topic`.

        Each at most once a minute.
        """
        found = []
        for site, process, state in self._all():
            asked = state.asked_ns is not None and now_ns - state.asked_ns < ASK_AGAIN_S * S
            if state.heartbeat and state.birth is None and not asked and self._is_silent(state, now_ns) is False:
                state.asked_ns = now_ns
                found.append((site, process))
        return found

    def sites(self, now_ns: int) -> list[SiteView]:
        """Every site, sorted."""
        return [self._view(site, now_ns) for site in sorted(self._sites)]

    def faults(self, site: str, now_ns: int) -> list[str]:
        """What moves people at a site and reports a fault now, by id."""
        return sorted(faults_of(self._view(site, now_ns))) if site in self._sites else []

    def minutes(self, now_ns: int) -> dict[str, DeviceMinutes]:
        """The minutes of devices that are over since it was asked last, by site; each is given once."""
        rows: dict[str, DeviceMinutes] = {}
        for site, processes in sorted(self._sites.items()):
            found = [row for _, process in sorted(processes.items()) for row in process.minutes(now_ns)]
            if found:
                rows[site] = DeviceMinutes(sorted(found, key=lambda row: (row.t_utc_ns, row.device)))
        return rows

    def samples(self, now_ns: int) -> list[Sample]:
        """What the alert rules look at, sorted. What nobody knows just now is not there."""
        if self._hearing_ns is None:
            return []
        samples = []
        for site, processes in sorted(self._sites.items()):
            site_silent = self._site_silent(site, now_ns)
            is_open = self._opening(site, now_ns)
            samples.append(Sample(site, "", "", now_ns, is_open, _silence(site_silent)))
            if site_silent is not False:
                continue
            for name, process in sorted(processes.items()):
                silent = self._is_silent(process, now_ns)
                if silent is not False:
                    samples.append(Sample(site, name, "", now_ns, is_open, _silence(silent)))
                    continue
                at_ns = process.heard_ns or now_ns
                values = _silence(silent) | process_values(process, self.release, now_ns)
                samples.append(Sample(site, name, "", at_ns, is_open, values))
                samples += [
                    Sample(site, name, device.health.id, at_ns, is_open, device_values(device))
                    for device in process.devices()
                ]
        return samples

    def _all(self) -> list[tuple[str, str, Process]]:
        return [
            (site, name, process)
            for site, processes in sorted(self._sites.items())
            for name, process in sorted(processes.items())
        ]

    def _processes(self, site: str, now_ns: int) -> dict[str, Process] | None:
        if site not in self._sites:
            if len(self._sites) >= MOST_SITES:
                self.refused += 1
                return None
            self._sites[site], self._since[site] = {}, now_ns
        return self._sites[site]

    def _process(self, site: str, name: str, now_ns: int) -> Process | None:
        """The process of that name; where there are too many, the one that is silent longest makes room."""
        processes = self._processes(site, now_ns)
        if processes is None:
            return None
        if name not in processes:
            if len(processes) >= MOST_PROCESSES:
                quiet = [(process.heard_ns or 0, old) for old, process in processes.items()]
                oldest = min(quiet)[1]
                if self._is_silent(processes[oldest], now_ns) is not True:
                    self.refused += 1
                    return None
                del processes[oldest]
            processes[name] = Process()
        return processes[name]

    def _is_silent(self, process: Process, now_ns: int) -> bool | None:
        """None: nobody knows, because we have not listened for long enough."""
        if self._hearing_ns is None:
            return None
        if process.heard_ns is None or process.offline_ns is not None:
            return True
        if now_ns - max(process.heard_ns, self._hearing_ns) > self._patience_ns:
            return True
        return None if process.heard_ns < self._hearing_ns else False

    def _site_silent(self, site: str, now_ns: int) -> bool | None:
        """Whether none of its processes speaks. One that was never heard gets the same patience."""
        silent = [self._is_silent(process, now_ns) for process in self._sites[site].values()]
        if False in silent:
            return False
        if None in silent or self._hearing_ns is None:
            return None
        waited_ns = now_ns - max(self._since[site], self._hearing_ns)
        return True if silent or waited_ns > self._patience_ns else None

    def _view(self, site: str, now_ns: int) -> SiteView:
        processes = [
            ProcessView(
                process=name,
                online=self._is_silent(process, now_ns) is False,
                since_ns=process.heard_ns,
                birth=process.birth,
                heartbeat=process.heartbeat,
                devices=process.devices(),
            )
            for name, process in sorted(self._sites[site].items())
        ]
        heard = [process.since_ns for process in processes if process.since_ns is not None]
        online = any(process.online for process in processes)
        return SiteView(site, online, max(heard, default=None), processes)
