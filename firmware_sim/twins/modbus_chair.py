"""The twin of `devices/drivers/modbus_chair.py`: the controller of a chair, a Modbus slave, made from the same map.

Registers in memory over the physics of `actuators.py`, with the rules of `rules.py`, a watchdog, limits and latches of
its own: it refuses and it stops by itself, whatever its host believes. Sans-IO; `twin.py` runs it. How long it takes to
turn the line round is a matter of its line (`link = {baud = 19200, delay_ms = 5}`).
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Literal, get_args

import numpy as np

from devices.protocols import chair_link
from devices.protocols import modbus_rtu as wire
from devices.protocols.modbus_rtu import Code, Table
from devices.protocols.register_map import Bit, Joint, RegisterMap, load, place
from devices.protocols.register_map.parts import Fault
from firmware_sim.actuators import Actuators
from firmware_sim.catalogue import SimDevice
from firmware_sim.control import ControlError
from firmware_sim.person import Person
from firmware_sim.rules import Guard
from firmware_sim.seat import Seat

_FRAME_PAUSE_S = 0.05
"""USB adapters tear frames apart for less than this."""
_FAULTS = get_args(Fault)
_OFF = chair_link.Massage(0, 0, 0)


class ModbusChairFirmware:
    """One controller. Times are seconds of its own clock.

    Attributes:
        chart: its register map.
        seat: who sits in it.
        actuators: what moves.
        guard: whether it may.
        written: every value that was written to it, in order: (register, value).
        echo: its adapter lets the host hear itself.
        refusing: an exception code with which it answers everything, or None.
        unit: the number that it answers to.
    """

    def __init__(self, chart: RegisterMap, seat: Seat, *, sits: bool) -> None:
        self.chart, self.seat = chart, seat
        self.actuators = Actuators()
        self.guard = Guard(seat, seat_sensor=chart.state.here is None)
        self.unit = chart.line.unit
        self.echo = False
        self.refusing: int | None = None
        self.written: list[tuple[int, int]] = []
        self._decoder = wire.Questions()
        self._memory: dict[int, int] = {}
        self._forced: frozenset[str] = frozenset()
        self._pressed = False
        self._fed_s = self._heard_s = float("-inf")
        self._out: list[bytes] = []
        if sits:
            seat.sit(0.0)

    # what people do to it

    def sit(self, at_s: float) -> None:
        self.seat.sit(at_s)

    def stand(self, at_s: float) -> None:  # noqa: ARG002 - others want the time
        """Whoever leaves the seat stops the chair, if it can feel that."""
        self.seat.stand()
        if self.guard.seat_sensor:
            self._rest()

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        on = bool(fields.get("on", True))
        match do:
            case "press_stop":
                self.guard.press_stop()
                self.actuators.halt()
            case "release_stop":
                self.guard.button_in = False
            case "reset":
                self.guard.reset()
            case "here":
                if self.guard.seat_sensor:
                    raise ControlError("this chair feels who sits in it and has no such button")
                self._pressed = on
                if on and not self.guard.press_here(at_s):
                    self._rest()
            case "fault":
                fault = str(fields.get("fault", "recline_motor"))
                if fault not in _FAULTS:
                    raise ControlError(f"no fault {fault!r}; there are {', '.join(_FAULTS)}")
                self._forced = self._forced | {fault} if on else self._forced - {fault}
                self._find()
            case "echo":
                self.echo = on
            case "power_cycle":
                self._memory.clear()
                self._rest()
            case _:
                return False
        return True

    # what time does

    def advance(self, at_s: float) -> None:
        self.actuators.advance(at_s)
        self._find()
        self._watch(at_s)
        if self.seat.over(at_s):
            self.stand(at_s)

    def _watch(self, at_s: float) -> None:
        """The watchdog: nobody has fed it in time."""
        dog = self.chart.watchdog
        armed = self.guard.session > 0 or self.actuators.busy
        if dog is not None and armed and at_s - self._fed_s > dog.timeout_ms / 1000:
            self._rest()
            self.guard.tripped = True

    def _find(self) -> None:
        felt = self.actuators.faults
        if self.guard.find(self._forced | felt):
            self.actuators.halt(retreat="obstruction" in felt)

    def _rest(self) -> None:
        self.guard.disarm()
        self.actuators.halt()

    # what the host says

    def hear(self, data: bytes, at_s: float) -> None:
        self._watch(at_s)
        if at_s - self._heard_s > _FRAME_PAUSE_S:
            self._decoder.pause()
        self._heard_s = at_s
        if self.echo:
            self._out.append(data)
        for question in self._decoder.feed(data):
            if question.unit == self.unit:
                self._out.append(wire.encode(self._answer(question, at_s)))

    def output(self) -> list[bytes]:
        """Frames to send, since the last call."""
        out, self._out = self._out, []
        return out

    def _answer(self, question: wire.Question, at_s: float) -> wire.Answer:
        if self.refusing is not None:
            return wire.Refused(self.unit, question.function, self.refusing)
        match question:
            case wire.Read(_, table, address, count):
                image = self._image(table, at_s)
                wanted = range(address, address + count)
                if wanted[0] < min(image) or wanted[-1] > max(image):
                    return wire.Refused(self.unit, question.function, Code.ADDRESS)
                return wire.Registers(self.unit, question.function, tuple(image.get(each, 0) for each in wanted))
            case wire.Write(_, address, values):
                code = Code.FUNCTION if question.many != (self.chart.line.writes == "many") else None
                for register, value in enumerate(values, address):
                    code = code or self._write(register, value, at_s)
                if code is not None:
                    return wire.Refused(self.unit, question.function, code)
                number = len(values) if question.many else values[0]
                return wire.Written(self.unit, question.function, address, number)

    def _image(self, table: Table, at_s: float) -> dict[int, int]:
        """The registers as they are now."""
        chart, actuators = self.chart, self.actuators
        memory = self._memory if table is Table.HOLDING else {}
        blocks = [block for block in chart.blocks() if block.table is table]
        image = {each: 0 for block in blocks for each in range(block.address, block.address + block.count)} | memory
        for register, value in self._values(table):
            image[register] = value
        for bit, on in self._bits(at_s):
            if bit.key[0] is table:
                image[bit.register] = image.get(bit.register, 0) | (on != bit.inverted) << bit.bit
        for joint, angle_deg in ((chart.recline, actuators.back_deg), (chart.leg_rest, actuators.legs_deg)):
            if joint is not None and place(joint.position).key[0] is table:
                counts = round((angle_deg - joint.zero_deg) / joint.unit_deg)
                image[place(joint.position).register] = counts & 0xFFFF
        if table is Table.HOLDING:
            if chart.massage is not None:
                image[chart.massage.level] = self._memory.get(chart.massage.level, 0) if actuators.massage.level else 0
            for part, percent in ((chart.light, actuators.light), (chart.volume, actuators.volume)):
                if part is not None:
                    image[part.register] = round(percent * part.full / 100)
            if chart.heat is not None:
                image[chart.heat.level] = self._memory.get(chart.heat.level, 0) if actuators.heat else 0
        return image

    def _values(self, table: Table) -> Iterator[tuple[int, int]]:
        """Who it is, and what it measures."""
        identity = self.chart.identity
        for expected in identity.expect:
            if expected.key[0] is table:
                yield expected.register, expected.equals
        for word, value in ((identity.firmware, 0x0103), (identity.serial, 1234)):
            if word is not None and place(word).key[0] is table:
                yield place(word).register, value
        for sensor in self.chart.measured:
            if sensor.key[0] is table:
                measured = self._measure(sensor.channel)
                counts = sensor.missing or 0
                if measured is not None:
                    counts = round((measured - sensor.zero) / sensor.unit)
                yield sensor.register, counts & 0xFFFF

    def _measure(self, channel: Literal["pulse_rate", "spo2", "skin_temperature"]) -> float | None:
        if not (self.seat.occupied and self.seat.contact):
            return None
        value = float(self.seat.person.measure(channel, np.array([max(0.0, self._heard_s)]))[0])
        return value if isfinite(value) else None

    def _bits(self, at_s: float) -> Iterator[tuple[Bit, bool]]:
        state, guard = self.chart.state, self.guard
        bits = (
            (state.occupied, guard.occupied(at_s)),
            (state.here, self._pressed),
            (state.moving, self.actuators.moving),
            (state.stop_pressed, guard.button_in),
            (state.stopped, guard.stopped),
            (state.cleared, guard.cleared),
            (state.watchdog_tripped, guard.tripped),
        )
        yield from ((bit, on) for bit, on in bits if bit is not None)
        yield from ((bit, name in guard.faults) for name, bit in self.chart.faults.items())

    def _write(self, register: int, value: int, at_s: float) -> Code | None:
        """Obey, or say why not."""
        self.written.append((register, value))
        chart = self.chart
        orders = {"stop": chart.stop, "release": chart.release, "arm": chart.arm, "disarm": chart.disarm}
        order = next((name for name, it in orders.items() if it and (it.register, it.value) == (register, value)), None)
        if order is not None:
            return self._order(order, at_s)
        if chart.watchdog is not None and register == chart.watchdog.register:
            self._fed_s = at_s
            return None
        code = self._actuate(register, value, at_s)
        if code is None:
            self._memory[register] = value
        return code

    def _order(self, name: str, at_s: float) -> Code | None:
        match name:
            case "stop":
                self.guard.latch()
                self.actuators.halt()
                return None
            case "disarm":
                self._rest()
                return None
            case "release":
                return None if self.guard.release() is None else Code.DEVICE
            case _:
                return None if self.guard.arm(1, at_s) is None else Code.DEVICE

    def _actuate(self, register: int, value: int, at_s: float) -> Code | None:
        chart, actuators = self.chart, self.actuators
        for joint, back in ((chart.recline, True), (chart.leg_rest, False)):
            if joint is not None and register == joint.target:
                return self._go(joint, value, at_s, back=back)
            if joint is not None and register == joint.speed:
                return None
        if (massage := chart.massage) is not None:
            if register == massage.level:
                return self._massage(value, at_s)
            if register in {part.register for part in (massage.zones, massage.rhythm) if part is not None}:
                return None
        if chart.heat is not None and register == chart.heat.level:
            level = round(value * chair_link.MOST_HEAT / chart.heat.most)
            code = self._forbids(chair_link.Heat(level), at_s)
            actuators.heat = actuators.heat if code else level
            return code
        for part, name in ((chart.light, "light"), (chart.volume, "volume")):
            if part is not None and register == part.register:
                if value > part.full:
                    return Code.VALUE
                setattr(actuators, name, round(100 * value / part.full))
                return None
        safe = chart.safe
        known = {order.register for orders in (safe.on_open, safe.on_stop, safe.on_leave) for order in orders}
        return None if register in known else Code.ADDRESS

    def _go(self, joint: Joint, counts: int, at_s: float, *, back: bool) -> Code | None:
        angle_deg = joint.angle_deg(counts - 0x10000 if joint.signed and counts >= 0x8000 else counts)
        if not joint.lowest_deg <= angle_deg <= joint.highest_deg:
            return Code.VALUE
        speed_deg_s = joint.fastest_deg_s
        if joint.speed is not None and (asked := self._memory.get(joint.speed)):
            speed_deg_s = min(speed_deg_s, asked * joint.speed_unit_deg_s)
        kind = chair_link.Recline if back else chair_link.LegRest
        code = self._forbids(kind(angle_deg, speed_deg_s, joint.acceleration_deg_s2), at_s)
        if code is None and back:
            self.actuators.go_back(angle_deg, speed_deg_s, joint.acceleration_deg_s2)
        elif code is None:
            self.actuators.leg_rest.go(angle_deg, speed_deg_s, joint.acceleration_deg_s2)
        return code

    def _massage(self, value: int, at_s: float) -> Code | None:
        massage = self.chart.massage
        if massage is None or value > massage.most:
            return Code.VALUE
        level = max(1, round(value * chair_link.MOST_MASSAGE / massage.most)) if value else 0
        zones = self._memory.get(massage.zones.register, 0) & 0x0F if massage.zones is not None else 0x0F
        message = chair_link.Massage(zones, 1, level) if level else _OFF
        code = self._forbids(message, at_s)
        if code is None:
            self.actuators.massage = message
        return code

    def _forbids(self, message: chair_link.Message, at_s: float) -> Code | None:
        """The controller's own interlocks. One without an order to arm is armed whenever somebody sits there."""
        if self.chart.arm is None and not self.guard.session:
            self.guard.arm(1, at_s)
        reason = self.guard.forbids(message, at_s)
        if reason is None:
            return None
        return Code.VALUE if reason is chair_link.Reason.OUT_OF_RANGE else Code.DEVICE


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ModbusChairFirmware:
    """The chair that `device` describes, with `person` in it.

    Raises:
        MapError: its register map is missing or wrong.
    """
    return ModbusChairFirmware(load(device.map or "relaxation-chair"), Seat(person), sits=not wait_for_sit)
