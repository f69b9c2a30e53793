"""Which Modbus chair is there: read what the map says must stand in certain registers, and write nothing."""

import asyncio

from devices.clock import Clock
from devices.drivers.modbus_line import ModbusLine
from devices.errors import NoAnswer, WrongDevice
from devices.events import Identity
from devices.protocols.modbus_rtu import Refused, Registers
from devices.protocols.register_map import RegisterMap, Word, place
from signals.samples import Channel

_ANSWER_S = 3.0


async def identify(line: ModbusLine, chart: RegisterMap, clock: Clock, device: str, port: str) -> Identity:
    """Who answers as unit `chart.line.unit`.

    Raises:
        NoAnswer: silence for 3 s.
        WrongDevice: another chair, or something that does not speak Modbus RTU as the map says.
        PortLost: the connection broke off.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + clock.patience_s(_ANSWER_S, 0.5)

    async def read(where: Word) -> int:
        spot = place(where)
        while True:
            match await line.read(*spot.key, 1):
                case Registers(values=(value,)):
                    return value
                case Refused(code=code):
                    raise WrongDevice(
                        port, device, f"it does not let {spot.table} register {spot.register} be read ({code})"
                    )
                case _ if loop.time() < until:
                    continue
            if line.noise and not line.decoder.frames:
                set_to = f"unit {chart.line.unit}, {chart.line.baud} baud, parity {chart.line.parity}"
                raise WrongDevice(port, device, f"what it sends is no Modbus RTU of {set_to}")
            raise NoAnswer(port, device)

    for expected in chart.identity.expect:
        value = await read(expected)
        if value != expected.equals:
            what = f"{expected.table} register {expected.register} holds {value}, the map says {expected.equals}"
            raise WrongDevice(port, device, what, "choose the register map of this chair in xinyi.toml")
    firmware = serial = ""
    if chart.identity.firmware is not None:
        version = await read(chart.identity.firmware)
        firmware = f"{version >> 8}.{version & 0xFF}"
    if chart.identity.serial is not None:
        serial = str(await read(chart.identity.serial))
    return Identity(
        chart.identity.maker,
        chart.identity.model,
        serial,
        firmware,
        channels=tuple((Channel(sensor.channel), sensor.rate_hz) for sensor in chart.measured),
        hardware_watchdog=chart.has_watchdog,
        seat_sensor=chart.state.occupied is not None,
    )
