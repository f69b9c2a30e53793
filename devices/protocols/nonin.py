"""Nonin serial data format 2: 75 frames a second, 25 to a packet, at 9600 8N1, unasked.

Sources: Nonin OEM III module specification, serial data format 2, as far as public drivers show it (Pufferfish
PacketReceiver for the status bits, NoninPacket of Oxford for the order of the values): unverified [K] against the
maker's own document. The place in the packet counts frames modulo 25; the check sum catches what is wrong.

    byte 0   01
    byte 1   status: bit 7 = 1 | 6 sensor disconnected | 5 artefact | 4 out of track | 3 sensor alarm (no finger)
             | 2-1 perfusion (1 green, 2 red, 3 yellow) | 0 SYNC: the first frame of a packet
    byte 2   plethysmogram 0 … 255
    byte 3   by the place in the packet: 1 HR bits 8-7 | 2 HR bits 6-0 (511: none) | 3 SpO2 (127: none) | 4 revision
    byte 4   sum of bytes 0-3, modulo 256
"""

from dataclasses import dataclass

from devices.protocols.fixed_frames import FixedFrames

BAUD = 9600
RATE_HZ = 75.0
FRAME_BYTES = 5
PACKET_FRAMES = 25
MOST_PLETH = 255
_NO_RATE, _NO_SPO2 = 511, 127


@dataclass(frozen=True, slots=True)
class Frame:
    """1/75 s of a finger.

    Attributes:
        pleth: 0 … 255.
        pulse_rate_per_min, spo2_percent: of the newest whole triple, a third of a second old at most; None while there
            is none.
        artefact: it thinks the pulse wave disturbed.
        missed: how many frames were lost just before this one.
    """

    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    artefact: bool = False
    out_of_track: bool = False
    disconnected: bool = False
    no_finger: bool = False
    missed: int = 0

    @property
    def contact(self) -> bool:
        return not (self.disconnected or self.no_finger)


def encode(frame: Frame, place: int, revision: int = 4) -> bytes:
    """One frame as the device sends it at this place (0 … 24) of a packet.

    >>> encode(Frame(128, 72, 97), 0).hex(" "), encode(Frame(128, 72, 97), 1).hex(" ")
    ('01 81 80 00 02', '01 80 80 48 49')
    """
    rate = _NO_RATE if frame.pulse_rate_per_min is None else frame.pulse_rate_per_min
    spo2 = _NO_SPO2 if frame.spo2_percent is None else frame.spo2_percent
    status = 0x80 | frame.disconnected << 6 | frame.artefact << 5 | frame.out_of_track << 4 | frame.no_finger << 3
    value = {0: rate >> 7 & 3, 1: rate & 0x7F, 2: spo2 & 0x7F, 3: revision & 0x7F}.get(place, 0)
    body = bytes((0x01, status | (place == 0), frame.pleth & 0xFF, value))
    return body + bytes((sum(body) & 0xFF,))


class Decoder(FixedFrames):
    """Bytes in, frames out. Never raises."""

    size = FRAME_BYTES

    def __init__(self) -> None:
        super().__init__()
        self._place: int | None = None
        self._msb: int | None = None
        self._lsb: int | None = None
        self._rate: int | None = None
        self._spo2: int | None = None

    def begins(self, byte: int) -> bool:
        return byte == 0x01

    def whole(self, raw: bytes) -> bool:
        right = sum(raw[:4]) & 0xFF == raw[4]
        self.crc_errors += self.in_step and not right
        return right and raw[1] >= 0x80

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`."""
        return [self._frame(raw, missed) for raw, missed in self.cut(data)]

    def missed(self, raw: bytes, guess: int) -> int:
        """By the dropped bytes, put right by the place in the packet where that is known."""
        before, first = self._place, bool(raw[1] & 1)
        if first:
            self._place = 0
            if before is None:
                return guess
            short = (PACKET_FRAMES - 1 - before) % PACKET_FRAMES
            return short + PACKET_FRAMES * max(0, round((guess - short) / PACKET_FRAMES))
        if before is None:
            return guess
        if before + 1 == PACKET_FRAMES and not guess:  # the first of a packet is missing, if not more: the next tells
            guess = 1
        self._place = (before + 1 + guess) % PACKET_FRAMES
        return guess

    def _frame(self, raw: bytes, missed: int) -> Frame:
        status = raw[1]
        if missed:
            self._msb = self._lsb = None
        self._learn(raw[3])
        return Frame(
            raw[2],
            self._rate,
            self._spo2,
            artefact=bool(status & 0x20),
            out_of_track=bool(status & 0x10),
            disconnected=bool(status & 0x40),
            no_finger=bool(status & 0x08),
            missed=missed,
        )

    def _learn(self, value: int) -> None:
        match self._place:
            case 0:
                self._msb = value & 3
            case 1:
                self._lsb = value & 0x7F
            case 2 if self._msb is not None and self._lsb is not None:
                rate, spo2 = self._msb << 7 | self._lsb, value & 0x7F
                self._rate = None if rate == _NO_RATE else rate
                self._spo2 = None if spo2 == _NO_SPO2 else spo2
                self._msb = self._lsb = None
            case _:
                pass
