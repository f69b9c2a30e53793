"""Berry/BCI 1.2: the five-byte stream of finger oximeters (BM1000 and its many names), 100 frames a second, unasked.

Source: "BCI Protocol V1.2", Shanghai Berry Electronic Tech (zh2x/BCI_Protocol). Only the first byte of a frame has
bit 7 set, so the stream finds itself again after any loss. The rate of the serial line on USB is not in that document:
115200 8N1 is what such adapters use, unverified; make sure with a capture before you rely on it.

    byte 0   bit 7 = 1 | 6 beat | 5 probe unplugged | 4 no signal | 3-0 signal strength
    byte 1   plethysmogram 0 … 100 (0: invalid)
    byte 2   bit 6 = bit 7 of the pulse rate | 5 searching for a pulse | 4 no finger | 3-0 bar graph
    byte 3   pulse rate, bits 6-0 (255 in all: invalid)
    byte 4   SpO2 in per cent (127: invalid)
"""

from dataclasses import dataclass

from devices.protocols.fixed_frames import FiveBytes

BAUD = 115_200
RATE_HZ = 100.0
_NO_RATE, _NO_SPO2 = 0xFF, 0x7F


@dataclass(frozen=True, slots=True)
class Frame:
    """10 ms of a finger.

    Attributes:
        pleth: 0 … 100.
        pulse_rate_per_min, spo2_percent: None while the device does not know.
        strength, bar: 0 … 15.
        missed: how many frames were lost just before this one, as far as the stray bytes tell.
    """

    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    strength: int = 8
    bar: int = 0
    beat: bool = False
    unplugged: bool = False
    no_signal: bool = False
    no_finger: bool = False
    searching: bool = False
    missed: int = 0

    @property
    def contact(self) -> bool:
        return not (self.unplugged or self.no_signal or self.no_finger)


def encode(frame: Frame) -> bytes:
    """One frame as the device sends it.

    >>> encode(Frame(pleth=60, pulse_rate_per_min=72, spo2_percent=97)).hex(" ")
    '88 3c 00 48 61'
    """
    rate = _NO_RATE if frame.pulse_rate_per_min is None else frame.pulse_rate_per_min
    spo2 = _NO_SPO2 if frame.spo2_percent is None else frame.spo2_percent
    return bytes(
        (
            0x80 | frame.beat << 6 | frame.unplugged << 5 | frame.no_signal << 4 | frame.strength & 0x0F,
            frame.pleth & 0x7F,
            (rate >> 7 & 1) << 6 | frame.searching << 5 | frame.no_finger << 4 | frame.bar & 0x0F,
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
        None if rate == _NO_RATE else rate,
        None if spo2 == _NO_SPO2 else spo2,
        strength=b0 & 0x0F,
        bar=b2 & 0x0F,
        beat=bool(b0 & 0x40),
        unplugged=bool(b0 & 0x20),
        no_signal=bool(b0 & 0x10),
        no_finger=bool(b2 & 0x10),
        searching=bool(b2 & 0x20),
        missed=missed,
    )
