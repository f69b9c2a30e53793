r"""BITalino (r)evolution: commands of one byte, frames of 3 to 8 with a 4-bit sequence number and a CRC of 4 bits.

Sources: the maker's bitalino.py (BITalinoWorld/revolution-python-api) and firmware (…/firmware-bitalino-revolution,
uart.c, live.c, timer.c: a frame that finds no room in the transmit buffer is dropped and counted). 115200 8N1, or
RFCOMM channel 1. The n-th *active* input is packed at place n: the first four have 10 bits, the other two 6.

    to the device   03, 43, 83, C3   1, 10, 100, 1000 frames/s (idle only)
                    mask<<2 | 01     start, A1 is bit 2 (idle only)        FF  stop (any time; nothing when idle)
                    07  version (idle only; elsewhere it sets outputs)     0B  state (idle only, from version 4.2)
    frame of n      ceil((12 + 10 n) / 8) bytes, of more than 4 ceil((52 + 6 (n - 4)) / 8); from its end:
                    -1  sequence<<4 | CRC       -2  I1 I2 O1 O2 in bits 7-4, then inputs, most significant bits first
    CRC             x^4 + x + 1 over the frame, its own four bits taken as 0
    version         "BITalino_v5.1\n"
    state           A1 … A6, battery u16 LE each, threshold u8, I1 I2 O1 O2<<4 | CRC: 16 bytes
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

BAUD = 115_200
INPUTS = 6
RATES_HZ = (1, 10, 100, 1000)
STOP, VERSION, STATE = b"\xff", b"\x07", b"\x0b"
STATE_BYTES = 16
SEQUENCES = 16
WITH_STATE = (4, 2)
_BEFORE_FULL = 4
_GREATEST = {10: 1023, 6: 63}
_NAME = re.compile(rb"BITalino[^\n]{0,24}?(\d+)\.(\d+)[^\n]{0,24}\n")
_NIBBLE = (0, 3, 6, 5, 12, 15, 10, 9, 11, 8, 13, 14, 7, 4, 1, 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """All active inputs at one moment.

    Attributes:
        counts: of the active inputs in the order of their numbers.
        sequence: 0 … 15.
        lines: I1, I2, O1, O2 as bits 3 … 0.
        missed: frames lost just before this one, modulo 16: more cannot be told from the wire.
    """

    counts: tuple[int, ...]
    sequence: int
    lines: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What the device tells of itself while idle.

    Attributes:
        counts: of A1 … A6, 10 bits each.
        battery: counts of the battery's half voltage, 10 bits over 3.3 V: 527 is 3.4 V.
    """

    counts: tuple[int, ...]
    battery: int
    threshold: int = 0
    lines: int = 0

    @property
    def battery_v(self) -> float:
        return self.battery * 2 * 3.3 / 1024


def set_rate(rate_hz: int) -> bytes:
    """Command; raises ValueError where the device has no such rate."""
    return bytes((RATES_HZ.index(rate_hz) << 6 | 0x03,))


def start(inputs: Sequence[int]) -> bytes:
    """Command: send these inputs, 1 … 6.

    >>> start([2, 3, 5]).hex()
    '59'
    """
    return bytes((sum(1 << (number + 1) for number in set(inputs)) | 0x01,))


def frame_bytes(inputs: int) -> int:
    """Length of a frame with so many active inputs."""
    bits = 12 + 10 * inputs if inputs <= _BEFORE_FULL else 52 + 6 * (inputs - _BEFORE_FULL)
    return -(-bits // 8)


def bits(place: int) -> int:
    """Resolution of the input at this place (0 is the first active one)."""
    return 10 if place < _BEFORE_FULL else 6


def greatest(place: int) -> int:
    """The greatest count of the input at this place."""
    return _GREATEST[bits(place)]


def crc4(data: bytes) -> int:
    """Of all of `data`, the last four bits taken as 0."""
    crc = 0
    for byte in data[:-1]:
        crc = _NIBBLE[_NIBBLE[crc] ^ byte >> 4] ^ byte & 0x0F
    return _NIBBLE[_NIBBLE[crc] ^ data[-1] >> 4]


def encode(frame: Frame) -> bytes:
    """A frame as the device sends it.

    >>> encode(Frame((512, 300, 700), 5)).hex(" ")
    '00 af 2c 01 08 53'
    """
    packed = 0
    for place, (count, shift) in enumerate(zip(frame.counts, (50, 40, 30, 20, 14, 8), strict=False)):
        packed |= (count & greatest(place)) << shift
    whole = (packed | (frame.lines & 0x0F) << 60).to_bytes(8, "little")
    raw = bytes((*_reordered(whole, len(frame.counts)), frame.sequence % SEQUENCES << 4))
    return raw[:-1] + bytes((raw[-1] | crc4(raw),))


def _reordered(whole: bytes, inputs: int) -> bytes:
    """Bytes -8 … -2 of a frame of six inputs, cut to what so many inputs need."""
    return whole[1:][-(frame_bytes(inputs) - 1) :]


def encode_state(state: State) -> bytes:
    """A state as the device sends it."""
    words = b"".join(count.to_bytes(2, "little") for count in (*state.counts, state.battery))
    raw = bytes((*words, state.threshold, (state.lines & 0x0F) << 4))
    return raw[:-1] + bytes((raw[-1] | crc4(raw),))


def decode_state(data: bytes) -> State | None:
    """A state, or None where these 16 bytes are none."""
    if len(data) != STATE_BYTES or data[-1] & 0x0F != crc4(data):
        return None
    *counts, battery = (int.from_bytes(data[at : at + 2], "little") for at in range(0, 14, 2))
    return State(tuple(counts), battery, data[14], data[15] >> 4)


def decode_version(data: bytes) -> tuple[int, int] | None:
    r"""(major, minor) from the answer to `VERSION`, whatever stands before it; None while it is not there.

    >>> decode_version(b"BITalino_v5.1\n")
    (5, 1)
    """
    found = _NAME.search(data)
    return (int(found[1]), int(found[2])) if found else None


@cache
def _crc_table(length: int) -> NDArray[np.uint8]:
    """[length, 256] what a byte at each place of a frame adds to its CRC, which is linear."""
    table = np.zeros((length, 256), dtype=np.uint8)
    for place in range(length):
        for byte in range(256):
            raw = bytearray(length)
            raw[place] = byte
            table[place, byte] = crc4(bytes(raw))
    return table


class Decoder:
    """Bytes in, frames out. Never raises.

    A frame has no mark of its beginning, and four bits of CRC are right by chance once in sixteen. So whatever does not
    simply continue (right CRC, next number) is believed only when a second frame continues it. After a bad frame the
    old rhythm is tried first: a spoilt byte is likelier than a lost one.

    Attributes:
        frames: good frames so far.
        crc_errors: places where the stream was broken.
        dropped_bytes: bytes that belonged to no good frame.
        lost_frames: frames missing by their numbers, modulo 16 in each hole; a driver that knows more adds to it.
    """

    def __init__(self, inputs: int) -> None:
        """`inputs`: how many are active, 1 … 6."""
        self.frames = self.crc_errors = self.dropped_bytes = self.lost_frames = 0
        self._inputs, self._length = inputs, frame_bytes(inputs)
        self._rest = b""
        self._next: int | None = None
        self._broken = False
        self._hole = 0
        self._last = b"no frame is as long"

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`; a continued stream is decoded at once, a broken one two frames later."""
        raw = self._rest + data
        length = self._length
        if len(raw) < length:
            self._rest = raw
            return []
        seen = np.frombuffer(raw, dtype=np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(seen, length)
        crc = np.bitwise_xor.reduce(_crc_table(length)[np.arange(length), windows], axis=1)
        last = seen[length - 1 :]
        numbers = np.where(crc == last & 0x0F, last >> 4, SEQUENCES).astype(np.int64)
        found: list[Frame] = []
        at = 0
        while True:
            whole = numbers[at::length]
            good = self._continued(whole)
            if good:
                found += self._read(windows[at::length][:good], whole[:good])
                at += good * length
                continue
            if self._repeated(raw, at):
                at += length
                self.dropped_bytes += length
                continue
            at, more = self._look(numbers, at, len(raw))
            if not more:
                break
        self._rest = raw[at:]
        return found

    def forget(self) -> None:
        """Count afresh."""
        self.crc_errors = self.dropped_bytes = self.lost_frames = 0

    def _continued(self, whole: NDArray[np.int64]) -> int:
        """How many of these frames simply continue the stream."""
        if self._next is None or self._broken or not len(whole):
            return 0
        as_expected = whole == (self._next + np.arange(len(whole))) % SEQUENCES
        return len(whole) if as_expected.all() else int(np.argmin(as_expected))

    def _repeated(self, raw: bytes, at: int) -> bool:
        """The last good frame comes once more."""
        return not self._broken and len(raw) - at >= self._length and raw.startswith(self._last, at)

    def _look(self, numbers: NDArray[np.int64], at: int, end: int) -> tuple[int, bool]:
        """Find two frames that continue each other; where they begin, and whether they were found."""
        length = self._length
        while end - at >= length:
            if self._next is not None and not self._broken:
                self._broken = True
                self.crc_errors += 1
            for begin in (at, at + length, *range(at + 1, at + length)):
                if begin > at and end - at < 3 * length:
                    return at, False
                if begin + 2 * length > end:
                    return at, False
                number = int(numbers[begin])
                if number < SEQUENCES and numbers[begin + length] == (number + 1) % SEQUENCES:
                    self._missed(number)
                    self.dropped_bytes += begin - at
                    return begin, True
            at += length
            self.dropped_bytes += length
        return at, False

    def _missed(self, number: int) -> None:
        self._hole = 0 if self._next is None else (number - self._next) % SEQUENCES
        self.lost_frames += self._hole
        self._next, self._broken = number, False

    def _read(self, rows: NDArray[np.uint8], numbers: NDArray[np.int64]) -> list[Frame]:
        wide = rows.astype(np.int64)
        length = self._length
        byte = {back: wide[:, length - back] for back in range(1, length + 1)}
        columns = [(byte[2] & 0x0F) << 6 | byte[3] >> 2]
        if self._inputs > 1:
            columns.append((byte[3] & 0x03) << 8 | byte[4])
        if self._inputs > 2:
            columns.append(byte[5] << 2 | byte[6] >> 6)
        if self._inputs > 3:
            columns.append((byte[6] & 0x3F) << 4 | byte[7] >> 4)
        if self._inputs > 4:
            columns.append((byte[7] & 0x0F) << 2 | byte[8] >> 6)
        if self._inputs > 5:
            columns.append(byte[8] & 0x3F)
        self.frames += len(rows)
        self._next, self._last = int(numbers[-1] + 1) % SEQUENCES, rows[-1].tobytes()
        lines = (byte[2] >> 4).tolist()
        hole, self._hole = self._hole, 0
        counts = zip(*(column.tolist() for column in columns), strict=True)
        frames = [Frame(*of) for of in zip(counts, numbers.tolist(), lines, strict=True)]
        if hole:
            frames[0] = Frame(frames[0].counts, frames[0].sequence, frames[0].lines, hole)
        return frames
