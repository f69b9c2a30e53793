"""Oximeters of the Pulse Oximeter Service: identify, open, stream, command are those of `gatt_oximeter.py`."""

from devices.drivers.gatt_oximeter import GattOximeter
from devices.links.link import Notification
from devices.protocols import pulse_oximeter as wire


class PulseOximeter(GattOximeter):
    """One oximeter of any maker."""

    measurement = wire.CONTINUOUS
    whose = "continuous pulse oximetry (0x2A5F)"

    def measured(self, notification: Notification) -> bool:
        said = wire.decode(notification.data)
        if said is None:
            return False
        at_ns = notification.arrival_ns
        touches = said.no_finger is not True
        second = self.second_of(at_ns)
        self.put(second, said.spo2_percent, said.pulse_rate_per_min, touches=touches, arrival_ns=at_ns)
        return True
