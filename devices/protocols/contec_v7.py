"""Contec CMS50D+ and CMS50E with firmware 4.6 and 7.0: nine bytes, 60 times a second, when asked, at 115200 8N1.

Sources: four public drivers. Every byte but the first carries bit 7 (one of them checks it): so the stream finds itself
again. Unverified [K]: that nothing else is sent meanwhile. The stream stops by itself after 30 s, so it is asked for
again: most drivers repeat the start, some the keep-alive. Newer CMS50E (USB HID, 28e9:028a) are none of these.

    host     7d 81 a1 80 80 80 80 80 80 start · 7d 81 af 80 … 80 keep alive · 7d 81 a2 80 … 80 stop
    byte 0   01
    byte 1   bit 7 = 1 | bit i: bit 7 of data byte i
    data 0   bit 7 finger out | 6 beat | 4 searched too long | 3-0 signal strength
    data 1   bit 7 searching for a pulse | 6-0 plethysmogram
    data 2   bit 4 perfusion index invalid | 3-0 bar graph
    data 3   pulse rate (255: none)        data 4   SpO2 in per cent (127 or 0: none)
    data 5-6 perfusion index, little-endian, 0.01 %
"""

from dataclasses import dataclass

from devices.protocols.fixed_frames import FixedFrames

BAUD = 115_200
RATE_HZ = 60.0
FRAME_BYTES = 9
MOST_PLETH = 127
STOPS_AFTER_S = 30.0
_NO_SPO2 = frozenset((0, 0x7F))
_BEGINS = 0x01
_HIGH = bytes(range(0x80, 0x100))


def _command(code: int) -> bytes:
    return bytes((0x7D, 0x81, code)) + b"\x80" * 6


START, KEEP_ALIVE, STOP = _command(0xA1), _command(0xAF), _command(0xA2)


@dataclass(frozen=True, slots=True)
class Frame:
    """1/60 s of a finger.

    Attributes:
        pleth: 0 … 127.
        pulse_rate_per_min, spo2_percent: None while the device does not know.
        perfusion_percent: None where it is invalid.
        missed: how many frames were lost just before this one, as far as the stray bytes tell.
    """

    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    perfusion_percent: float | None = None
    strength: int = 8
    bar: int = 0
    beat: bool = False
    finger_out: bool = False
    searching: bool = False
    too_long: bool = False
    missed: int = 0

    @property
    def contact(self) -> bool:
        return not self.finger_out


def encode(frame: Frame) -> bytes:
    """One frame as the device sends it.

    >>> encode(Frame(pleth=64, pulse_rate_per_min=150, spo2_percent=97)).hex(" ")
    '01 88 88 c0 90 96 e1 80 80'
    """
    perfusion = 0 if frame.perfusion_percent is None else round(100 * frame.perfusion_percent)
    data = (
        frame.finger_out << 7 | frame.beat << 6 | frame.too_long << 4 | frame.strength & 0x0F,
        frame.searching << 7 | frame.pleth & 0x7F,
        (frame.perfusion_percent is None) << 4 | frame.bar & 0x0F,
        0xFF if frame.pulse_rate_per_min is None else frame.pulse_rate_per_min,
        0x7F if frame.spo2_percent is None else frame.spo2_percent,
        perfusion & 0xFF,
        perfusion >> 8 & 0xFF,
    )
    high = sum((byte >> 7) << place for place, byte in enumerate(data))
    return bytes((0x01, 0x80 | high, *(0x80 | byte for byte in data)))


class Decoder(FixedFrames):
    """Bytes in, frames out. Never raises."""

    size = FRAME_BYTES

    def begins(self, byte: int) -> bool:
        return byte == _BEGINS

    def whole(self, raw: bytes) -> bool:
        return not raw[1:].strip(_HIGH)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`."""
        return [_frame(raw, missed) for raw, missed in self.cut(data)]


def _frame(raw: bytes, missed: int) -> Frame:
    high = raw[1]
    d = [byte & 0x7F | (high >> place & 1) << 7 for place, byte in enumerate(raw[2:])]
    return Frame(
        d[1] & 0x7F,
        None if d[3] == 0xFF else d[3],
        None if d[4] in _NO_SPO2 else d[4],
        None if d[2] & 0x10 else (d[5] | d[6] << 8) / 100,
        strength=d[0] & 0x0F,
        bar=d[2] & 0x0F,
        beat=bool(d[0] & 0x40),
        finger_out=bool(d[0] & 0x80),
        searching=bool(d[1] & 0x80),
        too_long=bool(d[0] & 0x10),
        missed=missed,
    )
