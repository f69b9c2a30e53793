"""Contec CMS50D+ and CMS50E with firmware up to 4.x: five bytes, 60 times a second, unasked, at 19200 8O1.

Source: atbrask/CMS50Dplus (reading of the wire, with its plots). The frame has the shape of Berry's (`berry.py`) with
other flags; line speed and parity tell them apart.

    byte 0   bit 7 = 1 | 6 beat | 5 SpO2 is falling | 4 finger out | 3-0 signal strength
    byte 1   plethysmogram 0 … 127
    byte 2   bit 6 = bit 7 of the pulse rate | 5 searching for a pulse | 4 probe error | 3-0 bar graph
    byte 3   pulse rate, bits 6-0 (0 or 255 in all: none)
    byte 4   SpO2 in per cent (0 or 127: none)
"""

from dataclasses import dataclass
from typing import Literal

from devices.protocols.fixed_frames import FiveBytes

BAUD = 19_200
PARITY: Literal["O"] = "O"
RATE_HZ = 60.0
MOST_PLETH = 127
_NO_RATE, _NO_SPO2 = frozenset((0, 0xFF)), frozenset((0, 0x7F))


@dataclass(frozen=True, slots=True)
class Frame:
    """1/60 s of a finger.

    Attributes:
        pleth: 0 … 127.
        pulse_rate_per_min, spo2_percent: None while the device does not know.
        strength, bar: 0 … 15.
        falling: its own alarm that the saturation sinks; not used.
        missed: how many frames were lost just before this one, as far as the stray bytes tell.
    """

    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    strength: int = 8
    bar: int = 0
    beat: bool = False
    falling: bool = False
    finger_out: bool = False
    searching: bool = False
    probe_error: bool = False
    missed: int = 0

    @property
    def contact(self) -> bool:
        return not (self.finger_out or self.probe_error)


def encode(frame: Frame) -> bytes:
    """One frame as the device sends it.

    >>> encode(Frame(pleth=64, pulse_rate_per_min=72, spo2_percent=97, strength=6, bar=7, beat=True)).hex(" ")
    'c6 40 07 48 61'
    """
    rate = 0xFF if frame.pulse_rate_per_min is None else frame.pulse_rate_per_min
    spo2 = 0x7F if frame.spo2_percent is None else frame.spo2_percent
    return bytes(
        (
            0x80 | frame.beat << 6 | frame.falling << 5 | frame.finger_out << 4 | frame.strength & 0x0F,
            frame.pleth & 0x7F,
            (rate >> 7 & 1) << 6 | frame.searching << 5 | frame.probe_error << 4 | frame.bar & 0x0F,
            rate & 0x7F,
            spo2 & 0x7F,
        )
    )


class Decoder(FiveBytes):
    """Bytes in, frames out. Never raises."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`."""
        return [_frame(raw, missed) for raw, missed in self.cut(data)]


def _frame(raw: bytes, missed: int) -> Frame:
    b0, pleth, b2, low, spo2 = raw
    rate = (b2 & 0x40) << 1 | low
    return Frame(
        pleth,
        None if rate in _NO_RATE else rate,
        None if spo2 in _NO_SPO2 else spo2,
        strength=b0 & 0x0F,
        bar=b2 & 0x0F,
        beat=bool(b0 & 0x40),
        falling=bool(b0 & 0x20),
        finger_out=bool(b0 & 0x10),
        searching=bool(b2 & 0x20),
        probe_error=bool(b2 & 0x10),
        missed=missed,
    )
