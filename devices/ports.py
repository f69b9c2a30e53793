"""The serial ports of this machine: what hangs on each, who holds it, and what to do where we may not open it.

Names under /dev/serial/by-id stay the same after replugging, so they are what a configuration should say.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_BY_ID = Path("/dev/serial/by-id")
_PROC = Path("/proc")
RULES_FILE = "/etc/udev/rules.d/70-xinyi.rules"


@dataclass(frozen=True, slots=True)
class Port:
    """One serial port.

    Attributes:
        path: what to write into xinyi.toml; the lasting name where there is one.
        node: the device file itself.
        description: as the adapter says it, or "".
        usb: (vendor, product) of its USB adapter, or None.
    """

    path: str
    node: str
    description: str = ""
    usb: tuple[int, int] | None = None


def serial_ports() -> list[Port]:
    """Every serial port that could have a device on it; the PC's own ports without hardware are left out."""
    from serial.tools.list_ports import comports

    lasting = {os.path.realpath(link): str(link) for link in _links()}
    found = []
    for port in sorted(comports()):
        if port.vid is None and port.hwid in {"n/a", "PNP0501"} and not port.device.startswith("/dev/rfcomm"):
            continue
        usb = None if port.vid is None or port.pid is None else (port.vid, port.pid)
        text = port.description if port.description not in {"n/a", port.name} else ""
        found.append(Port(lasting.get(os.path.realpath(port.device), port.device), port.device, text, usb))
    return found


def _links() -> list[Path]:
    try:
        return sorted(_BY_ID.iterdir())
    except OSError:
        return []


def holder(path: str) -> str:
    """Which program has a device file open: "picocom (process 812)", or "" where that cannot be seen."""
    try:
        wanted = Path(path).stat().st_rdev
    except OSError:
        return ""
    for process in _PROC.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            for handle in (process / "fd").iterdir():
                if str(handle.readlink()).startswith("/dev/") and handle.stat().st_rdev == wanted:
                    name = (process / "comm").read_text("utf-8", "replace").strip()
                    return f"{name} (process {process.name})"
        except OSError:
            continue  # not ours to look into, or gone meanwhile
    return ""


def access_rule(port: Port) -> str:
    """The udev rule that lets people at this machine, and the group dialout, open this adapter.

    >>> print(access_rule(Port("/dev/ttyUSB0", "/dev/ttyUSB0", usb=(0x10C4, 0xEA60))))
    SUBSYSTEM=="tty", ATTRS{idVendor}=="10c4", ATTRS{idProduct}=="ea60", MODE="0660", GROUP="dialout", TAG+="uaccess"
    """
    if port.usb is None:
        which = f'KERNEL=="{Path(port.node).name}"'
    else:
        vendor, product = port.usb
        which = f'ATTRS{{idVendor}}=="{vendor:04x}", ATTRS{{idProduct}}=="{product:04x}"'
    return f'SUBSYSTEM=="tty", {which}, MODE="0660", GROUP="dialout", TAG+="uaccess"'
