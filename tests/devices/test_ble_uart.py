"""A serial line by air: the real bleak against a virtual BlueZ."""

import asyncio
import contextlib

import pytest

from devices.clock import Clock
from devices.errors import PortLost, WrongDevice
from devices.links.link import byte_link
from firmware_sim.air import GattTwin
from firmware_sim.gatt import Characteristic, Peripheral, Service
from firmware_sim.gatt_uart import UartPeripheral
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twin import SensorFirmware


class Echo(SensorFirmware):
    """Says back what it hears, and remembers it."""

    def __init__(self):
        super().__init__(Seat(Person()))
        self.heard = []

    def hear(self, data, at_s):
        self.heard.append(data)
        self._out.append(data)

    def advance(self, at_s):
        pass


@pytest.fixture
def echo(bluez):
    """`async with echo() as (twin, link):`"""

    @contextlib.asynccontextmanager
    async def running(shown=None):
        for number in (0, 1):
            await bluez.add(number)
        firmware = UartPeripheral(Echo(), "Echo")
        firmware.peripheral = shown or firmware.peripheral
        twin = GattTwin(firmware, "hci1", Clock())
        task = asyncio.create_task(twin.run())
        try:
            await twin.on_air.wait()
            yield twin, byte_link("ble:02:00:00:00:00:01@hci0", "echo", baud=0)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for number in (0, 1):
                await bluez.remove(number)

    return running


async def read(link, count):
    data = b""
    while len(data) < count:
        data += await link.read(5.0)
    return data


async def test_bytes_go_there_and_back_in_order_whatever_the_size_of_the_pieces(echo):
    said = [bytes([n % 256]) * (1 + 37 * n % 700) for n in range(40)]
    async with echo() as (twin, line), line as link:
        for frame in said:
            link.write(frame)
        assert await read(link, sum(map(len, said))) == b"".join(said)
        assert b"".join(twin.firmware.inner.heard) == b"".join(said)
        assert max(map(len, twin.firmware.inner.heard)) <= link._most


async def test_what_overtakes_is_next_and_what_waited_is_dropped(echo, until):
    async with echo() as (twin, line), line as link:
        heard = twin.firmware.inner.heard
        for number in range(50):
            link.write(b"move %02d" % number)
        await until(lambda: heard)
        link.write(b"stop", overtaking=True)
        link.write(b"after")
        await until(lambda: b"after" in heard)
        assert heard[-2:] == [b"stop", b"after"]
        before = heard[:-2]
        assert before == [b"move %02d" % number for number in range(len(before))]
        assert len(before) < 50


async def test_what_overtakes_never_lands_inside_another_frame(echo, until):
    async with echo() as (twin, line), line as link:
        long = b"x" * (link._most * 6)
        link.write(long)
        await until(lambda: not link._queue)
        link.write(b"stop", overtaking=True)
        heard = twin.firmware.inner.heard
        await until(lambda: b"stop" in heard)
        assert b"".join(heard) == long + b"stop"


async def test_an_overtaking_frame_is_in_the_adapter_without_another_turn_of_the_queue(echo, until):
    async with echo() as (twin, line), line as link:
        link._writer.cancel()  # nothing queued is ever written
        link.write(b"stop", overtaking=True)
        await until(lambda: twin.firmware.inner.heard == [b"stop"])


async def test_the_last_words_of_one_who_leaves_are_still_sent(echo, until):
    async with echo() as (twin, line):
        async with line as link:
            link.write(b"disarm")
            link.write(b"bye")
        assert b"".join(twin.firmware.inner.heard) == b"disarmbye"


async def test_nothing_said_is_no_bytes(echo):
    async with echo() as (_, line), line as link:
        assert await link.read(0.01) == b""
        assert link.rssi_dbm < 0


async def test_a_lost_line_says_so_to_reader_and_writer(echo):
    async with echo() as (twin, line), line as link:
        await twin.drop_link()
        with pytest.raises(PortLost):
            await read(link, 1)
        with pytest.raises(PortLost):  # noqa: PT012 - the first write may still have been on its way
            while True:
                link.write(b"anybody")
                await asyncio.sleep(0)


async def test_a_microchip_module_is_a_line_too(echo):
    to_device, from_device = "49535343-8841-43f4-a8d4-ecbe34729bb3", "49535343-1e4d-4bd9-ba61-23c647249616"
    service = Service(
        "49535343-fe7d-4ae5-8fa9-9fafd205e455",
        (Characteristic(from_device, ("notify",)), Characteristic(to_device, ("write-without-response",))),
    )
    async with echo(Peripheral("BerryMed", (), (service,))) as (twin, line), line:
        assert (line._to, line._from) == (to_device, from_device)
        await twin.drop_link()


async def test_a_device_without_a_line_is_the_wrong_one(air):
    async with air("heart-rate") as r:
        with pytest.raises(WrongDevice, match="no serial line by air"):
            await byte_link(r.address, "chair-1", baud=0).__aenter__()
        assert await r.twin()._hosts() == []
