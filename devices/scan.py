"""Who advertises by Bluetooth here: one scan of every adapter that is switched on, all at the same time."""

import asyncio

from devices.links.radio import FAULTS, Seen, adapters, cause, radio

SCAN_S = 3.0


async def scan(seconds: float = SCAN_S) -> list[Seen]:
    """Everything that advertises within `seconds` of real time; a device heard by two adapters by the one nearer.

    Raises:
        BluetoothOff: no adapter, or none switched on.
        PortForbidden: the system does not let us use it.
    """
    names = [name for name, on in (await adapters()).items() if on] or [""]
    ears = [await radio(name) for name in names]
    try:
        heard = await asyncio.gather(*(ear.listen(seconds) for ear in ears))
    except FAULTS as error:
        raise cause(error, "", "") from error
    nearest: dict[str, Seen] = {}
    for seen in sorted((seen for some in heard for seen in some), key=lambda seen: seen.rssi_dbm):
        nearest[seen.address] = seen
    return sorted(nearest.values(), key=lambda seen: -seen.rssi_dbm)
