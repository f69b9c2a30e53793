"""Telling a device to stop until it is silent: before asking who it is, and before leaving.

A sensor goes on sending to a host that has gone; and a stop that still waits in an adapter is lost when the port is
closed. Both are settled by waiting for the silence.
"""

import asyncio

from devices.links.link import ByteLink

QUIET_S = 0.08
"""Real seconds without a byte; every stream that is stopped so sends more often."""
TRIES = 3
_TRY_S = 0.4
_LEAST_S = 1e-3
"""A shorter rest may be too small to move a clock at all."""


async def hush(link: ByteLink, stop: bytes) -> bool:
    """Say `stop`, up to three times; whether it has fallen silent. Takes 0.1 to 1.2 s.

    Raises:
        PortLost: the connection broke off.
    """
    loop = asyncio.get_running_loop()
    for _ in range(TRIES):
        link.write(stop)
        heard_s = begin_s = loop.time()
        while loop.time() - begin_s < _TRY_S:
            if await link.read(max(_LEAST_S, heard_s + QUIET_S - loop.time())):
                heard_s = loop.time()
            elif loop.time() - heard_s >= QUIET_S:
                return True
    return False
