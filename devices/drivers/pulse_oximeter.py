"""Oximeters of the Pulse Oximeter Service: identify, open, stream, command are those of `gatt_oximeter.py`.

Many tell a spot check besides, once a measurement has come to its end: it is no stream, and handed on as a note.
"""

from devices.drivers.gatt_oximeter import GattOximeter
from devices.events import DeviceNote
from devices.links.link import Notification
from devices.protocols import pulse_oximeter as wire


class PulseOximeter(GattOximeter):
    """One oximeter of any maker."""

    measurement = wire.CONTINUOUS
    whose = "continuous pulse oximetry (0x2A5F)"

    # open

    async def open(self) -> None:
        await super().open()
        if self.link.has(wire.SPOT_CHECK):
            await self.link.listen(wire.SPOT_CHECK)

    async def close(self) -> None:
        await super().close()
        if self.link.has(wire.SPOT_CHECK):
            await self.link.deafen(wire.SPOT_CHECK)

    # stream

    def measured(self, notification: Notification) -> bool:
        at_ns = notification.arrival_ns
        if notification.uuid == wire.SPOT_CHECK:
            spot = wire.decode_spot_check(notification.data)
            if spot is not None:
                self.out.append(DeviceNote(self.device, at_ns, f"spot check: {_words(spot)}"))
            return spot is not None
        said = wire.decode(notification.data)
        if said is None:
            return False
        second = self.second_of(at_ns)
        if second is not None:
            touches = said.no_finger is not True
            self.put(second, said.spo2_percent, said.pulse_rate_per_min, touches=touches, arrival_ns=at_ns)
        return True


def _words(spot: wire.Reading) -> str:
    spo2 = "?" if spot.spo2_percent is None else f"{spot.spo2_percent:g}"
    rate = "?" if spot.pulse_rate_per_min is None else f"{spot.pulse_rate_per_min:g}"
    return f"SpO2 {spo2} %, pulse {rate}/min"
