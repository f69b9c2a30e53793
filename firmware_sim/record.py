"""A scenario played into files as fast as it can be computed: what each device would have sent, and the truth.

Time goes in steps of the twins' own tick, and stops exactly at every event, so that two runs of one scenario give the
same bytes. A host is pretended (`pretended_host.py`) that asks for the streams and stays there.

    <device>.bin    the bytes, one after the other
    <device>.csv    time_ns, offset, length (and uuid, by air) of each piece
    beats.csv       person, device, time_s (of the device's clock), kind, strength of the pulse
    events.csv      time_s, do, fields
"""

import asyncio
import contextlib
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.clock import Clock
from firmware_sim.air import AnyTwin, GattTwin
from firmware_sim.control import ControlError
from firmware_sim.pretended_host import open_streams, stay
from firmware_sim.scenario import Scenario
from firmware_sim.site import Site
from firmware_sim.twin import TICK_S, Twin

_KEEP_ALIVE_S = 0.5


@dataclass(slots=True)
class _Hand:
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class StepClock(Clock):
    """Time that is set."""

    _hand: _Hand = field(default_factory=_Hand)

    def now_ns(self) -> int:
        return self._hand.time_ns

    def set(self, time_ns: int) -> None:
        self._hand.time_ns = time_ns


@dataclass(frozen=True, slots=True)
class Piece:
    """What was sent at once."""

    time_ns: int
    data: bytes
    uuid: str = ""


class Tape:
    """A port that keeps what is written to it."""

    def __init__(self, clock: Clock) -> None:
        self.plugged = True
        self.pieces: list[Piece] = []
        self._clock = clock

    @contextlib.contextmanager
    def plugged_in(self) -> Iterator["Tape"]:
        yield self

    def plug(self) -> None:
        self.plugged = True

    def unplug(self) -> None:
        self.plugged = False

    async def read(self, within_s: float) -> bytes:
        await asyncio.sleep(within_s)
        return b""

    def write(self, data: bytes) -> None:
        if self.plugged and data:
            self.pieces.append(Piece(self._clock.now_ns(), data))


class TapedAir(GattTwin):
    """A BLE device whose notifications are kept."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pieces: list[Piece] = []

    def notify(self, uuid: str, value: bytes) -> None:
        if self.port.plugged:
            self.pieces.append(Piece(self._clock.now_ns(), value, uuid))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it.

    Attributes:
        sizes: device -> bytes.
        digest: SHA-256 over all pieces with their times: the same for the same scenario and seed.
        beats: how many beats the people had.
    """

    sizes: dict[str, int]
    digest: str
    beats: int


def record(scenario: Scenario, folder: Path, *, seconds: float | None = None, seed: int | None = None) -> Recorded:
    """Play `scenario` for `seconds` (its own length when not said) into files in `folder`.

    Raises:
        ControlError: the files cannot be written.
    """
    clock = StepClock()
    site = Site(
        scenario.sim_devices(Path()),
        clock,
        seed=scenario.seed if seed is None else seed,
        wait_for_sit=False,
        port=lambda _: Tape(clock),
        air=TapedAir,
        people=scenario.traits,
    )
    heard = _play(scenario, site, clock, scenario.seconds if seconds is None else seconds)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(scenario, site, folder, heard)
    except OSError as error:
        raise ControlError(f"{folder}: cannot be written ({error.strerror}); name another folder") from None


def _play(scenario: Scenario, site: Site, clock: StepClock, seconds: float) -> list[tuple[str, ...]]:
    """Let it happen; the beats on the way, for a person forgets them."""
    kinds = {plan.id: plan for plan in scenario.devices}
    happens = sorted((*_pacing(scenario), *scenario.timeline), key=lambda event: event[0])
    happens = [event for event in happens if event[0] <= seconds]
    steps = {round(step * TICK_S, 9) for step in range(1, round(seconds / TICK_S) + 1)} | {
        event[0] for event in happens
    }
    for name, twin in site.twins.items():
        open_streams(kinds[name].kind, twin)
    beats: list[tuple[str, ...]] = []
    told = dict.fromkeys(site.twins, 0.0)
    alive_s = 0.0
    for at_s in sorted(steps):
        clock.set(round(at_s * 1e9))
        while happens and happens[0][0] <= at_s:
            _, do, fields = happens.pop(0)
            site.act(do, fields)
        for name, twin in site.twins.items():
            if at_s >= alive_s + _KEEP_ALIVE_S:
                stay(kinds[name].kind, twin)
            if isinstance(twin, Twin):
                twin.hear(b"")
            twin.step()
            twin.send()
            until_s = twin.now_s - 2.0
            if until_s > told[name]:
                beats += _beats(kinds[name].person, name, twin, told[name], until_s)
                told[name] = until_s
        if at_s >= alive_s + _KEEP_ALIVE_S:
            alive_s = at_s
    return beats


def _pacing(scenario: Scenario) -> list[tuple[float, str, Mapping[object, object]]]:
    if (paced := scenario.paced) is None:
        return []
    begins: Mapping[object, object] = {"rate_per_min": paced.rate_per_min}
    ends: Mapping[object, object] = {"rate_per_min": 0.0}
    return [(paced.from_s, "breathe", begins), (paced.to_s, "breathe", ends)]


def _beats(person: str, name: str, twin: AnyTwin, from_s: float, to_s: float) -> list[tuple[str, ...]]:
    seat = twin.firmware.seat
    if not seat.occupied or seat.recording is not None:
        return []
    return [
        (person, name, f"{beat.at_s:.6f}", beat.kind.name.lower(), f"{beat.strength:.3f}")
        for beat in seat.person.heart(from_s, to_s)
    ]


def _write(scenario: Scenario, site: Site, folder: Path, beats: list[tuple[str, ...]]) -> Recorded:
    digest = hashlib.sha256()
    sizes: dict[str, int] = {}
    for name, twin in site.twins.items():
        pieces = twin.pieces if isinstance(twin, TapedAir) else twin.port.pieces if isinstance(twin.port, Tape) else []
        rows: list[tuple[object, ...]] = []
        offset = 0
        for piece in pieces:
            rows.append((piece.time_ns, offset, len(piece.data), piece.uuid))
            offset += len(piece.data)
            digest.update(f"{name} {piece.time_ns} {piece.uuid} ".encode() + piece.data)
        sizes[name] = offset
        (folder / f"{name}.bin").write_bytes(b"".join(piece.data for piece in pieces))
        _table(folder / f"{name}.csv", ("time_ns", "offset", "length", "uuid"), rows)
    _table(folder / "beats.csv", ("person", "device", "time_s", "kind", "strength"), beats)
    events = [(at_s, do, json.dumps(dict(fields), ensure_ascii=False)) for at_s, do, fields in scenario.timeline]
    _table(folder / "events.csv", ("time_s", "do", "fields"), events)
    return Recorded(sizes, digest.hexdigest(), len(beats))


def _table(path: Path, head: tuple[str, ...], rows: list[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        table.writerows(rows)
