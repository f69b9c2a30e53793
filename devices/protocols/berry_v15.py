"""Berry 1.5: twenty bytes a frame, up to 200 times a second, numbered, with a check sum; unasked.

Source: a public decoder of the protocol ("Berry Protocol V1.5 packet decoder"), as read for the facts of this house.
Some units send a wrong sum [S]: the sum is believed only from a unit that has shown eight right ones in a row (chance
gives one in 256); from the others a frame is told by its beginning and its rate.

    0  FF        1  AA        2  number of the frame, modulo 256
    3  status: bit 0 sensor off | 1 no finger | 2 no pulse | 3 beat
    4  SpO2, mean   5  SpO2, now (127: none)      6  pulse rate, mean   7  pulse rate, now (255: none)
    8-9  beat interval, little-endian, 5 ms       10-11  perfusion index mean, now, per mille
    12  plethysmogram 1 … 100 (0: none)     13-16  raw light, i32 little-endian     17  battery, % (bits 6-0)
    18  frames a second: 1, 50, 100 or 200        19  sum of bytes 0-18, modulo 256
"""

import struct
from dataclasses import dataclass

from devices.protocols.fixed_frames import FixedFrames

BAUD = 115_200
FRAME_BYTES = 20
MOST_PLETH = 100
RATES_HZ = (1, 50, 100, 200)
_HEAD = b"\xff\xaa"
_BODY = struct.Struct("<2sBBBBBBHBBBiBB")
_BELIEVED_AFTER = 8
_DOUBTED_AFTER = 100
_NONE = frozenset((0, 127, 255))


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of a finger.

    Attributes:
        number: 0 … 255.
        pleth: 1 … 100.
        pulse_rate_per_min, spo2_percent: mean values; None while the device does not know.
        interval_ms: the newest beat interval, in steps of 5 ms; None before the first.
        light: raw light at the detector, counts.
        rate_hz: frames a second that it says it sends.
        missed: how many frames were lost just before this one, by the numbers.
    """

    number: int
    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    interval_ms: int | None = None
    perfusion_permille: int = 0
    light: int = 0
    battery_percent: int = 100
    rate_hz: int = 100
    beat: bool = False
    sensor_off: bool = False
    no_finger: bool = False
    no_pulse: bool = False
    missed: int = 0

    @property
    def contact(self) -> bool:
        return not (self.sensor_off or self.no_finger)


def encode(frame: Frame, *, right_sum: bool = True) -> bytes:
    """One frame as the device sends it.

    >>> encode(Frame(7, 60, 72, 97, 835, battery_percent=80)).hex(" ")
    'ff aa 07 00 61 61 48 48 a7 00 00 00 3c 00 00 00 00 50 64 99'
    """
    rate = 255 if frame.pulse_rate_per_min is None else frame.pulse_rate_per_min
    spo2 = 127 if frame.spo2_percent is None else frame.spo2_percent
    status = frame.sensor_off | frame.no_finger << 1 | frame.no_pulse << 2 | frame.beat << 3
    interval = 0 if frame.interval_ms is None else round(frame.interval_ms / 5)
    perfusion = min(255, frame.perfusion_permille)
    body = _BODY.pack(
        _HEAD, frame.number, status, spo2, spo2, rate, rate, interval, perfusion, perfusion,
        frame.pleth, frame.light, frame.battery_percent, frame.rate_hz,
    )  # fmt: skip
    return body + bytes(((sum(body) + (not right_sum)) & 0xFF,))


class Decoder(FixedFrames):
    """Bytes in, frames out. Never raises.

    Attributes:
        believed: it has shown that it can sum: a wrong sum drops its frame.
    """

    size = FRAME_BYTES

    def __init__(self) -> None:
        super().__init__()
        self.believed = False
        self._in_a_row = 0
        self._number: int | None = None

    def begins(self, byte: int) -> bool:
        return byte == _HEAD[0]

    def whole(self, raw: bytes) -> bool:
        if raw[1] != _HEAD[1] or raw[18] not in RATES_HZ:
            return False
        right = sum(raw[:19]) & 0xFF == raw[19]
        self._judge(right=right)
        if right or not self.believed:
            return True
        self.crc_errors += 1
        return False

    def _judge(self, *, right: bool) -> None:
        """Count right sums (or, below zero, wrong ones) that follow each other."""
        self._in_a_row = max(0, self._in_a_row) + 1 if right else min(0, self._in_a_row) - 1
        if self._in_a_row >= _BELIEVED_AFTER:
            self.believed = True
        elif self._in_a_row <= -_DOUBTED_AFTER:
            self.believed = False

    def missed(self, raw: bytes, guess: int) -> int:
        before, self._number = self._number, raw[2]
        if before is None:
            return 0
        short = (raw[2] - before - 1) & 0xFF
        return short + 256 * max(0, round((guess - short) / 256))

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`."""
        return [_frame(raw, missed) for raw, missed in self.cut(data)]


def _frame(raw: bytes, missed: int) -> Frame:
    _, number, status, spo2, _, rate, _, interval, perfusion, _, pleth, light, battery, rate_hz = _BODY.unpack(raw[:19])
    return Frame(
        number,
        pleth,
        None if rate in _NONE else rate,
        None if spo2 in _NONE else spo2,
        5 * interval or None,
        perfusion,
        light,
        min(100, battery & 0x7F),
        rate_hz,
        beat=bool(status & 8),
        sensor_off=bool(status & 1),
        no_finger=bool(status & 2),
        no_pulse=bool(status & 4),
        missed=missed,
    )
