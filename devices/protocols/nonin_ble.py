"""Nonin 3150 and 3230 by Bluetooth Low Energy: their own service, one measurement a second and the pulse wave.

Sources: two public drivers for the measurement; for the pulse wave two others that cite Nonin's 113142-000-02 Rev B and
agree. Big-endian. Pulse intervals (34e27863-76ff-4f8e-96f1-9e3993aa6199) are not read: public readers disagree which
bit marks a bad pulse, and beats are found in the wave.

    measurement, once a second
    0    length of the value, itself included (10)
    1    status: bit 6 encrypted | 5 battery low | 4 finger seated | 3 searching | 2 SmartPoint | 1 weak signal
    2    battery, 0.1 V
    3-4  pulse amplitude index, 0.01 %      5-6  counter of the values
    7    SpO2, % (127: none)                8-9  pulse rate, 1/min (511: none)

    pulse wave, three times a second: 75 samples
    0    length of the value, itself included (53)
    1-50 25 samples, u16                    51-52 counter of the values
"""

import struct
from dataclasses import dataclass

SERVICE = "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b"
MEASUREMENT = "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b"
WAVE = "ec0a883a-4d24-11e7-b114-b2f933d5fe66"
WAVE_RATE_HZ = 75.0
WAVE_SAMPLES = 25
MOST_PLETH = 0xFFFF
COUNTS = 1 << 16
_LAYOUT = struct.Struct(">BBBHHBH")
_WAVE = struct.Struct(f">B{WAVE_SAMPLES}HH")
_NO_SPO2, _NO_RATE = 127, 511
_FULL_V, _EMPTY_V = 3.0, 2.0
"""Two AAA cells. Share of charge by voltage is ours [K]."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One second of a finger.

    Attributes:
        counter: counts the values, modulo 65536.
        spo2_percent, pulse_rate_per_min: None while there is none.
    """

    counter: int
    spo2_percent: int | None
    pulse_rate_per_min: int | None
    seated: bool = True
    searching: bool = False
    weak: bool = False
    smart_point: bool = True
    battery_low: bool = False
    battery_v: float = 2.8
    amplitude_percent: float = 4.0

    @property
    def battery_percent(self) -> int:
        share = (self.battery_v - _EMPTY_V) / (_FULL_V - _EMPTY_V)
        percent = round(100 * min(1.0, max(0.0, share)))
        return min(percent, 10) if self.battery_low else percent


def encode(measurement: Measurement) -> bytes:
    """One value as the device sends it.

    >>> encode(Measurement(7, 97, 72)).hex(" ")
    '0a 14 1c 01 90 00 07 61 00 48'
    """
    m = measurement
    status = m.battery_low << 5 | m.seated << 4 | m.searching << 3 | m.smart_point << 2 | m.weak << 1
    spo2 = _NO_SPO2 if m.spo2_percent is None else m.spo2_percent
    rate = _NO_RATE if m.pulse_rate_per_min is None else m.pulse_rate_per_min
    amplitude = round(100 * m.amplitude_percent)
    return _LAYOUT.pack(10, status, round(10 * m.battery_v), amplitude, m.counter % COUNTS, spo2, rate)


def decode(data: bytes) -> Measurement | None:
    """What a value says; None where it cannot be read, or is encrypted."""
    if len(data) < _LAYOUT.size or data[0] != len(data):
        return None
    _, status, tenths_v, amplitude, counter, spo2, rate = _LAYOUT.unpack_from(data)
    if status & 0x40:
        return None
    return Measurement(
        counter,
        spo2 if 0 < spo2 <= 100 else None,
        rate if 0 < rate < _NO_RATE else None,
        seated=bool(status & 0x10),
        searching=bool(status & 0x08),
        weak=bool(status & 0x02),
        smart_point=bool(status & 0x04),
        battery_low=bool(status & 0x20),
        battery_v=tenths_v / 10,
        amplitude_percent=amplitude / 100,
    )


@dataclass(frozen=True, slots=True)
class Wave:
    """A third of a second of the pulse wave.

    Attributes:
        counter: counts the values, modulo 65536.
        samples: 25, 0 … 65535.
    """

    counter: int
    samples: tuple[int, ...]


def encode_wave(wave: Wave) -> bytes:
    """A value of the pulse wave as the device sends it.

    >>> encode_wave(Wave(7, (258,) * 25)).hex()
    '3501020102010201020102010201020102010201020102010201020102010201020102010201020102010201020102010201020007'
    """
    return _WAVE.pack(_WAVE.size, *wave.samples, wave.counter % COUNTS)


def decode_wave(data: bytes) -> Wave | None:
    """What a value of the pulse wave says; None where it cannot be read."""
    if len(data) != _WAVE.size or data[0] != len(data):
        return None
    _, *samples, counter = _WAVE.unpack(data)
    return Wave(counter, tuple(samples))
