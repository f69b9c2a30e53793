"""Random scripts against the physics of a Modbus chair: whatever is commanded, broken, hung or pulled, nothing moves
that must not. What may move is worked out here anew, from what has reached the controller and from who sits there.
"""

import asyncio
import contextlib
import os
import random
from math import inf

import pytest

from devices.drivers.modbus_chair import ModbusChair
from devices.errors import DeviceError
from devices.events import (
    Arm,
    Disarm,
    Heat,
    LegRest,
    Light,
    Massage,
    Pace,
    Part,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
)
from devices.protocols.modbus_rtu import Questions, Write
from devices.protocols.register_map import MAPS, parse
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twins.modbus_chair import ModbusChairFirmware
from firmware_sim.virtual import Cable, CableEnd, VirtualClock, VirtualLoop, World

TEXT = (MAPS / "relaxation-chair.toml").read_text("utf-8")
REST_S, NAIVE_REST_S = 0.6, 2.0
"""`wire.REST_WITHIN_S`, and how often a controller looks; with one that obeys everything, what our driver needs."""
STEPS = 60
STOP, ARM, DISARM = (17, 1), (17, 3), (17, 4)
LINES = (LinkConditions(), LinkConditions(loss_share=0.2), LinkConditions(delay_ms=30, jitter_ms=60, noise_share=0.1))


class Judge:
    """May it move? Armed by what reached it, somebody in the seat, no stop, no fault, fed within the last second."""

    def __init__(self, firmware, rest_s):
        self.firmware, self.rest_s = firmware, rest_s
        self.ears = Questions()
        self.armed = False
        self.fed_s = -inf
        self.forbidden_s = -inf
        self.moved = 0
        self.offences = []
        firmware.actuators.watch = self.look

    def hears(self, data, at_s):
        for question in self.ears.feed(data):
            if isinstance(question, Write) and question.unit == self.firmware.unit:
                order = question.address, question.values[0]
                if order == ARM:
                    self.armed = True
                elif order in {STOP, DISARM}:
                    self.armed = False
                elif question.address == 16:
                    self.fed_s = at_s

    def look(self, actuators):
        now_s = actuators.now_s
        guard = self.firmware.guard
        if not self.firmware.seat.occupied or guard.button_in or guard.present or now_s - self.fed_s > 1.05:
            self.armed = False
        if self.armed:
            self.forbidden_s = inf
        elif self.forbidden_s == inf:
            self.forbidden_s = now_s
        if actuators.recline.still and actuators.leg_rest.still and not actuators.massage.level and not actuators.heat:
            return
        self.moved += 1
        if not self.armed and now_s - max(self.forbidden_s, 0.0) > self.rest_s:
            self.offences.append(f"{now_s:.2f} s: it moves, {now_s - self.forbidden_s:.2f} s after it must not")
        if not 89.5 <= actuators.recline.true_deg <= 155.5 or not -0.5 <= actuators.leg_rest.true_deg <= 60.5:
            self.offences.append(f"{now_s:.2f} s: beyond the limits of the map")


def _command(rng):
    return rng.choice(
        [
            Arm(rng.randint(1, 3)),
            Recline(rng.uniform(85, 165)),
            LegRest(rng.uniform(-5, 70)),
            Massage(("back",), Rhythm.WAVE, rng.randint(0, 5)),
            Heat(rng.randint(0, 3)),
            Light(rng.randint(0, 100)),
            Pace(rng.choice([0, 6, 15]), 0.4, 0.0, frozenset({Part.BACK, Part.LIGHT})),
            StopMotion(),
            ReleaseStop(),
            Disarm(),
        ]
    )


async def _script(rng, loop, world, cable, firmware, chart_path):
    """A host that commands at random, while at random things happen to it and to the chair."""
    tasks: list[asyncio.Task] = []
    for _ in range(3):
        end = CableEnd(cable, "chair-1")
        driver = ModbusChair("chair-1", "virtual", VirtualClock(world=world), map=chart_path, link=end)
        with contextlib.suppress(DeviceError):
            async with driver:
                await asyncio.sleep(0.6)
                with contextlib.suppress(DeviceError):
                    await driver.command(Arm(1))
                    await driver.command(Recline(rng.uniform(100, 150)))
                for _ in range(STEPS):
                    await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 0.7]))
                    if rng.random() < 0.2:
                        await _recover(rng, world, cable, firmware, driver)
                    _happen(rng, loop, world, cable, firmware)
                    tasks.append(asyncio.create_task(_obey(driver, _command(rng))))
                    if rng.random() < 0.01:
                        end.kill()
                        break
        cable.plug()
        firmware.unit = 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(3)


async def _recover(rng, world, cable, firmware, driver):
    """Somebody looks after it, and the next session begins."""
    cable.conditions, cable.noise.share, firmware.unit = LINES[0], 0.0, 1
    firmware.sit(world.now_s)
    firmware.hands("release_stop", {}, world.now_s)
    firmware.hands("fault", {"fault": "over_current", "on": False}, world.now_s)
    firmware.hands("reset", {}, world.now_s)
    await asyncio.sleep(0.5)
    for command in (ReleaseStop(), Arm(rng.randint(1, 3)), Recline(rng.uniform(100, 150)), Pace(6)):
        await _obey(driver, command)
    await asyncio.sleep(rng.choice([0.3, 2.0, 4.0]))


async def _obey(driver, command):
    with contextlib.suppress(DeviceError):
        await driver.command(command)


def _happen(rng, loop, world, cable, firmware):
    now_s = world.now_s
    match rng.randrange(30):
        case 0:
            firmware.stand(now_s)
        case 1 | 2:
            firmware.sit(now_s)
        case 3:
            firmware.hands("press_stop", {}, now_s)
        case 4:
            firmware.hands("release_stop", {}, now_s)
        case 5 | 6:
            firmware.hands("reset", {}, now_s)
        case 7:
            firmware.hands("fault", {"fault": "over_current", "on": rng.random() < 0.5}, now_s)
        case 8:
            cable.conditions = rng.choice(LINES)
        case 9:
            cable.noise.share = rng.choice([0.0, 0.0, 0.3])
        case 10:
            firmware.unit = rng.choice([1, 9])
        case 11:
            loop.hang(rng.choice([0.1, 0.5, 2.5]))
        case 12 if rng.random() < 0.2:
            cable.pull()
        case _:
            pass


@pytest.mark.parametrize("naive", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_random_scripts_bring_about_no_unsafe_state(tmp_path, streamed, naive):
    """Also with a controller that has limits and a watchdog, and otherwise obeys whatever it is told."""
    path = tmp_path / "chair.toml"
    text = TEXT.replace("speed = 33\n", "").replace("speed = 35\n", "") if streamed else TEXT
    path.write_text(text, "utf-8")
    moved = 0
    for seed in range(int(os.environ.get("XINYI_MODBUS_SCRIPTS", "6"))):
        rng = random.Random(seed)
        world = World()
        loop = VirtualLoop(world)
        firmware = ModbusChairFirmware(parse(text, "chair.toml"), Seat(Person(seed)), sits=True)
        if naive:
            firmware.guard.forbids = lambda message, at_s: None
        cable = Cable(world, firmware, seed, LinkConditions(), baud=19200)
        judge = Judge(firmware, NAIVE_REST_S if naive else REST_S)
        cable.tapped = judge.hears
        try:
            loop.run_until_complete(_script(rng, loop, world, cable, firmware, path))
        finally:
            loop.close()
        assert judge.offences[:3] == [], f"seed {seed}"
        moved += judge.moved
    assert moved > 3_000
