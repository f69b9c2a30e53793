"""What can go wrong between us and a device: one class per cause, with the port, the device and the remedy.

`str(error)` is one line that a person can act on. Codes (`error.code`) are looked up in `care/words/` by the faces.
"""


class DeviceError(Exception):
    """A device cannot do what was asked.

    Attributes:
        port: serial port or Bluetooth address.
        device: id of the device in this room, or "" before it is known.
        remedy: what a person should do now.
    """

    code = "device_error"
    what = "the device failed"
    remedy = "unplug it, wait five seconds, plug it in again"

    def __init__(self, port: str = "", device: str = "", detail: str = "", remedy: str = "") -> None:
        self.port, self.device, self.detail = port, device, detail
        self.remedy = remedy or self.remedy
        where = " at ".join(part for part in (device, port) if part) or "device"
        super().__init__(f"{where}: {self.what}{f' ({detail})' if detail else ''}; {self.remedy}")


class PortMissing(DeviceError):
    code = "port_missing"
    what = "the port does not exist"
    remedy = "check the cable, then look at `xinyi devices` for the ports that are there"


class PortBusy(DeviceError):
    code = "port_busy"
    what = "another program holds the port"
    remedy = "close that program, or give this device another port in xinyi.toml"


class PortForbidden(DeviceError):
    code = "port_forbidden"
    what = "no permission to open the port"
    remedy = "add this user to the group dialout and sign in again"


class PortLost(DeviceError):
    code = "port_lost"
    what = "the connection broke off"
    remedy = "check the cable; the connection comes back by itself"


class NoAnswer(DeviceError):
    code = "no_answer"
    what = "the device does not answer"
    remedy = "switch it on, and check that xinyi.toml names the right kind for this port"


class WrongDevice(DeviceError):
    code = "wrong_device"
    what = "another kind of device answered"
    remedy = "correct the kind of this device in xinyi.toml"


class WrongMap(DeviceError):
    code = "wrong_map"
    what = "its register map cannot be used"
    remedy = "correct the map, or name another for this device in xinyi.toml"


class WrongOption(DeviceError):
    code = "wrong_option"
    what = "its options cannot be used"
    remedy = "correct the options of this device in xinyi.toml"


class CommandRefused(DeviceError):
    code = "command_refused"
    what = "the command was refused"
    remedy = "see the reason; nothing has moved"


class NotConnected(DeviceError):
    code = "not_connected"
    what = "not connected"
    remedy = "check power and cable; the connection comes back by itself"


class BluetoothOff(DeviceError):
    code = "bluetooth_off"
    what = "Bluetooth of this machine is off or missing"
    remedy = "plug the Bluetooth adapter in and switch it on (`bluetoothctl power on`, `rfkill unblock bluetooth`)"


class OutOfReach(DeviceError):
    code = "out_of_reach"
    what = "not reached by Bluetooth"
    remedy = "switch it on, put it on (a strap wakes on skin), come within 10 m, and close other programs that use it"
