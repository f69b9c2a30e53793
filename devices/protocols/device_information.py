"""Device Information (0x180A) and Battery (0x180F): what every BLE sensor can say of itself.

Source: Bluetooth SIG, Device Information Service 1.1, Battery Service 1.0. Strings are UTF-8; makers pad them with
zeros and blanks. Battery 0x2A19: u8, per cent.
"""

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
INFORMATION_SERVICE = "0000180a-0000-1000-8000-00805f9b34fb"
MAKER = "00002a29-0000-1000-8000-00805f9b34fb"
MODEL = "00002a24-0000-1000-8000-00805f9b34fb"
SERIAL = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE = "00002a26-0000-1000-8000-00805f9b34fb"

_LONGEST = 64


def text(data: bytes) -> str:
    r"""A string as a maker wrote it, made fit to be shown.

    >>> text(b"Polar Electro Oy\x00")
    'Polar Electro Oy'
    """
    said = data.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter for letter in said if letter.isprintable()).strip()[:_LONGEST]


def battery_percent(data: bytes) -> int | None:
    """0 … 100; None where it is not a percentage."""
    return data[0] if len(data) == 1 and data[0] <= 100 else None
