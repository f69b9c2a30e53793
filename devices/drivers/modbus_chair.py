"""The driver of a chair that speaks Modbus RTU, of any vendor: what it is stands in a register map (a TOML file).

Its control loop (`modbus_control.py`) is the one place that talks on the port. Whether anybody may move the chair
(armed, in the seat, cleared) is kept here where the controller does not, and held against what the chair does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from devices.clock import Clock
from devices.conduct import Conduct
from devices.drivers import modbus_identify as who
from devices.drivers.modbus_control import Control
from devices.drivers.modbus_line import ModbusLine
from devices.drivers.modbus_measured import Measured
from devices.drivers.modbus_motion import Motion
from devices.drivers.modbus_seat import Seat
from devices.drivers.modbus_words import Ours, Writes, profile_of, rest_writes, status_of, values, writes_of
from devices.errors import CommandRefused, DeviceError, WrongMap
from devices.events import (
    Arm,
    ChairCommand,
    ChairStatus,
    DeviceEvent,
    DeviceNote,
    Disarm,
    Identity,
    LegRest,
    LinkHealth,
    Pace,
    Recline,
    ReleaseStop,
    StopMotion,
)
from devices.interlocks import REMEDIES, STATUS_GOOD_FOR_S, Refusal, RunningTime, moves_or_heats, refusal
from devices.links.link import ByteLink, byte_link
from devices.protocols.modbus_rtu import Code, Refused, Registers, Table
from devices.protocols.register_map import MapError, load
from devices.sensor import CLOSE_WITHIN_S

_HEALTH_S = 1.0


class ModbusChair:
    """One chair on one port. An async context manager; inside it `identity`, `events()` and `command()`.

    Attributes:
        epoch: put into every `Samples`; the supervisor counts it up per connection.
        identity: who answered (known inside the context).
        chart: its register map.
        profile: its limits.
    """

    def __init__(
        self,
        device: str,
        port: str,
        clock: Clock,
        *,
        map: Path | str,  # noqa: A002 - as in xinyi.toml
        link: ByteLink | None = None,
    ) -> None:
        """Nothing is opened yet.

        Raises:
            WrongMap: the register map is missing or wrong; the line names file, line and field.
        """
        self.device, self.port, self.clock = device, port, clock
        self.epoch = 0
        self.identity = Identity("", "", "", "")
        try:
            self.chart = load(map)
        except MapError as error:
            raise WrongMap(port, device, str(error)) from None
        self.profile = profile_of(self.chart)
        line = self.chart.line
        self._link = link or byte_link(port, device, baud=line.baud, parity=line.parity)
        self._line = ModbusLine(self._link, self.chart, clock)
        self._control = Control(self._line, self.chart, clock, device, port, self._beat)
        self._blocks = self.chart.blocks()
        self._image: dict[tuple[Table, int], int] = {}
        self._seat = Seat(self.chart)
        self._motion = Motion(self.chart, self.profile)
        self._conduct = Conduct(self.profile)
        self._running = RunningTime(self.profile)
        self._measured = Measured(self.chart, device)
        self._moves = self.chart.has_watchdog and bool(self.chart.dangerous)
        self._loop: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[DeviceEvent | None] = asyncio.Queue()
        self._status: ChairStatus | None = None
        self._one_command = asyncio.Lock()
        self._stopped = self._armed = False
        self._health_ns = 0

    @property
    def heard_ns(self) -> int:
        """When it last answered."""
        return self._control.heard_ns

    # identify

    async def __aenter__(self) -> Self:
        """Open the port and make sure that this is the chair of the map, by reading only.

        Raises:
            NoAnswer: silence for 3 s.
            WrongDevice: something else is there, or it is set otherwise than the map says.
        """
        await self._link.__aenter__()
        try:
            self.identity = await who.identify(self._line, self.chart, self.clock, self.device, self.port)
        except BaseException:
            await self._link.__aexit__(None, None, None)
            raise
        self._control.heard_ns = self.clock.now_ns()
        self._measured.epoch = self.epoch
        self._open()
        self._loop = asyncio.create_task(self._run(), name=f"control loop of {self.device}")
        return self

    # open

    def _open(self) -> None:
        """A new host begins: the chair is disarmed."""
        if self._moves:
            self._control.jobs.add(self._rest())
        self._control.jobs.add(values(self.chart.safe.on_open))

    async def _run(self) -> None:
        try:
            await self._control.run(self._turn)
        finally:
            self._events.put_nowait(None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._loop is not None:
                stop_owed = self._control.stop_owed
                self._loop.cancel()
                await asyncio.wait([self._loop])
                with contextlib.suppress(DeviceError, TimeoutError):
                    async with asyncio.timeout(CLOSE_WITHIN_S):
                        await self._leave(stop_owed=stop_owed)
        finally:
            await self._link.__aexit__(kind, error, trace)

    async def _leave(self, *, stop_owed: bool) -> None:
        """Nothing moves, kneads or warms any more when we are gone, and what the map wants written is written."""
        if self._control.failure is not None:
            return
        writes = values((self.chart.stop,)) if stop_owed else []
        writes += self._rest() if self._moves else []
        overtaking = True
        for register, value in [*writes, *values(self.chart.safe.on_leave)]:
            await self._line.write(register, value, overtaking=overtaking)
            overtaking = False

    def _rest(self) -> Writes:
        return values((self.chart.disarm,)) or rest_writes(self.chart, self._image)

    def _beat(self, bitten: bool) -> None:
        """The watchdog is about to be fed: only for a chair that we see, and that has not had to stop by itself."""
        if self._armed and (bitten or self._fresh_status() is None):
            self._give_up()

    def _give_up(self) -> None:
        """We allow no more motion, and the controller has to know it: if it does not confirm that, it is stopped."""
        self._disarm()
        self._control.insist(self._rest())

    async def _turn(self, now_ns: int, gap_ns: int) -> None:
        """Write what is streamed, then read how the chair stands."""
        if now_ns >= self._health_ns:
            self._health_ns = now_ns + round(_HEALTH_S * 1e9)
            self._say_health(now_ns)
        control, stops = self._control, self._control.stops
        if self._motion.streams and self._fresh_status() is None:
            self._give_up()  # nothing is moved blindly
        elif self._motion.streams:
            for register, value in self._motion.due(now_ns / 1e9, (now_ns + gap_ns) / 1e9):
                answer = await control.write(register, value)
                if control.stops != stops:
                    return
                if answer is None:
                    self._motion.lost()
                    break
                if isinstance(answer, Refused):
                    self._motion.halt()
                    note = f"streamed movement ends: the chair refused {value} in register {register}"
                    self._events.put_nowait(DeviceNote(self.device, now_ns, note))
                    break
        fresh: dict[tuple[Table, int], int] = {}
        for block in self._blocks:
            answer = await control.read(block)
            if isinstance(answer, Refused) and answer.code in {Code.FUNCTION, Code.ADDRESS}:
                what = f"{block.table.name.lower()} registers {block.address} … {block.address + block.count - 1}"
                raise WrongMap(self.port, self.device, f"the chair does not let {what} be read")
            if not isinstance(answer, Registers):
                return
            fresh |= {(block.table, block.address + at): value for at, value in enumerate(answer.values)}
        if control.stops == stops:  # or it was read before the stop
            self._image = fresh
            self._stand(self.clock.now_ns())

    # stream

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """Everything the chair says, until the connection is lost.

        Raises:
            PortLost: the connection broke off.
        """
        while (event := await self._events.get()) is not None:
            yield event
        if self._control.failure is not None:
            raise self._control.failure
        if self._loop is not None and self._loop.done():
            self._loop.result()  # a mistake in the control loop is not to go unseen

    def _stand(self, t_ns: int) -> None:
        """It has been read how the chair stands."""
        status = self._read_status(t_ns)
        ended = status.stopped or status.stop_pressed or status.watchdog_tripped or bool(status.faults)
        if self._armed and (ended or not status.occupied):
            self._give_up()
            status = replace(status, armed=False)
        self._status = status
        self._events.put_nowait(status)
        for event in self._measured.events(self._image, t_ns):
            self._events.put_nowait(event)
        if not self._moves:
            return
        self._running.note(status)
        for command in self._running.due(t_ns):
            self._control.jobs.add(self._values(command))
        offence = self._conduct.offence(status, t_ns // 1_000_000)
        if not offence and self._motion.strays(self._image, t_ns / 1e9):
            offence = "a joint is far from where it was sent"
        if offence:
            self._events.put_nowait(DeviceNote(self.device, t_ns, f"stopped from here: {offence}"))
        if offence or ((status.faults or status.stop_pressed) and not status.stopped):
            self._begin_stop()

    def _read_status(self, t_ns: int) -> ChairStatus:
        self._seat.note(self._image, t_ns, armed=self._armed)
        ours = Ours(self._stopped, self._armed, self._seat.here(t_ns, armed=self._armed))
        return status_of(self._image, self.chart, ours, self.device, t_ns)

    def _values(self, command: ChairCommand) -> Writes:
        writes = writes_of(command, self.chart, self.profile)
        return [] if isinstance(writes, Refusal) else writes

    def _say_health(self, now_ns: int) -> None:
        wired = self._line.decoder
        counted = (wired.frames, wired.crc_errors, wired.dropped_bytes, wired.lost_frames)
        rssi_dbm = self._link.rssi_dbm
        self._events.put_nowait(
            LinkHealth(self.device, now_ns, *counted, heard_ns=self._line.heard_ns, rssi_dbm=rssi_dbm)
        )

    # command

    async def command(self, command: ChairCommand) -> None:
        """Have `command` carried out; returns when the chair has confirmed it (streamed movement: when it is planned).

        `StopMotion` overtakes everything and is repeated until it is confirmed.

        Raises:
            CommandRefused: by our interlocks, by the chair, or for want of an answer; `detail` is a `Refusal`.
            PortLost: the connection broke off meanwhile.
            NotConnected: it is not open.
        """
        if self._loop is None or self._loop.done():
            raise self._control.gone()
        if isinstance(command, StopMotion):
            await self._stop()
            return
        asked_ns = self.clock.now_ns()
        async with self._one_command:
            reason = refusal(
                command,
                self._fresh_status(),
                self.profile,
                hardware_watchdog=self.chart.has_watchdog,
                stopped=self._stopped,
            )
            reason = reason or await self._do(command, asked_ns)
            if reason is not None:
                raise CommandRefused(self.port, self.device, reason, REMEDIES[reason])

    async def _do(self, command: ChairCommand, asked_ns: int) -> Refusal | None:
        motion, image = self._motion, self._image
        match command:
            case Arm(session=session):
                return await self._arm(session)
            case Disarm():
                return await self._end()
            case ReleaseStop():
                return await self._release()
            case Recline(angle_deg=angle) if motion.takes("recline"):
                motion.go("recline", angle, image)
            case LegRest(angle_deg=angle) if motion.takes("leg_rest"):
                motion.go("leg_rest", angle, image)
            case Pace():
                status = self._status
                light = status.light_percent if status else 0
                massage = status.massage_level if status else 0
                return motion.follow(command, asked_ns / 1e9, image, light, massage)
            case _:
                writes = writes_of(command, self.chart, self.profile)
                if isinstance(writes, Refusal):
                    return writes
                motion.note(command)
                return await self._control.ask(writes, moves=moves_or_heats(command))
        return None

    async def _arm(self, session: int) -> Refusal | None:
        if not self._seat.arms(session):
            return Refusal.SEAT_EMPTY
        stops = self._control.stops
        obeyed = False
        try:
            reason = await self._control.ask(values((self.chart.arm,)), moves=True)
            obeyed = reason is None and stops == self._control.stops
        finally:
            if not obeyed:  # the controller may have obeyed all the same
                self._give_up()
        if obeyed:
            self._armed = True
            if self._status is not None:
                self._status = replace(self._status, armed=True)
        return reason if obeyed or reason is not None else Refusal.STOPPED

    def _disarm(self) -> None:
        """Nothing may be asked to move any more."""
        self._armed = False
        self._control.jobs.refuse(Refusal.NOT_ARMED, only_moves=True)
        self._motion.halt()
        self._seat.use_up()
        if self._status is not None:
            self._status = replace(self._status, armed=False)

    async def _end(self) -> Refusal | None:
        if not self._moves:
            return None
        self._disarm()
        return await asyncio.shield(self._control.insist(self._rest()))

    async def _release(self) -> Refusal | None:
        """The controller may not look whether anybody was at the chair; so we do."""
        status = self._status
        if not self._moves or status is None or not (status.stopped or self._stopped):
            return None
        if status.stop_pressed:
            return Refusal.BUTTON_IN
        if status.faults:
            return Refusal.FAULT
        if not status.cleared:
            return Refusal.NOT_CLEARED
        stops = self._control.stops
        reason = await self._control.ask(values((self.chart.release,)))
        if reason is None and stops == self._control.stops:  # a stop since then stands
            self._stopped = False
            self._status = replace(self._status or status, stopped=False, cleared=False)
        return reason

    async def _stop(self) -> None:
        if self.chart.stop is None:  # nothing in it moves; what the map wants written at a stop is written
            reason = await self._control.ask(values(self.chart.safe.on_stop))
            if reason is not None:
                raise CommandRefused(self.port, self.device, reason, REMEDIES[reason])
            return
        await asyncio.shield(self._begin_stop())

    def _begin_stop(self) -> asyncio.Future[None]:
        """Stop: the control loop says it next, and repeats it until the chair has confirmed."""
        self._stopped = self._moves
        confirmed = self._control.stop()
        self._disarm()
        return confirmed

    def _fresh_status(self) -> ChairStatus | None:
        if self._status is None or self.clock.now_ns() - self._status.t_ns > self._status_good_for_ns():
            return None
        return self._status

    def _status_good_for_ns(self) -> int:
        return round(self.clock.patience_s(STATUS_GOOD_FOR_S) * self.clock.speed * 1e9)
