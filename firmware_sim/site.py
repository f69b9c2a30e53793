"""The simulated devices of one room on real ports, with people in them, and a control socket for their hands."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from devices.clock import Clock
from firmware_sim.air import AnyTwin, GattTwin
from firmware_sim.catalogue import SimDevice, build
from firmware_sim.control import ControlError, listening
from firmware_sim.fit import Fit
from firmware_sim.gatt import GattFirmware
from firmware_sim.gatt_uart import MICROCHIP, NORDIC, UartPeripheral
from firmware_sim.hands import act_on, act_on_person
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person
from firmware_sim.port import Port, PseudoPort
from firmware_sim.traits import Traits
from firmware_sim.twin import Firmware, Twin

_BY_AIR = {
    "chair-link": ("Xinyi Chair {}", NORDIC),
    "berry": ("BerryMed", MICROCHIP),
    "berry-v15": ("BerryMed", MICROCHIP),
}
"""How devices with a serial line show themselves by air; `{}` is their id."""


async def run(
    devices: Sequence[SimDevice],
    clock: Clock,
    control: Path | None = None,
    *,
    seed: int = 0,
    wait_for_sit: bool = False,
    ready: asyncio.Event | None = None,
    people: Mapping[str, Traits] | None = None,
    story: Callable[["Site"], Coroutine[None, None, None]] | None = None,
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
        people: those whom devices name.
        story: what happens by itself; runs beside the devices.

    Raises:
        ControlError: a device that cannot be built so.
        ReplayError: a recording cannot be played; before any port appears.
    """
    site = Site(devices, clock, seed=seed, wait_for_sit=wait_for_sit, people=people)
    async with contextlib.AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(twin.run(), name=name) for name, twin in site.twins.items()]
        await site.there()
        if story is not None:
            tasks.append(group.create_task(story(site)))
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
        people: name -> person, those that were named.
        quit: set when the site is to end.
    """

    def __init__(
        self,
        devices: Sequence[SimDevice],
        clock: Clock,
        *,
        seed: int,
        wait_for_sit: bool,
        port: Callable[[Path], Port] = PseudoPort,
        air: Callable[..., GattTwin] = GattTwin,
        people: Mapping[str, Traits] | None = None,
    ) -> None:
        self.quit = asyncio.Event()
        self._clock, self._born_ns = clock, clock.now_ns()
        seeds = [int(part) for part in np.random.SeedSequence(seed).generate_state(2 * len(devices) + 1)]
        self.people = {
            name: Person(int(np.random.SeedSequence([seed, 1 + number]).generate_state(1)[0]), traits)
            for number, (name, traits) in enumerate((people or {}).items())
        }
        strangers: dict[int, Person] = {}
        count: Counter[str] = Counter()
        self.twins: dict[str, AnyTwin] = {}
        for place, device in enumerate(devices):
            number = count[device.kind]
            count[device.kind] += 1
            if device.person:
                person = self.people[device.person]
            else:
                person = strangers.setdefault(number, Person(seeds[number]))
            firmware = build(device, person, wait_for_sit=wait_for_sit or device.empty)
            luck = seeds[len(devices) + place]
            firmware.seat.fit = Fit(luck, device.fit)
            if device.age is not None and not firmware.hands("age", device.age, 0.0):
                raise ControlError(f"{device.id}: a {device.kind} does not age")
            make = _on_air(device, firmware, air) if device.air else _at_port(device, firmware, port)
            self.twins[device.id] = make(
                clock,
                seed=luck,
                link=device.link or LinkConditions(noise_share=device.noise),
                drift_ppm=device.drift_ppm,
            )

    @property
    def now_s(self) -> float:
        """Seconds since the site was built."""
        return (self._clock.now_ns() - self._born_ns) / 1e9

    async def there(self) -> None:
        """Wait until all ports are there and all antennas are on the air; the twins have just been started."""
        await asyncio.sleep(0)
        for twin in self.twins.values():
            if isinstance(twin, GattTwin):
                await twin.on_air.wait()

    def act(self, do: str, fields: Mapping[object, object]) -> None:
        """Do one thing to one device, or to all when none is named.

        Raises:
            ControlError: there is no such device, or it cannot be done to it.
        """
        if do == "quit":
            self.quit.set()
            return
        name, person = fields.get("device"), fields.get("person")
        if person is not None:
            if person not in self.people:
                raise ControlError(
                    f"nobody is called {person!r} here; there are {', '.join(self.people) or 'no names'}"
                )
            if not act_on_person(self.people[str(person)], do, fields, self.now_s):
                raise ControlError(f"a person does not know how to {do!r}")
            return
        if name is not None and name not in self.twins:
            raise ControlError(f"no device {name!r} here; there are {', '.join(self.twins)}")
        known = False
        for twin in self.twins.values() if name is None else [self.twins[str(name)]]:
            known = act_on(twin, do, fields) or known
            twin.send()
        if not known:
            raise ControlError(f"{'nobody here knows' if name is None else f'{name} does not know'} how to {do!r}")


def _at_port(
    device: SimDevice, firmware: Firmware | GattFirmware, port: Callable[[Path], Port]
) -> Callable[..., AnyTwin]:
    if isinstance(firmware, GattFirmware):
        raise ControlError(
            f"{device.id}: a device of kind {device.kind} speaks by air; give it an adapter such as hci1"
        )
    return partial(Twin, firmware, port(device.path))


def _on_air(
    device: SimDevice, firmware: Firmware | GattFirmware, air: Callable[..., GattTwin]
) -> Callable[..., AnyTwin]:
    """A device with a serial line gets one by air."""
    name, chip = _BY_AIR.get(device.kind, (f"Xinyi {device.id}", NORDIC))
    name = name.format(device.id)
    by_air = firmware if isinstance(firmware, GattFirmware) else UartPeripheral(firmware, name, chip)
    return partial(air, by_air, device.air)
