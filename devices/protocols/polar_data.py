"""Polar Measurement Data: the signals themselves, one notification of FB005C82 at a time. Sans-IO, never raises.

Source: polarofficial/polar-ble-sdk, tests of its `pmd` package (EcgDataTest, PpgDataTest, AccDataTest, PpiDataTest).
Little endian:

    byte 0      type (bits 0-5): 0 ECG, 1 PPG, 2 acceleration, 3 PPI
    byte 1-8    u64, ns since 2000-01-01 by the sensor's own clock, of the LAST sample; 0 possible for PPI
    byte 9      bits 0-6 frame type | bit 7 compressed
    then        ECG 0: i24, µV | PPG 0: 3 x i24 and ambient light i24 | acceleration 1: 3 x i16, mg
                PPI 0: heart rate u8, interval u16 ms, error u16 ms, flags (bit 0 moved, 1 contact, 2 tells contact)
    compressed  PPG 0: reference sample 4 x i24; acceleration 0: 3 x i16 x factor, g; acceleration 1: 3 x i16, mg
                then blocks: bits u8, count u8, count x channels differences, signed, lowest bit first, to whole bytes

A sensor numbers nothing: what is lost in between shows in the time stamps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.protocols.polar import Measurement

NS_PER_S = 1_000_000_000
_HEADER = 10
_MOST_BITS = 32
_PPI_BYTES = 6

_Ints = NDArray[np.int64]

_LAYOUTS: dict[tuple[Measurement, int], tuple[int, int]] = {
    (Measurement.ECG, 0x00): (1, 3),
    (Measurement.PPG, 0x00): (4, 3),
    (Measurement.PPG, 0x80): (4, 3),
    (Measurement.ACCELERATION, 0x01): (3, 2),
    (Measurement.ACCELERATION, 0x80): (3, 2),
    (Measurement.ACCELERATION, 0x81): (3, 2),
}
"""(type, byte 9) -> channels, bytes of a number."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A run of samples.

    Attributes:
        stamp_ns: of the last sample, by the sensor's clock.
        kind: byte 9.
        counts: [n, channels] int64, n at least 1, as they are on the wire.
    """

    measurement: Measurement
    stamp_ns: int
    kind: int
    counts: _Ints


@dataclass(frozen=True, slots=True)
class Interval:
    """One beat of PPI.

    Attributes:
        error_ms: the sensor's own estimate.
        moved: the arm moved; not to be believed.
        contact: None where it does not say.
    """

    interval_ms: int
    error_ms: int
    moved: bool
    contact: bool | None
    heart_rate_per_min: int = 0


@dataclass(frozen=True, slots=True)
class Intervals:
    """Beats, oldest first; `stamp_ns` is 0 where the sensor does not say."""

    stamp_ns: int
    beats: tuple[Interval, ...]


def decode(data: bytes) -> Frame | Intervals | None:
    """One notification; None where it is of a kind we do not know, or not whole.

    >>> frame = decode(bytes.fromhex("00 0094357700000000 00 0280ff 028000"))
    >>> frame.stamp_ns, frame.counts.ravel().tolist()
    (2000000000, [-32766, 32770])
    """
    if len(data) < _HEADER or data[0] & 0x3F not in set(Measurement):
        return None
    measurement, kind, body = Measurement(data[0] & 0x3F), data[9], data[_HEADER:]
    stamp_ns = int.from_bytes(data[1:9], "little")
    if measurement is Measurement.PPI:
        return _intervals(stamp_ns, body) if kind == 0 and body and len(body) % _PPI_BYTES == 0 else None
    if (measurement, kind) not in _LAYOUTS:
        return None
    channels, width = _LAYOUTS[measurement, kind]
    counts = _inflate(body, channels, width) if kind & 0x80 else _plain(body, channels, width)
    return None if counts is None else Frame(measurement, stamp_ns, kind, counts)


def _plain(body: bytes, channels: int, width: int) -> _Ints | None:
    if not body or len(body) % (channels * width):
        return None
    return _signed(np.frombuffer(body, np.uint8).reshape(-1, width), 256).reshape(-1, channels)


def _signed(digits: NDArray[np.uint8], base: int) -> _Ints:
    """[n, digits], lowest first, two's complement, to [n]."""
    places = np.int64(base) ** np.arange(digits.shape[1], dtype=np.int64)
    whole = digits.astype(np.int64) @ places
    full = np.int64(base) ** digits.shape[1]
    return np.asarray(np.where(whole >= full // 2, whole - full, whole), dtype=np.int64)


def _inflate(body: bytes, channels: int, width: int) -> _Ints | None:
    at = channels * width
    reference = _plain(body[:at], channels, width) if len(body) >= at else None
    if reference is None:
        return None
    parts = [reference]
    while at < len(body):
        if at + 2 > len(body):
            return None
        bits, count = body[at], body[at + 1]
        end = at + 2 + (bits * count * channels + 7) // 8
        if not (0 < bits <= _MOST_BITS and count) or end > len(body):
            return None
        stream = np.unpackbits(np.frombuffer(body[at + 2 : end], np.uint8), bitorder="little")
        parts.append(_signed(stream[: bits * count * channels].reshape(-1, bits), 2).reshape(-1, channels))
        at = end
    return np.cumsum(np.concatenate(parts), axis=0)


def _intervals(stamp_ns: int, body: bytes) -> Intervals:
    beats = [
        Interval(
            int.from_bytes(body[at + 1 : at + 3], "little"),
            int.from_bytes(body[at + 3 : at + 5], "little"),
            bool(body[at + 5] & 1),
            bool(body[at + 5] & 2) if body[at + 5] & 4 else None,
            body[at],
        )
        for at in range(0, len(body), _PPI_BYTES)
    ]
    return Intervals(stamp_ns, tuple(beats))


def encode(said: Frame | Intervals) -> bytes:
    """As a sensor sends it: compressed in one block where `kind` says so (at most 256 samples then).

    Raises:
        KeyError: no sensor sends this kind of frame.
    """
    if isinstance(said, Intervals):
        return _header(Measurement.PPI, said.stamp_ns, 0) + b"".join(_encode_beat(beat) for beat in said.beats)
    _, width = _LAYOUTS[said.measurement, said.kind]
    header = _header(said.measurement, said.stamp_ns, said.kind)
    if not said.kind & 0x80:
        return header + _digits(said.counts.ravel(), width)
    reference, steps = said.counts[0], np.diff(said.counts, axis=0).ravel()
    if not len(steps):
        return header + _digits(reference, width)
    bits = int(np.abs(np.where(steps < 0, ~steps, steps)).max()).bit_length() + 1
    stream = (steps[:, None] >> np.arange(bits) & 1).astype(np.uint8).ravel()
    packed = np.packbits(stream, bitorder="little").tobytes()
    return header + _digits(reference, width) + bytes((bits, len(said.counts) - 1)) + packed


def _header(measurement: Measurement, stamp_ns: int, kind: int) -> bytes:
    return bytes((measurement,)) + stamp_ns.to_bytes(8, "little") + bytes((kind,))


def _digits(counts: _Ints, width: int) -> bytes:
    return b"".join(int(count).to_bytes(width, "little", signed=True) for count in counts)


def _encode_beat(beat: Interval) -> bytes:
    flags = beat.moved | bool(beat.contact) << 1 | (beat.contact is not None) << 2
    interval, error = beat.interval_ms.to_bytes(2, "little"), beat.error_ms.to_bytes(2, "little")
    return bytes((beat.heart_rate_per_min,)) + interval + error + bytes((flags,))
