"""The simulated devices of one room on real ports, with people in them, and a control socket for their hands."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from devices.clock import Clock
from devices.protocols import berry, chair_link
from firmware_sim import replay
from firmware_sim.berry import OximeterFirmware
from firmware_sim.chair_link import ChairFirmware, ChairModel
from firmware_sim.control import ControlError, listening
from firmware_sim.noise import Noise
from firmware_sim.person import Person
from firmware_sim.port import PseudoPort
from firmware_sim.sampler import declared, rates_hz
from firmware_sim.seat import Seat
from firmware_sim.twin import Twin

_CHAIR_ONLY = {"press_stop", "release_stop", "fault"}

AnyTwin = Twin[ChairFirmware] | Twin[OximeterFirmware]


@dataclass(frozen=True, slots=True)
class SimDevice:
    """One simulated device.

    Attributes:
        id: its name for the control socket, and its serial number.
        kind: "chair" (Chair Link) or "oximeter" (Berry). The n-th oximeter is on the finger of the n-th chair's person.
        path: where its port appears (a symbolic link).
        heart: the heart sensor of a chair.
        replay: a WFDB record that is played instead of a simulated person.
        drift_ppm: how much its crystal runs fast.
        watchdog_ms: 0 for a chair without a hardware watchdog.
        noise: share of frames that its cable spoils.
    """

    id: str
    kind: Literal["chair", "oximeter"]
    path: Path
    heart: Literal["ecg", "ppg"] = "ecg"
    replay: Path | None = None
    drift_ppm: float = 0.0
    watchdog_ms: int = round(chair_link.WATCHDOG_S * 1000)
    noise: float = 0.0


async def run(
    devices: Sequence[SimDevice],
    clock: Clock,
    control: Path | None = None,
    *,
    seed: int = 0,
    wait_for_sit: bool = False,
    ready: asyncio.Event | None = None,
) -> None:
    """Run until cancelled, or until the control socket says "quit".

    Args:
        devices: what is plugged in.
        clock: paces everything: at speed 20 a chair sends twenty times as many bytes a second.
        control: where the control socket appears.
        seed: of the people and the cables.
        wait_for_sit: nobody sits until the control socket says "sit"; otherwise somebody sits from the start (and a
            recording begins when the host first starts the streams).
        ready: set when all ports are there.

    Raises:
        ReplayError: a recording cannot be played; before any port appears.
    """
    site = Site(devices, clock, seed=seed, wait_for_sit=wait_for_sit)
    async with contextlib.AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(twin.run(), name=name) for name, twin in site.twins.items()]
        await asyncio.sleep(0)  # their ports are there now
        if control is not None:
            await stack.enter_async_context(listening(control, site.act))
        if ready is not None:
            ready.set()
        await site.quit.wait()
        for task in tasks:
            task.cancel()


class Site:
    """The twins by id, and what hands can do to them.

    Attributes:
        twins: id -> twin.
        quit: set when the site is to end.
    """

    def __init__(self, devices: Sequence[SimDevice], clock: Clock, *, seed: int, wait_for_sit: bool) -> None:
        self.quit = asyncio.Event()
        seeds = [int(part) for part in np.random.SeedSequence(seed).generate_state(2 * len(devices) + 1)]
        people: dict[int, Person] = {}
        count = {"chair": 0, "oximeter": 0}
        self.twins: dict[str, AnyTwin] = {}
        for place, device in enumerate(devices):
            number = count[device.kind]
            count[device.kind] += 1
            person = people.setdefault(number, Person(seeds[number]))
            noise = Noise(seeds[len(devices) + place], device.noise)
            port = PseudoPort(device.path)
            if device.kind == "chair":
                self.twins[device.id] = Twin(
                    _chair(device, person, wait_for_sit), port, clock, noise, drift_ppm=device.drift_ppm
                )
            else:
                self.twins[device.id] = Twin(
                    _oximeter(device, person, wait_for_sit), port, clock, noise, drift_ppm=device.drift_ppm
                )

    def act(self, do: str, fields: Mapping[object, object]) -> None:
        """Do one thing to one device, or to all when none is named.

        Raises:
            ControlError: there is no such device, or it cannot be done to it.
        """
        if do == "quit":
            self.quit.set()
            return
        name = fields.get("device")
        if name is not None and name not in self.twins:
            raise ControlError(f"no device {name!r} here; there are {', '.join(self.twins)}")
        for twin in self.twins.values() if name is None else [self.twins[str(name)]]:
            if name is None and do in _CHAIR_ONLY and not isinstance(twin.firmware, ChairFirmware):
                continue
            _act(twin, do, fields)
            twin.send()


def _act(twin: AnyTwin, do: str, fields: Mapping[object, object]) -> None:
    on = bool(fields.get("on", True))
    match do, twin.firmware:
        case "sit", firmware:
            firmware.sit(twin.now_s)
        case "stand", firmware:
            firmware.stand(twin.now_s)
        case "contact", firmware:
            firmware.seat.contact = on
        case "plug", _:
            twin.port.plug()
        case "unplug", _:
            twin.port.unplug()
        case "mute", _:
            twin.mute = on
        case "noise", _:
            twin.noise.share = _number(fields, "share", 0.2)
        case "breathe", firmware:
            rate = _number(fields, "rate_per_min", 6.0)
            if rate > 0:
                firmware.seat.person.follow(rate, _number(fields, "inhale_share", 0.4), twin.now_s)
            else:
                firmware.seat.person.breathe_freely()
        case "press_stop", ChairFirmware() as chair:
            chair.press_stop(twin.now_s)
        case "release_stop", ChairFirmware() as chair:
            chair.release_stop(twin.now_s)
        case "fault", ChairFirmware() as chair:
            fault = str(fields.get("fault", "recline_motor"))
            if fault not in chair_link.FAULTS:
                raise ControlError(f"no fault {fault!r}; there are {', '.join(chair_link.FAULTS)}")
            chair.fault(fault, twin.now_s, on=on)
        case _ if do in _CHAIR_ONLY:
            raise ControlError(f'only a chair can {do}; name one with "device"')
        case _:
            raise ControlError(f"nobody knows how to {do!r} here")


def _number(fields: Mapping[object, object], name: str, usual: float) -> float:
    value = fields.get(name, usual)
    if not isinstance(value, int | float):
        raise ControlError(f"{name} must be a number")
    return float(value)


def _chair(device: SimDevice, person: Person, wait_for_sit: bool) -> ChairFirmware:
    heart = chair_link.Sensor[device.heart.upper()]
    recording = None
    if device.replay is not None:
        recording = replay.load(device.replay, rates_hz(declared(heart)), device.heart)
    model = ChairModel(device.id, heart, device.watchdog_ms, sits_down_at_start=not wait_for_sit)
    return ChairFirmware(model, Seat(person, recording))


def _oximeter(device: SimDevice, person: Person, wait_for_sit: bool) -> OximeterFirmware:
    recording = None
    if device.replay is not None:
        recording = replay.load(device.replay, {"ppg": berry.RATE_HZ}, "ppg")
    firmware = OximeterFirmware(Seat(person, recording))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
