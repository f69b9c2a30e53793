"""The room service: holds the devices, leads the session, shows the room, answers faces.

One event loop. Devices are read as they speak; the session ticks four times a second of its own time; the journal is
synced every 0.25 s of the wall; frames go out every 0.25 s of the wall. Whatever a device, the disk or the broker does,
the loop goes on and the page says what is the matter.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Self

from care.programme import ProgrammeError
from devices.clock import Clock
from devices.events import Connected
from devices.known import Acquaintance, Known, key_of
from devices.supervisor import Supervised
from gateway.config import Config, DeviceConfig, broker_address
from gateway.disk import make_folder
from gateway.errors import StoreError
from gateway.fleet.machine import Machine
from gateway.fleet.pulse import Load, Pulse, Vitals
from gateway.keys import Keyring
from gateway.outbox import Outbox
from gateway.room.chair import ChairControl
from gateway.room.conductor import TICK_S, Conductor
from gateway.room.desk import Desk
from gateway.room.lines import Lines
from gateway.room.readings import diagnostics_of, glance_of
from gateway.room.recording import recover
from gateway.room.remote import Readings, RemoteDesk
from gateway.room.room import Room
from gateway.room.witness import Witness
from gateway.socket import RoomSocket
from gateway.uplink import Uplink

SYNC_S = 0.25
SHOW_S = 0.25
SHORTEST_TICK_S = 0.02
REST_S = 1.0
PRODUCER = "room"
MEMORY = "devices.json"
"""Which devices have been here, for `xinyi devices`."""

log = logging.getLogger(__name__)


async def introduce(device: DeviceConfig) -> str:
    """Open a device, ask who it is, close it: one line for a person.

    Raises:
        DeviceError: nobody answers, or somebody else.
    """
    async with device.driver(Clock()) as driver:
        identity = driver.identity
        channels = ", ".join(f"{channel} {rate_hz:g} Hz" for channel, rate_hz in identity.channels)
        watchdog = "" if not device.family.chair or identity.hardware_watchdog else "; no watchdog: gets no motion"
        return f"{identity.maker} {identity.model} {identity.serial} firmware {identity.firmware}: {channels}{watchdog}"


def _supervised(device: DeviceConfig, clock: Clock) -> Supervised:
    return Supervised(device.id, lambda: device.driver(clock), clock)


async def _kernel() -> str:
    """Boot id of the machine: its monotonic clock began with it."""
    with contextlib.suppress(OSError):
        return (await asyncio.to_thread(Path("/proc/sys/kernel/random/boot_id").read_text, "ascii")).strip()
    return ""


class _Tasks:
    """The endless tasks of the service. When one of them dies, the service ends and is started afresh."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, coroutine: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(coroutine, name=name))

    async def until(self, stop: asyncio.Event) -> None:
        """Until somebody stops the service, or one of its tasks has failed: that is raised."""
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for task in self._tasks:
            if task.done():
                log.error("%s has ended; the room service starts afresh", task.get_name())
                task.result()


async def run(config: Config, clock: Clock, stop: asyncio.Event) -> None:
    """Serve one room until `stop` is set.

    Raises:
        StoreError: the data folder cannot be used.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    data = config.data
    keyring = await asyncio.to_thread(Keyring.open, data / "keys")
    await asyncio.to_thread(make_folder, config.sockets)
    outbox = await asyncio.to_thread(
        lambda: Outbox(
            data / "outbox.sqlite",
            keyring,
            site=config.site.id,
            producer=PRODUCER,
            boot=str(uuid.uuid4()),
            max_bytes=config.outbox.max_mb << 20,
        )
    )
    kernel = await _kernel()
    room = Room(config, clock)
    machine = Machine(data)
    vitals = Vitals(machine, lambda: Load(outbox.depth(), outbox.counts(), config.outbox.max_mb << 20))
    pulse = Pulse(
        config.site.id,
        PRODUCER,
        vitals,
        clock,
        boot=outbox.boot,
        uplink=lambda: "up" if uplink.up else "down",
        devices=room.views,
        reset_reason=await asyncio.to_thread(machine.begin, PRODUCER),
    )
    witness = Witness(data, keyring, lambda: str(room.conductor.session_id) if room.conductor.running else "")
    lines = Lines()
    remote = RemoteDesk(
        config.site.id,
        Readings(
            room.views,
            lambda: diagnostics_of(room, pulse.birth(), pulse.heartbeat(), lines.last),
            lambda: glance_of(room),
            pulse.beacon.announce,
        ),
        witness.write,
    )
    uplink = Uplink(
        outbox,
        await asyncio.to_thread(broker_address, config),
        beside=(pulse.beacon.beside, remote.beside),
        on_message=lambda _, message: pulse.beacon.take(message) or remote.take(message),
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(lines)
        stack.callback(outbox.close)
        drivers = {device.id: _supervised(device, clock) for device in config.devices}
        chair_id = next((device.id for device in config.devices if device.family.chair), "")
        chair = None
        if chair_id:
            chair = ChairControl(drivers[chair_id], lambda code: conductor.note("chair_refused", code))
        conductor = Conductor(data / "journal", keyring, outbox, clock, room.senses, chair)
        conductor.keeps_waves = config.outbox.waves
        room.lead(conductor, chair, chair_id)
        await _take_up(room, data / "journal", keyring, outbox, clock, kernel)
        if chair:
            await stack.enter_async_context(chair)
        desk = Desk(room, clock, kernel)
        memory = await asyncio.to_thread(Known, data / MEMORY)
        socket = await stack.enter_async_context(
            RoomSocket(config.room_socket, desk.perform, desk.stop_now, witness.command)
        )
        tasks = await stack.enter_async_context(_Tasks())
        tasks.start(uplink.run(), "uplink")
        tasks.start(vitals.refresh(), "machine")
        tasks.start(remote.run(), "remote")
        for driver in drivers.values():
            await stack.enter_async_context(driver)
            tasks.start(_listen(driver, room, memory, pulse.beacon.announce), f"listen {driver.device}")
        tasks.start(_tick(room, clock), "tick")
        tasks.start(_sync(conductor), "sync")
        tasks.start(_count(room, outbox, uplink), "count")
        tasks.start(_show(room, socket), "show")
        await tasks.until(stop)
        if chair:
            chair.hold_still()
            await chair.settle(REST_S)
    await conductor.leave()
    await asyncio.to_thread(machine.end, PRODUCER)


async def _take_up(room: Room, folder: Path, keyring: Keyring, outbox: Outbox, clock: Clock, kernel: str) -> None:
    """Go on with what a crash interrupted. The newest open session comes back paused; older ones are closed."""
    paths = sorted(await asyncio.to_thread(lambda: list(folder.glob("*.journal"))), key=lambda path: path.name)
    recordings = []
    for path in paths:
        try:
            recording = await recover(path, keyring, outbox, clock.utc_ns())
        except (StoreError, ProgrammeError) as error:
            log.error("a journal cannot be taken up and is left where it is: %s", error)  # noqa: TRY400 - one line for people
            continue
        if recording is None:
            continue
        if recording.opened.kernel != kernel:
            passed_ns = clock.utc_ns() - recording.opened.body.began_utc_ns
            recording.began_ns = clock.now_ns() - max(passed_ns, recording.ledger.last_ns)
        recordings.append(recording)
    for recording in recordings[:-1]:
        try:
            await room.conductor.give_up(recording)
        except StoreError as error:
            log.error("an old session is not closed yet: %s", error)  # noqa: TRY400 - one line for people
    if recordings:
        await room.conductor.adopt(recordings[-1])


async def _listen(driver: Supervised, room: Room, memory: Known, changed: Callable[[], None]) -> None:
    config = room.devices[driver.device].config
    async for event in driver.events():
        if isinstance(event, Connected):
            entry = Acquaintance(config.id, config.kind, config.chair, config.port)
            try:
                await asyncio.to_thread(memory.remember, key_of(config.kind, event.identity, config.port), entry)
            except OSError as error:
                log.error("%s is not remembered: %s", driver.device, error)  # noqa: TRY400 - one line for people
        try:
            room.take(event)
        except Exception:
            log.exception("%s: an event could not be used: %r", driver.device, type(event).__name__)
        if isinstance(event, Connected):
            changed()


async def _tick(room: Room, clock: Clock) -> None:
    while True:
        await asyncio.sleep(max(SHORTEST_TICK_S, clock.real_s(TICK_S)))
        try:
            await room.tick()
        except Exception:
            log.exception("a tick failed")


async def _sync(conductor: Conductor) -> None:
    while True:
        await asyncio.sleep(SYNC_S)
        try:
            await conductor.sync()
        except Exception:
            log.exception("the journal was not synced")


async def _count(room: Room, outbox: Outbox, uplink: Uplink) -> None:
    """Where the data of the session is by now."""
    while True:
        session = room.conductor.session_id
        try:
            room.counted = session, await asyncio.to_thread(outbox.counts, session) if session else None
        except Exception:
            log.exception("the outbox could not be counted")
        room.uplink_up = uplink.up
        await asyncio.sleep(SHOW_S)


async def _show(room: Room, socket: RoomSocket) -> None:
    while True:
        await asyncio.sleep(SHOW_S)
        if socket.faces:
            try:
                socket.show(room.frame())
            except Exception:
                log.exception("a frame could not be made")
