"""Bluetooth SIG Pulse Oximeter Service (0x1822): saturation and pulse rate, continuous or as a spot check.

Sources: Pulse Oximeter Service 1.0.1 and the GATT Specification Supplement, 0x2A5E and 0x2A5F; IEEE 11073-20601 SFLOAT;
the status bits as half a dozen public stacks have them. Little-endian.

    0x2A5F   flags u8: bit 0 fast | 1 slow | 2 measurement status | 3 device and sensor status | 4 amplitude index;
             bits 5-7 reserved, a value with one of them set is not read
             SpO2, pulse rate [, fast 2 SFLOAT][, slow 2 SFLOAT][, status u16][, device u24][, index SFLOAT]
    0x2A5E   flags u8: bit 0 time stamp | 1 measurement status | 2 device and sensor status | 3 index | 4 clock not set
             SpO2, pulse rate [, time 7 bytes][, status u16][, device u24][, index SFLOAT]
    SFLOAT   bits 15-12 exponent of 10, signed | 11-0 mantissa, signed; 07FF not a number, 0800 not at this resolution,
             07FE and 0802 infinite, 0801 reserved: none of these is a value
    status   bit 9 from storage | 10 demonstration | 11 test | 13 unavailable | 15 invalid: none of them is of now
    device   bit 1 equipment fails | 11 sensor unconnected to user | 13 displaced | 14 sensor fails | 15 disconnected
"""

from dataclasses import dataclass

SERVICE = "00001822-0000-1000-8000-00805f9b34fb"
SPOT_CHECK = "00002a5e-0000-1000-8000-00805f9b34fb"
CONTINUOUS = "00002a5f-0000-1000-8000-00805f9b34fb"
FEATURES = "00002a60-0000-1000-8000-00805f9b34fb"
_NO_VALUE = frozenset((0x07FE, 0x07FF, 0x0800, 0x0801, 0x0802))
_NAN = 0x07FF
_FAST, _SLOW, _STATUS, _DEVICE, _INDEX = 1, 2, 4, 8, 16
_RESERVED = 0xE0
_NO_FINGER = 1 << 11 | 1 << 13 | 1 << 15
_FAILS = 1 << 1 | 1 << 14
_NOT_OF_NOW = 1 << 9 | 1 << 10 | 1 << 11 | 1 << 13 | 1 << 15


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement.

    Attributes:
        spo2_percent, pulse_rate_per_min: None while there is none, and where the status says that it is none of now.
        amplitude_percent: pulse amplitude index, or None.
        no_finger: its sensor says that it touches nobody; None where it does not say.
    """

    spo2_percent: float | None
    pulse_rate_per_min: float | None
    amplitude_percent: float | None = None
    no_finger: bool | None = None


def sfloat(raw: int) -> float | None:
    """The number that two bytes stand for, None where they stand for none.

    >>> sfloat(0xF3CF), sfloat(0x005E), sfloat(0x07FF)
    (97.5, 94.0, None)
    """
    if raw & 0x0FFF in _NO_VALUE:
        return None
    mantissa, exponent = raw & 0x0FFF, raw >> 12 & 0x0F
    mantissa -= (mantissa & 0x800) << 1
    exponent -= (exponent & 8) << 1
    return float(mantissa) * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent


def to_sfloat(value: float | None, decimals: int = 0) -> int:
    """The two bytes that stand for a number with so many decimals; it is cut to what they can hold.

    >>> hex(to_sfloat(97.5, 1))
    '0xf3cf'
    """
    if value is None:
        return _NAN
    mantissa = max(-2045, min(2045, round(value * 10.0**decimals)))
    return (-decimals & 0x0F) << 12 | mantissa & 0x0FFF


def encode(reading: Reading) -> bytes:
    """A continuous measurement as a device sends it.

    >>> encode(Reading(94, 90)).hex(" ")
    '00 5e 00 5a 00'
    """
    flags = (_DEVICE if reading.no_finger is not None else 0) | (_INDEX if reading.amplitude_percent is not None else 0)
    out = bytes((flags,))
    for value in (reading.spo2_percent, reading.pulse_rate_per_min):
        out += to_sfloat(value).to_bytes(2, "little")
    if reading.no_finger is not None:
        out += ((1 << 11) * reading.no_finger).to_bytes(3, "little")
    if reading.amplitude_percent is not None:
        out += to_sfloat(reading.amplitude_percent, 1).to_bytes(2, "little")
    return out


def encode_spot_check(reading: Reading) -> bytes:
    """A spot check as a device without a clock sends it.

    >>> encode_spot_check(Reading(97, 96)).hex(" ")
    '00 61 00 60 00'
    """
    values = (reading.spo2_percent, reading.pulse_rate_per_min)
    return b"\x00" + b"".join(to_sfloat(value).to_bytes(2, "little") for value in values)


def decode(data: bytes) -> Reading | None:
    """What a continuous measurement says; None where it is not one.

    >>> decode(bytes.fromhex("00cff30910"))
    Reading(spo2_percent=97.5, pulse_rate_per_min=90.0, amplitude_percent=None, no_finger=None)
    """
    if len(data) < 5 or data[0] & _RESERVED:
        return None
    flags = data[0]
    lengths = ((_FAST, 4), (_SLOW, 4), (_STATUS, 2), (_DEVICE, 3), (_INDEX, 2))
    at, places = 5, {}
    for flag, length in lengths:
        if flags & flag:
            places[flag] = at
            at += length
    if len(data) != at:
        return None
    return _reading(data, places.get(_STATUS), places.get(_DEVICE), places.get(_INDEX))


def decode_spot_check(data: bytes) -> Reading | None:
    """What a spot check says; None where it is not one."""
    if len(data) < 5 or data[0] & _RESERVED:
        return None
    flags = data[0]
    at, places = 5, {}
    for flag, length in ((1, 7), (2, 2), (4, 3), (8, 2)):
        if flags & flag:
            places[flag] = at
            at += length
    if len(data) != at:
        return None
    return _reading(data, places.get(2), places.get(4), places.get(8))


def _reading(data: bytes, status: int | None, device: int | None, index: int | None) -> Reading:
    """Places of what is there in `data`."""
    spo2, rate = sfloat(_number(data, 1, 2)), sfloat(_number(data, 3, 2))
    bits = 0 if device is None else _number(data, device, 3)
    believed = not bits & _FAILS and not (status is not None and _number(data, status, 2) & _NOT_OF_NOW)
    return Reading(
        spo2 if believed and spo2 is not None and 0 < spo2 <= 100 else None,
        rate if believed and rate is not None and 0 < rate < 400 else None,
        None if index is None else sfloat(_number(data, index, 2)),
        None if device is None else bool(bits & _NO_FINGER),
    )


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
