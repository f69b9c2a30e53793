"""Polar Measurement Data (PMD): how a Polar H10, Verity Sense or OH1 is asked for raw signals. Sans-IO, never raises.

Source: polarofficial/polar-ble-sdk, its documentation and the tests of its `pmd` package (PmdSettingTest,
BlePmdClientTest); what comes on the data characteristic is in `polar_data.py`. Little endian:

    FB005C81 control point, read       0F | features: byte 1 bit 0 ECG, 1 PPG, 2 acceleration, 3 PPI, 5 gyro, 6 magnet
    FB005C81 write                     01 type: settings it offers | 02 type [settings]: start | 03 type: stop
    FB005C81 indicated                 F0 opcode type status more [settings]; `more` = 1: the settings go on in the next
                                       01 [type …]: it has stopped these by itself
    settings                           id, count, count x value; 0 rate u16 Hz | 1 resolution u16 bit | 2 range u16 g
                                       3 range u32 milli-unit | 4 channels u8 | 5 factor f32

Unverified, for want of a capture: the settings that a Verity Sense offers for PPG, and the words for status 10 and up.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_POINT = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

_FEATURES, _RESPONSE, _STOPPED = 0x0F, 0xF0, 0x01


class Measurement(IntEnum):
    """What can be streamed. The number is its type on the wire and its bit among the features."""

    ECG = 0
    PPG = 1
    ACCELERATION = 2
    PPI = 3


class Opcode(IntEnum):
    SETTINGS = 1
    START = 2
    STOP = 3


class Setting(IntEnum):
    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5


_FORMATS = {
    Setting.RATE_HZ: "H",
    Setting.RESOLUTION_BITS: "H",
    Setting.RANGE: "H",
    Setting.RANGE_MILLI: "I",
    Setting.CHANNELS: "B",
    Setting.FACTOR: "f",
}

Values = Mapping[Setting, tuple[float, ...]]
"""What is offered, or was chosen."""


class Status(IntEnum):
    """What the sensor makes of a command."""

    DONE = 0
    UNKNOWN_OPCODE = 1
    UNKNOWN_TYPE = 2
    UNSUPPORTED = 3
    WRONG_LENGTH = 4
    WRONG_PARAMETER = 5
    ALREADY_SO = 6
    WRONG_RESOLUTION = 7
    WRONG_RATE = 8
    WRONG_RANGE = 9
    WRONG_MTU = 10
    WRONG_CHANNELS = 11
    WRONG_STATE = 12
    IN_CHARGER = 13

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Response:
    """Answer to a command.

    Attributes:
        status: a `Status`, or a number that we do not know.
        more: its settings go on in the next response.
    """

    opcode: int
    type: int
    status: int
    more: bool = False
    parameters: bytes = b""

    @property
    def words(self) -> str:
        """The status, for people."""
        return Status(self.status).words if self.status in set(Status) else f"status {self.status}"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The sensor has stopped these by itself."""

    types: tuple[int, ...] = field(default=())


def features(data: bytes) -> frozenset[Measurement]:
    """What a read of the control point says that it can stream.

    >>> sorted(features(bytes.fromhex("0f 05 00")))
    [<Measurement.ECG: 0>, <Measurement.ACCELERATION: 2>]
    """
    if len(data) < 2 or data[0] != _FEATURES:
        return frozenset()
    return frozenset(measurement for measurement in Measurement if data[1] >> measurement & 1)


def encode_features(measurements: Sequence[Measurement]) -> bytes:
    return bytes((_FEATURES, sum(1 << measurement for measurement in measurements))) + bytes(15)


def ask_settings(measurement: Measurement) -> bytes:
    return bytes((Opcode.SETTINGS, measurement))


def start(measurement: Measurement, chosen: Values) -> bytes:
    """The command that starts a stream.

    >>> start(Measurement.ECG, {Setting.RATE_HZ: (130,), Setting.RESOLUTION_BITS: (14,)}).hex(" ")
    '02 00 00 01 82 00 01 01 0e 00'
    >>> start(Measurement.PPI, {}).hex(" ")
    '02 03'
    """
    return bytes((Opcode.START, measurement)) + encode_settings(chosen)


def stop(measurement: Measurement) -> bytes:
    return bytes((Opcode.STOP, measurement))


def decode_command(data: bytes) -> tuple[int, int, bytes] | None:
    """(opcode, type, settings) as a sensor reads it; None where it is too short."""
    return (data[0], data[1], data[2:]) if len(data) >= 2 else None


def decode_control(data: bytes) -> Response | Stopped | None:
    """What the control point indicates; None where it is neither.

    >>> decode_control(bytes.fromhex("f0 02 00 0d 00"))
    Response(opcode=2, type=0, status=13, more=False, parameters=b'')
    >>> decode_control(bytes.fromhex("01 01 02"))
    Stopped(types=(1, 2))
    """
    if data[:1] == bytes((_STOPPED,)):
        return Stopped(tuple(data[1:]))
    if len(data) < 4 or data[0] != _RESPONSE:
        return None
    return Response(data[1], data[2], data[3], bool(data[4]) if len(data) > 4 else False, data[5:])


def encode_control(said: Response | Stopped) -> bytes:
    if isinstance(said, Stopped):
        return bytes((_STOPPED, *said.types))
    return bytes((_RESPONSE, said.opcode, said.type, said.status, said.more)) + said.parameters


def decode_settings(data: bytes) -> dict[Setting, tuple[float, ...]] | None:
    """Settings as they stand in a response; None where they are not whole.

    >>> decode_settings(bytes.fromhex("00 01 82 00 01 01 0e 00"))
    {<Setting.RATE_HZ: 0>: (130,), <Setting.RESOLUTION_BITS: 1>: (14,)}
    """
    found: dict[Setting, tuple[float, ...]] = {}
    at = 0
    while at < len(data):
        if at + 2 > len(data) or data[at] not in set(Setting):
            return None
        setting, count = Setting(data[at]), data[at + 1]
        layout = f"<{count}{_FORMATS[setting]}"
        end = at + 2 + struct.calcsize(layout)
        if end > len(data):
            return None
        found[setting] = struct.unpack(layout, data[at + 2 : end])
        at = end
    return found


def encode_settings(values: Values) -> bytes:
    return b"".join(
        bytes((setting, len(each)))
        + struct.pack(f"<{len(each)}{_FORMATS[setting]}", *(v if setting is Setting.FACTOR else round(v) for v in each))
        for setting, each in values.items()
    )
