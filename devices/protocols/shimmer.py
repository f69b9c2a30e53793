"""Shimmer3 with LogAndStream firmware: one byte of command, an acknowledgement, answers; then packets without a check.

Sources: pyshimmer (bt_const.py, bt_commands.py, dev/gsr.py, dev/revisions/shimmer3.py and its tests); opcodes 5E, 94,
95 and the battery's divider 1.988: ShimmerResearch's LogAndStream firmware and Java driver. RFCOMM channel 1, little
endian.

    FF  acknowledges each command, before its answer
    01  inquiry -> 02 divisor u16, setup u32, n u8, buffer u8, n ids
    3F  hardware -> 25 u8 (3: Shimmer3)                   2E  firmware -> 2F type u16 (3), major u16, minor u8, patch u8
    05  rate: u16 divisor of 32768 Hz                     08  sensors: 3 bytes of bits; 21  GSR range u8, 4: automatic
    5E  power of the expansion (the optical probe) u8     95  battery -> 8A 94 count u16, charger u8, also amid packets
    07  start   20  stop                                  72  status -> 8A 71 u8, also amid packets, also unasked
    packet          00, timestamp u24 (32768 Hz, goes round in 512 s), then each channel in the order of the inquiry
    id 1C GSR       u16: range in bits 15-14, count in 13-0; R = Rf / (V / 0.5 - 1), V = 3 count / 4095, Rf 40.2, 287,
                    1000, 3300 kohm; a count below 683 is an open circuit            id 12  internal ADC 13: u16 (PPG)

A packet begins with 00, has a length that the channels fix, and nothing else by which to know it: see `Decoder`.
"""

import struct
from dataclasses import dataclass

CLOCK_HZ = 32_768
BAUD = 115_200
ACK = b"\xff"
INQUIRY, HARDWARE, FIRMWARE, STATUS, BATTERY = b"\x01", b"\x3f", b"\x2e", b"\x72", b"\x95"
START, STOP = b"\x07", b"\x20"
RANGE_AUTO, POWER_ON = b"\x21\x04", b"\x5e\x01"
SENSORS_GSR_AND_PPG = b"\x08\x04\x01\x00"
GSR, PPG = 0x1C, 0x12
SHIMMER3, LOG_AND_STREAM = 3, 3
WITH_U24 = (0, 5, 4)
"""From this firmware on the timestamp has 24 bits [K]."""
STAMP_TURN = 1 << 24
OPEN_BELOW = 683
REFERENCE_KOHM = (40.2, 287.0, 1000.0, 3300.0)
_THREE_BYTES = frozenset({*range(0x1E, 0x20), *range(0x21, 0x23), 0x1B})
_ONE_BYTE = frozenset({0x1D, 0x20})
_DATA, _ACK, _IN_STREAM = 0x00, 0xFF, 0x8A
_IN_STREAM_BYTES = {0x71: 3, 0x94: 5}
_LONGEST_HOLE_S = 30


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How the device is set.

    Attributes:
        divisor: of 32768 Hz.
        channels: ids in the order of the packet.
    """

    divisor: int
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Firmware:
    """Of which kind it is, and its version."""

    kind: int
    version: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Packet:
    """All channels at one moment.

    Attributes:
        ticks: of the device's clock (1/32768 s), unwrapped; the first packet has less than one turn.
        values: of the channels, unsigned.
        missed: packets lost just before it, by the timestamps.
    """

    ticks: int
    values: tuple[int, ...]
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the device says amid packets: battery (count) or status (bits)."""

    battery: int | None = None
    status: int | None = None


def set_rate(divisor: int) -> bytes:
    """Command: a packet every `divisor` ticks.

    >>> set_rate(256).hex()
    '050001'
    """
    return b"\x05" + divisor.to_bytes(2, "little")


def decode_inquiry(answer: bytes) -> Inquiry | None:
    """The answer to `INQUIRY`, or None while it is not complete."""
    if len(answer) < 9 or answer[0] != 0x02 or len(answer) < 9 + answer[7]:
        return None
    return Inquiry(int.from_bytes(answer[1:3], "little"), tuple(answer[9 : 9 + answer[7]]))


def encode_inquiry(of: Inquiry) -> bytes:
    """The answer to `INQUIRY`."""
    return struct.pack("<BHIBB", 0x02, of.divisor, 0x010009FF, len(of.channels), 1) + bytes(of.channels)


def decode_hardware(answer: bytes) -> int | None:
    """The answer to `HARDWARE`, or None while it is not complete."""
    return answer[1] if len(answer) >= 2 and answer[0] == 0x25 else None


def decode_firmware(answer: bytes) -> Firmware | None:
    """The answer to `FIRMWARE`, or None while it is not complete."""
    if len(answer) < 7 or answer[0] != 0x2F:
        return None
    kind, major, minor, patch = struct.unpack("<HHBB", answer[1:7])
    return Firmware(kind, (major, minor, patch))


def decode_battery(answer: bytes) -> int | None:
    """Count of the battery's divider in the answer to `BATTERY`, or None while it is not complete."""
    return int.from_bytes(answer[2:4], "little") if len(answer) >= 5 and answer[:2] == b"\x8a\x94" else None


def battery_v(count: int) -> float:
    """Volts of the cell."""
    return count * 3 / 4095 * 1.988


def conductance_us(value: int) -> float:
    """Skin conductance, µS, of a GSR value; NaN where the circuit is open.

    >>> round(conductance_us(17188), 6)
    0.620286
    """
    count = value & 0x3FFF
    if count < OPEN_BELOW:
        return float("nan")
    return (count * 6 / 4095 - 1) / REFERENCE_KOHM[value >> 14] * 1e3


def channel_bytes(channel: int) -> int:
    """How many bytes a channel takes in a packet."""
    return 1 if channel in _ONE_BYTE else 3 if channel in _THREE_BYTES else 2


def encode(packet: Packet, channels: tuple[int, ...]) -> bytes:
    """A packet as the device sends it.

    >>> encode(Packet(0xB2D0DE, (0x0726,)), (PPG,)).hex(" ")
    '00 de d0 b2 26 07'
    """
    values = zip(packet.values, channels, strict=True)
    body = b"".join(value.to_bytes(channel_bytes(channel), "little") for value, channel in values)
    return bytes((_DATA,)) + (packet.ticks % STAMP_TURN).to_bytes(3, "little") + body


class Decoder:
    """Bytes in, packets out. Never raises.

    A packet is believed at once when it stands where it should and its timestamp is one period on (within an eighth of
    one). Anything else is believed only with a second packet right behind it that is one period on from the first, and
    not before the last one, nor 30 s after it. So a spoilt header or timestamp costs that packet; **a spoilt value is
    not noticed**, for nothing guards it.

    Attributes:
        frames: good packets so far.
        crc_errors: 0, there is no check sum.
        dropped_bytes: bytes that belonged to no packet.
        lost_frames: packets missing by the timestamps.
    """

    crc_errors = 0

    def __init__(self, channels: tuple[int, ...], divisor: int) -> None:
        self.frames = self.dropped_bytes = self.lost_frames = 0
        self._sizes = tuple(channel_bytes(channel) for channel in channels)
        self._length = 4 + sum(self._sizes)
        self._divisor, self._slack = divisor, divisor // 8
        self._rest = b""
        self._ticks: int | None = None
        self._certain = False

    def feed(self, data: bytes) -> list[Packet | Told]:
        """What is completed by `data`."""
        raw, at = self._rest + data, 0
        heard: list[Packet | Told] = []
        while at < len(raw):
            size = self._continues(raw, at)
            if size is None:
                break
            if size:
                if raw[at] == _DATA:
                    heard.append(self._take(raw, at))
                elif raw[at] == _IN_STREAM:
                    heard.append(_told(raw, at))
                at += size
                continue
            begin = self._look(raw, at)
            if begin is None:
                break
            self.dropped_bytes += begin - at
            at = begin
        self._rest = raw[at:]
        return heard

    def forget(self) -> None:
        """Count afresh."""
        self.dropped_bytes = self.lost_frames = 0

    @staticmethod
    def _stamp(raw: bytes, at: int) -> int:
        return int.from_bytes(raw[at + 1 : at + 4], "little")

    def _is_next(self, stamp: int, after: int) -> bool:
        off = (stamp - after - self._divisor + STAMP_TURN // 2) % STAMP_TURN - STAMP_TURN // 2
        return -self._slack <= off <= self._slack

    def _continues(self, raw: bytes, at: int) -> int | None:
        """Length of what stands here and continues the stream, 0: nothing does, None: not here in full yet."""
        if self._certain:
            self._certain = False
            return self._length
        if self._ticks is None:
            return 0
        left = len(raw) - at
        if raw[at] == _ACK:
            return 1
        if raw[at] == _IN_STREAM:
            if left < 2:
                return None
            size = _IN_STREAM_BYTES.get(raw[at + 1], 0)
            return size if left >= size else None
        if raw[at] != _DATA:
            return 0
        if left < self._length:
            return None
        return self._length if self._is_next(self._stamp(raw, at), self._ticks) else 0

    def _look(self, raw: bytes, at: int) -> int | None:
        """Where to go on: at two packets that follow each other, or behind what can be none; None: wait for more."""
        length, end = self._length, len(raw)
        places: list[int] = [at, at + length, *range(at + 1, at + length)]
        for begin in places:
            if end - at < (2 if begin == at else 3) * length:
                return None
            if self._are_two(raw, begin):
                self._certain = True
                return begin
        return at + length

    def _are_two(self, raw: bytes, at: int) -> bool:
        second = at + self._length
        if raw[at] != _DATA or raw[second] != _DATA:
            return False
        stamp = self._stamp(raw, at)
        if not self._is_next(self._stamp(raw, second), stamp):
            return False
        if self._ticks is None:
            return True
        return self._slack < (stamp - self._ticks) % STAMP_TURN <= _LONGEST_HOLE_S * CLOCK_HZ

    def _take(self, raw: bytes, at: int) -> Packet:
        stamp = self._stamp(raw, at)
        missed = 0
        if self._ticks is None:
            ticks = stamp
        else:
            step = (stamp - self._ticks) % STAMP_TURN
            ticks = self._ticks + step
            missed = max(0, round(step / self._divisor) - 1)
        self._ticks = ticks
        self.frames += 1
        self.lost_frames += missed
        values, begin = [], at + 4
        for size in self._sizes:
            values.append(int.from_bytes(raw[begin : begin + size], "little"))
            begin += size
        return Packet(ticks, tuple(values), missed)


def _told(raw: bytes, at: int) -> Told:
    if raw[at + 1] == 0x94:
        return Told(battery=int.from_bytes(raw[at + 2 : at + 4], "little"))
    return Told(status=raw[at + 2])
