"""The bytes of Chair Link 2: `Decoder.feed(bytes) -> list[Frame]` never raises, `encode(message, sequence) -> bytes`.

Little-endian throughout. Framing (COBS, CRC) is `devices/protocols/framing.py`.

    body     version u8 | type u8 | sequence u8 | payload
    payload  one row of `_LAYOUTS` (fixed fields), or IDENT, STREAM, NOTE below (they end in a list or a text)
"""

import struct
from collections.abc import Callable
from dataclasses import astuple, fields

from devices.protocols import framing
from devices.protocols.chair_link.messages import (
    Ack,
    Arm,
    Declared,
    Disarm,
    Frame,
    Heartbeat,
    Heat,
    Ident,
    Identify,
    LegRest,
    Light,
    Massage,
    Message,
    Nak,
    Note,
    Pace,
    Recline,
    Release,
    Sensor,
    StartStreams,
    Status,
    Stop,
    Stopped,
    StopStreams,
    Stream,
    Unknown,
    Volume,
)

VERSION = 2
LONGEST_BODY = 250
"""Version to last payload byte. With the CRC it fits one COBS block."""

_LAYOUTS: dict[type[Message], tuple[int, str, tuple[int, ...]]] = {
    # message: (type on the wire, struct format, counts per unit of each field)
    Identify: (0x01, "<", ()),
    StartStreams: (0x02, "<", ()),
    StopStreams: (0x03, "<", ()),
    Heartbeat: (0x04, "<", ()),
    Recline: (0x10, "<HHH", (10, 10, 10)),
    LegRest: (0x11, "<HHH", (10, 10, 10)),
    Massage: (0x12, "<BBB", (1, 1, 1)),
    Heat: (0x13, "<B", (1,)),
    Light: (0x14, "<B", (1,)),
    Volume: (0x15, "<B", (1,)),
    Pace: (0x16, "<HBHB", (100, 100, 1000, 1)),
    Arm: (0x1C, "<H", (1,)),
    Disarm: (0x1D, "<", ()),
    Stop: (0x1E, "<", ()),
    Release: (0x1F, "<", ()),
    Status: (0x83, "<BHHBBBBBBHI", (1, 10, 10, 1, 1, 1, 1, 1, 1, 1, 1)),
    Ack: (0x84, "<B", (1,)),
    Nak: (0x85, "<BB", (1, 1)),
    Stopped: (0x87, "<B", (1,)),
}
_IDENT, _STREAM, _NOTE = 0x81, 0x82, 0x86
_BY_CODE = {code: (kind, form, scales) for kind, (code, form, scales) in _LAYOUTS.items()}
_IDENT_HEAD = struct.Struct("<HB")
_DECLARED = struct.Struct("<BIBBI")
_STREAM_HEAD = struct.Struct("<BBIB")
_NOTE_HEAD = struct.Struct("<BI")
_CONTACT, _WIDE = 1, 2
_SENSORS = frozenset(int(sensor) for sensor in Sensor)


def most_samples(bits: int) -> int:
    """How many samples of `bits` (16 or 24) one STREAM frame can carry.

    >>> most_samples(24)
    80
    """
    return (LONGEST_BODY - 3 - _STREAM_HEAD.size) * 8 // bits


def encode(message: Message, sequence: int) -> bytes:
    """One message as it goes on the wire.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    code, payload = _pack(message)
    body = bytes([VERSION, code, sequence & 0xFF]) + payload
    if len(body) > LONGEST_BODY:
        raise ValueError(f"{type(message).__name__} is {len(body)} bytes long; Chair Link carries {LONGEST_BODY}")
    return framing.wrap(body)


def _pack(message: Message) -> tuple[int, bytes]:
    if isinstance(message, Unknown):
        return message.code, b""
    try:
        if isinstance(message, Ident):
            return _IDENT, _pack_ident(message)
        if isinstance(message, Stream):
            wide = _WIDE if message.bits == 24 else 0
            head = _STREAM_HEAD.pack(message.sensor, message.contact | wide, message.counter, len(message.counts))
            width = message.bits // 8
            return _STREAM, head + b"".join(count.to_bytes(width, "little", signed=True) for count in message.counts)
        if isinstance(message, Note):
            return _NOTE, _NOTE_HEAD.pack(message.channel, message.counter) + message.text.encode()
        code, form, scales = _LAYOUTS[type(message)]
        values = (round(value * scale) for value, scale in zip(astuple(message), scales, strict=True))
        return code, struct.pack(form, *values)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{message} does not fit on the wire: {error}") from error


def _pack_ident(message: Ident) -> bytes:
    texts = b""
    for text in (message.maker, message.model, message.serial, message.firmware):
        raw = text.encode()
        texts += bytes([len(raw)]) + raw
    rows = (_DECLARED.pack(*astuple(stream)) for stream in message.streams)
    return _IDENT_HEAD.pack(message.watchdog_ms, message.flags) + texts + bytes([len(message.streams)]) + b"".join(rows)


def _read_ident(payload: bytes) -> Ident:
    watchdog_ms, flags = _IDENT_HEAD.unpack_from(payload)
    at, texts = _IDENT_HEAD.size, []
    for _ in range(4):
        end = at + 1 + payload[at]
        if end > len(payload):
            raise ValueError("text beyond the end")
        texts.append(payload[at + 1 : end].decode())
        at = end
    streams = []
    for row in _DECLARED.iter_unpack(payload[at + 1 : at + 1 + payload[at] * _DECLARED.size]):
        sensor, rate_mhz, bits, unit, scale_nano = row
        if rate_mhz == 0 or bits not in {16, 24}:
            raise ValueError("impossible stream")
        if sensor in _SENSORS:
            streams.append(Declared(Sensor(sensor), rate_mhz, bits, unit, scale_nano))
    maker, model, serial, firmware = texts
    return Ident(watchdog_ms, flags, maker, model, serial, firmware, tuple(streams))


def _read_stream(payload: bytes) -> Stream:
    sensor, flags, counter, number = _STREAM_HEAD.unpack_from(payload)
    width = 3 if flags & _WIDE else 2
    data = payload[_STREAM_HEAD.size :]
    if len(data) != number * width:
        raise ValueError("wrong number of samples")
    counts = tuple(int.from_bytes(data[at : at + width], "little", signed=True) for at in range(0, len(data), width))
    return Stream(Sensor(sensor), bool(flags & _CONTACT), width * 8, counter, counts)


def _read_note(payload: bytes) -> Note:
    channel, counter = _NOTE_HEAD.unpack_from(payload)
    return Note(channel, counter, payload[_NOTE_HEAD.size :].decode())


_READERS: dict[int, Callable[[bytes], Message]] = {_IDENT: _read_ident, _STREAM: _read_stream, _NOTE: _read_note}


def _read(code: int, payload: bytes) -> Message:
    try:
        if code in _READERS:
            return _READERS[code](payload)
        if code not in _BY_CODE:
            return Unknown(code, known_type=False)
        kind, form, scales = _BY_CODE[code]
        counts = struct.unpack(form, payload)
    except (struct.error, ValueError, IndexError):
        return Unknown(code, known_type=True)
    values = [count if scale == 1 else count / scale for count, scale in zip(counts, scales, strict=True)]
    return kind(**dict(zip((field.name for field in fields(kind)), values, strict=True)))


class Decoder:
    """The reading half of either side. Resynchronises by itself and never raises.

    Attributes:
        frames: good frames so far.
        lost_frames: frames missing by the sequence numbers of their sender.
        other_version: version number of the last good frame that is not ours, or None.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.lost_frames = 0
        self.other_version: int | None = None
        self._unwrapper = framing.Unwrapper(LONGEST_BODY + framing.CRC_BYTES + 2)
        self._foreign_bytes = 0
        self._sequence: int | None = None

    @property
    def crc_errors(self) -> int:
        return self._unwrapper.crc_errors

    @property
    def dropped_bytes(self) -> int:
        return self._unwrapper.dropped_bytes + self._foreign_bytes

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`, in order."""
        return [frame for body in self._unwrapper.feed(data) if (frame := self._frame(body)) is not None]

    def _frame(self, body: bytes) -> Frame | None:
        if len(body) < 3 or body[0] != VERSION:
            self.other_version = self.other_version if len(body) < 3 else body[0]
            self._foreign_bytes += len(framing.stuff(body)) + framing.CRC_BYTES
            return None
        code, sequence = body[1:3]
        if self._sequence is not None:
            self.lost_frames += (sequence - self._sequence - 1) & 0xFF
        self._sequence = sequence
        self.frames += 1
        return Frame(sequence, _read(code, body[3:]))
