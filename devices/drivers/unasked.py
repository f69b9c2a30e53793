"""Recognising a device that talks without being asked and never says who it is: by its frames, twenty in a row.

Two families share the shape of their frames and differ in speed: then the frames are counted for a second as well.
"""

import asyncio

from devices.errors import NoAnswer, WrongDevice
from devices.sensor import ByteSensor

ANSWER_S = 3.0
ENOUGH_FRAMES = 20
_COUNTED_S = 1.0
_COUNTS = 2
_RATE_TOLERANCE = 0.2


async def recognise(sensor: ByteSensor, whose: str, *, rate_hz: float | None = None) -> object:
    """Listen until twenty frames follow each other without a stray byte between them; returns the last of them.

    Args:
        sensor: its link is open.
        whose: for the error: "a Berry oximeter's".
        rate_hz: frames a second that it must send, where others look the same and send more or fewer.

    Raises:
        NoAnswer: silence for 3 s.
        WrongDevice: something else talks there.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + sensor.clock.patience_s(ANSWER_S, 0.5)
    decoder = sensor.decoder
    heard, in_a_row = False, 0
    while (left := until - loop.time()) > 0:
        data = await sensor.link.read(left)
        heard = heard or bool(data)
        stray = decoder.dropped_bytes
        frames = decoder.feed(data)
        in_a_row = in_a_row + len(frames) if decoder.dropped_bytes == stray else 0
        if in_a_row >= ENOUGH_FRAMES:
            decoder.forget()
            if rate_hz is not None and not await _keeps(sensor, rate_hz):
                raise WrongDevice(sensor.port, sensor.device, f"it sends at another speed than {whose}")
            return frames[-1]
    if heard:
        raise WrongDevice(sensor.port, sensor.device, f"what it sends is not {whose}")
    raise NoAnswer(sensor.port, sensor.device, remedy="put a finger in, or press its button, and check the port")


async def _keeps(sensor: ByteSensor, rate_hz: float) -> bool:
    """Whether so many frames a second come; a second look is taken before it is denied."""
    for _ in range(_COUNTS):
        clock, decoder = sensor.clock, sensor.decoder
        before, begin_ns = decoder.frames, clock.now_ns()
        until_ns = begin_ns + round(clock.settle_s(_COUNTED_S) * 1e9)
        while (now_ns := clock.now_ns()) < until_ns:
            decoder.feed(await sensor.link.read(clock.real_s((until_ns - now_ns) / 1e9)))
        counted = (decoder.frames - before) / ((clock.now_ns() - begin_ns) / 1e9)
        if abs(counted / rate_hz - 1) <= _RATE_TOLERANCE:
            return True
    return False
