"""Recognising a device that talks without being asked and never says who it is: by its frames, twenty in a row."""

import asyncio

from devices.errors import NoAnswer, WrongDevice
from devices.sensor import ByteSensor

ANSWER_S = 3.0
ENOUGH_FRAMES = 20


async def recognise(sensor: ByteSensor, whose: str, *, enough: int = ENOUGH_FRAMES) -> None:
    """Listen until `enough` frames follow each other without a stray byte between them.

    Raises:
        NoAnswer: silence for 3 s.
        WrongDevice: something else talks there; `whose`: "a Berry oximeter's".
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + sensor.clock.patience_s(ANSWER_S, 0.5)
    decoder = sensor.decoder
    heard, in_a_row = False, 0
    while (left := until - loop.time()) > 0:
        data = await sensor.link.read(left)
        heard = heard or bool(data)
        stray = decoder.dropped_bytes
        frames = len(decoder.feed(data))
        in_a_row = in_a_row + frames if decoder.dropped_bytes == stray else 0
        if in_a_row >= enough:
            decoder.forget()
            return
    if heard:
        raise WrongDevice(sensor.port, sensor.device, f"what it sends is not {whose}")
    raise NoAnswer(sensor.port, sensor.device, remedy="put a finger in, or press its button, and check the port")
