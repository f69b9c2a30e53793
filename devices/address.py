"""Where a device is: a serial port, a Bluetooth address, or a socket of a serial device server.

/dev/ttyUSB0                        serial port (any path; /dev/serial/by-id/… stays the same after replugging)
ble:00:22:D0:12:34:56               Bluetooth Low Energy; ble:00:22:D0:12:34:56@hci1 by a certain adapter
rfcomm:00:06:66:12:34:56            classic Bluetooth, serial port profile, channel 1; …/3 for channel 3
tcp:192.168.1.20:4001               a serial line behind a network device server, raw
"""

import os
import re
from dataclasses import dataclass
from enum import StrEnum

_MAC = r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}"
_BLE = re.compile(rf"ble:({_MAC})(?:@(hci\d+))?", re.IGNORECASE)
_RFCOMM = re.compile(rf"rfcomm:({_MAC})(?:/(\d{{1,2}}))?", re.IGNORECASE)
_TCP = re.compile(r"tcp:([^:\s]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")


class AddressError(ValueError):
    """The text names no place where a device could be. One line with the remedy."""


class Medium(StrEnum):
    """What carries the bytes."""

    SERIAL = "serial"
    BLE = "ble"
    RFCOMM = "rfcomm"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Address:
    """One place.

    Attributes:
        place: path, Bluetooth address (upper case) or host.
        number: RFCOMM channel or TCP port; 0 where there is none.
        adapter: the adapter to use ("hci1"), or "" for the first.
    """

    medium: Medium
    place: str
    number: int = 0
    adapter: str = ""


def parse(text: str) -> Address:
    """Read an address.

    Raises:
        AddressError: it begins like one of ours and is not.

    >>> parse("rfcomm:00:06:66:12:34:56/3")
    Address(medium=<Medium.RFCOMM: 'rfcomm'>, place='00:06:66:12:34:56', number=3, adapter='')
    """
    scheme = text.partition(":")[0].lower()
    if scheme == "ble":
        if found := _BLE.fullmatch(text):
            return Address(Medium.BLE, found[1].upper(), adapter=(found[2] or "").lower())
        raise AddressError(f"{text}: not a Bluetooth address; write it as ble:00:22:D0:12:34:56")
    if scheme == "rfcomm":
        channel = 0
        if found := _RFCOMM.fullmatch(text):
            channel = int(found[2] or 1)
        if found and 1 <= channel <= 30:
            return Address(Medium.RFCOMM, found[1].upper(), channel)
        raise AddressError(f"{text}: not an RFCOMM address; write it as rfcomm:00:06:66:12:34:56 or …/3 for channel 3")
    if scheme == "tcp":
        if (found := _TCP.fullmatch(text)) and 1 <= int(found[2]) <= 65535:
            return Address(Medium.TCP, found[1].strip("[]"), int(found[2]))
        raise AddressError(f"{text}: not a socket; write it as tcp:192.168.1.20:4001")
    if not text.strip():
        raise AddressError("the port is empty; name one such as /dev/ttyUSB0 or ble:00:22:D0:12:34:56")
    return Address(Medium.SERIAL, text)


def same_place(one: str, other: str) -> bool:
    """Whether two addresses mean the same place: a port by either of its names, a device by either adapter.

    Raises:
        AddressError: one of them names no place.
    """
    here, there = parse(one), parse(other)
    if here.medium is not there.medium:
        return False
    if here.medium is Medium.SERIAL:
        return os.path.realpath(here.place) == os.path.realpath(there.place)
    return (here.place, here.number) == (there.place, there.number)
