"""A Modbus chair and its driver on virtual time: minutes in milliseconds, every moment on the wire known."""

import asyncio
from dataclasses import dataclass, field

import pytest

from devices.drivers.modbus_chair import ModbusChair
from devices.errors import CommandRefused
from devices.events import Arm, ChairStatus
from devices.protocols.modbus_rtu import Questions, Write
from devices.protocols.register_map import load
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twins.modbus_chair import ModbusChairFirmware
from firmware_sim.virtual import Cable, CableEnd, VirtualClock, VirtualLoop, World

TURNAROUND = LinkConditions(baud=19200, delay_ms=5)
STOP = (17, 1)


@dataclass
class Room:
    world: World
    loop: VirtualLoop
    firmware: ModbusChairFirmware
    cable: Cable
    driver: ModbusChair
    events: list = field(default_factory=list)
    listening: asyncio.Task | None = None
    wire: list = field(default_factory=list)
    """(second at which its last byte was on the wire, question) of all that the host sent."""

    @property
    def status(self) -> ChairStatus:
        return [event for event in self.events if isinstance(event, ChairStatus)][-1]

    def do(self, what, **fields):
        assert self.firmware.hands(what, fields, self.world.now_s)

    async def wait(self, condition, within_s=120.0):
        """Until it is so, seen five times a second."""
        until_s = self.world.now_s + within_s
        while not condition():
            assert self.world.now_s < until_s, "it never comes"
            await asyncio.sleep(0.2)

    async def ready(self):
        await self.wait(lambda: any(isinstance(event, ChairStatus) for event in self.events))

    async def armed(self, session=1):
        await self.ready()
        await self.driver.command(Arm(session))

    async def refused(self, command):
        with pytest.raises(CommandRefused) as refused:
            await self.driver.command(command)
        return refused.value.detail

    def written(self, register):
        return [value for where, value in self.firmware.written if where == register]

    def stops(self):
        return [at for at, it in self.wire if isinstance(it, Write) and (it.address, it.values[0]) == STOP]


@pytest.fixture
def play(tmp_path):
    """`play(scenario, chart=..., sits=True)`: runs `await scenario(room)` inside the driver's context."""

    def run(scenario, *, chart="relaxation-chair", sits=True, prepare=lambda room: None, inside=True):
        if "\n" in chart:
            (tmp_path / "chair.toml").write_text(chart, "utf-8")
            chart = str(tmp_path / "chair.toml")
        world = World()
        loop = VirtualLoop(world)
        registers = load(chart)
        firmware = ModbusChairFirmware(registers, Seat(Person(3)), sits=sits)
        cable = Cable(world, firmware, 1, TURNAROUND, baud=registers.line.baud)
        link = CableEnd(cable, "chair-1")
        driver = ModbusChair("chair-1", "/dev/ttyUSB0", VirtualClock(world=world), map=chart, link=link)
        room = Room(world, loop, firmware, cable, driver)
        ears = Questions()
        cable.sent = lambda frame: room.wire.extend((world.now_s, question) for question in ears.feed(frame))
        prepare(room)

        async def all_of_it():
            if not inside:
                return await scenario(room)
            async with driver:

                async def listen():
                    async for event in driver.events():
                        room.events.append(event)

                room.listening = asyncio.create_task(listen())
                try:
                    return await scenario(room)
                finally:
                    room.listening.cancel()
                    await asyncio.gather(room.listening, return_exceptions=True)

        try:
            loop.run_until_complete(asyncio.wait_for(all_of_it(), 3600))
        finally:
            loop.close()
        return room

    return run
