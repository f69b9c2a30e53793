"""Vernier Go Direct: commands and answers with a counter and a sum, measurements as packets of floats, over BLE.

Sources: the maker's godirect-py and godirect-js, its GDXLib for Arduino (structures, status bits), and a capture of a
respiration belt in Espruino's BangleApps (vernierrespirate). Little endian. What is longer than 20 bytes is written in
pieces, and answers come in pieces as the connection's size has it.

    command         58, length u8, counter u8, sum u8, code u8, parameters      counter: FE after 1A, then down by one
    answer          98, length, counter, sum, code, counter of the command, payload
    measurement     20, length, counter, sum, kind, …   06: channels u16, values per channel u8, ?, f32 …
                    07: channels u32, values u8, ?, f32 …    0C, 0D, 0E: start time, dropped, period (contents [K])
    sum             of all bytes but itself
    10 status       -> flags u8 (01 not known, 02 ignored), ?, firmware u8 u8 u16, radio's u8 u8 u16, battery %, charger
    1A init         A5 4A 06 49 07 48 08 47 09 46 0A 45 0B 44 0C 43 0D 42 0E 41
    55 device       50 n channel n      51 channels there -> u32      54 disconnect
    1B period       FF 00, u64 us       18 start  FF 01, channels u32, u64 0      19 stop  FF 00 FF FF FF FF

Channels are bits from 1: of the belt 1 is force (N), 2 its own respiration rate, 4 and 5 steps. Values of several
channels take turns. Which way the counter of measurements goes is in no source: `Decoder` learns it.
"""

import struct
from dataclasses import dataclass

SERVICE = "d91714ef-28b9-4f91-ba16-f0d9a604f112"
COMMAND = "f4bf14a6-c7d5-4b6d-8aa8-df1a7c83adcb"
RESPONSE = "b41e6675-a329-40e0-aa01-44d2f444babe"
BELT = "GDX-RB"
FORCE = 1
PIECE = 20
FIRST_COUNTER = 0xFE
INIT, STATUS, DEVICE, CHANNEL, CHANNELS = 0x1A, 0x10, 0x55, 0x50, 0x51
PERIOD, START, STOP, DISCONNECT = 0x1B, 0x18, 0x19, 0x54
_KEY = bytes.fromhex("a54a06490748084709460a450b440c430d420e41")
_COMMAND, _ANSWER, _MEASUREMENT = 0x58, 0x98, 0x20
_HEADS = (_ANSWER, _MEASUREMENT)
_NORMAL, _WIDE, _DROPPED = 0x06, 0x07, 0x0D
_LEAST_BYTES = 5
_DEVICE_INFO = struct.Struct("<16s16s32s")
_STATUS = struct.Struct("<BBBBHBBHBB")
_CHANNEL_INFO = struct.Struct("<bBIBB60s32sdddIQIII")
_SURE = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """To a command.

    Attributes:
        code: of the command.
        counter: of the command.
    """

    code: int
    counter: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Measurement:
    """Values of some channels.

    Attributes:
        values: [channel] the values of each, oldest first.
        missed: packets lost just before it, by the counter.
        dropped: the device says that it has dropped some before it, not how many.
    """

    values: dict[int, tuple[float, ...]]
    missed: int = 0
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What the device says of itself."""

    firmware: str
    battery_percent: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """Which one it is."""

    order_code: str
    serial: str
    name: str


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One channel. Periods in µs."""

    number: int
    description: str
    unit: str
    least_period_us: int
    typical_period_us: int
    step_us: int


def checksum(packet: bytes) -> int:
    """Of a packet: the sum of all its bytes but the fourth."""
    return (sum(packet) - packet[3]) & 0xFF


def _sealed(head: int, counter: int, body: bytes) -> bytes:
    packet = bytes((head, 4 + len(body), counter & 0xFF, 0)) + body
    return packet[:3] + bytes((checksum(packet),)) + packet[4:]


def command(code: int, counter: int, parameters: bytes = b"") -> bytes:
    """A command as the host sends it; `pieces` cuts it.

    >>> command(0x51, 0xFD).hex(" ")
    '58 05 fd ab 51'
    """
    return _sealed(_COMMAND, counter, bytes((code,)) + parameters)


def init(counter: int = FIRST_COUNTER) -> bytes:
    """The first command."""
    return command(INIT, counter, _KEY)


def period(period_us: int) -> bytes:
    """Parameters of `PERIOD`, for all channels."""
    return b"\xff\x00" + period_us.to_bytes(8, "little")


def start(channels: int) -> bytes:
    """Parameters of `START`, for these channels as bits, at once."""
    return b"\xff\x01" + channels.to_bytes(4, "little") + bytes(8)


STOP_ALL = bytes.fromhex("ff00ffffffff")
"""Parameters of `STOP`."""


def pieces(packet: bytes) -> list[bytes]:
    """A packet in writes of 20 bytes at most."""
    return [packet[at : at + PIECE] for at in range(0, len(packet), PIECE)]


def encode_answer(answer: Answer, counter: int) -> bytes:
    """An answer as the device sends it, before it is cut."""
    return _sealed(_ANSWER, counter, bytes((answer.code, answer.counter)) + answer.payload)


def encode_measurement(values: dict[int, tuple[float, ...]], counter: int, *, wide: bool = False) -> bytes:
    """A measurement as the device sends it; all channels have equally many values."""
    channels = sum(1 << channel for channel in values)
    count = len(next(iter(values.values())))
    turns = [values[channel][at] for at in range(count) for channel in sorted(values)]
    head = struct.pack("<BIBB" if wide else "<BHBB", _WIDE if wide else _NORMAL, channels, count, 0)
    return _sealed(_MEASUREMENT, counter, head + struct.pack(f"<{len(turns)}f", *turns))


def encode_dropped(counter: int) -> bytes:
    """The device has dropped measurements; what else it says then is not known."""
    return _sealed(_MEASUREMENT, counter, bytes((_DROPPED, 0, 0)))


def decode_status(payload: bytes) -> Status | None:
    """The answer to `STATUS`; None where it is too short."""
    if len(payload) < _STATUS.size:
        return None
    flags, _, major, minor, build, *_, battery, _ = _STATUS.unpack_from(payload)
    return Status(f"{major}.{minor}.{build}", battery, flags)


def encode_status(status: Status) -> bytes:
    """The payload of the answer to `STATUS`."""
    major, minor, build = map(int, status.firmware.split("."))
    return _STATUS.pack(status.flags, 0, major, minor, build, major, minor, build, status.battery_percent, 0)


def decode_device(payload: bytes) -> Device | None:
    """The answer to `DEVICE`; None where it is too short."""
    if len(payload) < _DEVICE_INFO.size:
        return None
    return Device(*map(_text, _DEVICE_INFO.unpack_from(payload)))


def encode_device(device: Device) -> bytes:
    """The payload of the answer to `DEVICE`: maker, date, versions, address and description are left blank."""
    return _DEVICE_INFO.pack(device.order_code.encode(), device.serial.encode(), device.name.encode()) + bytes(88)


def decode_channel(payload: bytes) -> ChannelInfo | None:
    """The answer to `CHANNEL`; None where it is too short."""
    if len(payload) < _CHANNEL_INFO.size:
        return None
    number, _, _, _, _, description, unit, _, _, _, least, _, typical, step, _ = _CHANNEL_INFO.unpack_from(payload)
    return ChannelInfo(number, _text(description), _text(unit), least, typical, step)


def encode_channel(of: ChannelInfo) -> bytes:
    """The payload of the answer to `CHANNEL`."""
    return _CHANNEL_INFO.pack(
        of.number,
        0,
        of.number,
        0,
        0,
        of.description.encode(),
        of.unit.encode(),
        0.01,
        0.0,
        50.0,
        of.least_period_us,
        10**9,
        of.typical_period_us,
        of.step_us,
        0,
    )


def _text(data: bytes) -> str:
    said = data.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter for letter in said if letter.isprintable()).strip()


def _is_packet(data: bytes) -> bool:
    return len(data) >= _LEAST_BYTES and data[0] in _HEADS and data[1] == len(data) and data[3] == checksum(data)


class Decoder:
    """Notifications in, answers and measurements out. Never raises.

    A packet begins with a notification and may go on in the next ones. When its sum is wrong, or a whole packet comes
    in its midst, a piece was lost, and the newest notification is tried as a beginning. Measurements count up or down
    by one: three in the same direction show which. Whether answers count along is not known either, so a hole around an
    answer is taken as one packet less.

    Attributes:
        frames: good packets so far.
        crc_errors: packets whose sum was wrong, or whose end never came.
        dropped_bytes: bytes that belonged to no good packet.
        lost_frames: packets missing by the device's counter.
    """

    def __init__(self) -> None:
        self.frames = self.crc_errors = self.dropped_bytes = self.lost_frames = 0
        self._part = b""
        self._counter: int | None = None
        self._step = self._seen = self._answers = 0
        self._missed, self._dropped = 0, False

    def feed(self, data: bytes) -> list[Answer | Measurement]:
        """What is completed by a notification."""
        heard: list[Answer | Measurement] = []
        if self._part and _is_packet(data):  # what had begun has lost its end: nothing else looks so by chance
            self.dropped_bytes += len(self._part)
            self.crc_errors += 1
            self._part = b""
        whole = self._part + data
        while len(whole) >= 2:
            length = whole[1]
            if whole[0] not in _HEADS or length < _LEAST_BYTES:
                whole = self._give_up(whole, data)
                continue
            if len(whole) < length:
                break
            packet, rest = whole[:length], whole[length:]
            if packet[3] != checksum(packet):
                self.crc_errors += 1
                whole = self._give_up(whole, data)
                continue
            self.frames += 1
            if (said := self._read(packet)) is not None:
                heard.append(said)
            whole = rest
            data = data[-len(rest) :] if rest else b""
        self._part = whole
        return heard

    def forget(self) -> None:
        """Count afresh."""
        self.crc_errors = self.dropped_bytes = self.lost_frames = 0

    def _give_up(self, whole: bytes, newest: bytes) -> bytes:
        """What cannot be a packet is dropped, up to where the newest notification begins, or with it."""
        keep = newest if len(newest) < len(whole) else b""
        self.dropped_bytes += len(whole) - len(keep)
        return keep

    def _count(self, counter: int) -> int:
        """How many measurements are missing before this one."""
        before, self._counter = self._counter, counter
        answers, self._answers = self._answers, 0
        if before is None:
            return 0
        ahead = (counter - before) % 256
        if self._seen >= _SURE:
            missed = max(0, (ahead * self._step) % 256 - 1 - answers)
            if missed < 128:
                self.lost_frames += missed
                return missed
        step = {1: 1, 255: -1}.get(ahead, 0)
        self._seen = self._seen + 1 if step and step == self._step else int(bool(step))
        self._step = step
        return 0

    def _read(self, packet: bytes) -> Answer | Measurement | None:
        if packet[0] == _ANSWER:
            self._answers += 1
            return Answer(packet[4], packet[5], packet[6:]) if len(packet) >= 6 else None
        self._missed += self._count(packet[2])
        if packet[4] == _DROPPED:
            self._dropped = True
        if packet[4] == _NORMAL and len(packet) >= 9:
            channels, begin = int.from_bytes(packet[5:7], "little"), 9
        elif packet[4] == _WIDE and len(packet) >= 11:
            channels, begin = int.from_bytes(packet[5:9], "little"), 11
        else:
            return None
        numbers = [number for number in range(32) if channels >> number & 1]
        if not numbers:
            return None
        count = min(packet[begin - 2], (len(packet) - begin) // 4 // len(numbers))
        turns = struct.unpack_from(f"<{count * len(numbers)}f", packet, begin)
        missed, self._missed = self._missed, 0
        dropped, self._dropped = self._dropped, False
        values = {number: turns[at :: len(numbers)] for at, number in enumerate(numbers)}
        return Measurement(values, missed, dropped)
