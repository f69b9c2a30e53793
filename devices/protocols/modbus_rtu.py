"""Modbus RTU, sans-IO: a question from the host, one answer from the chair, over a half-duplex line.

Source: "MODBUS Application Protocol V1.1b3" and "MODBUS over Serial Line V1.02" (modbus.org). Check sums and the inside
of frames are pymodbus'; finding frames in a stream is ours (`docs/decisions/0010-modbus.md` says why).

    unit | function | data                              | CRC-16, low byte first
    01   | 03 or 04 | address, count                    | read; answer: bytes, values
    01   | 06       | address, value                    | write one; answer: the same again
    01   | 10       | address, count, bytes, values     | write many; answer: address, count
    01   | 80 + f   | exception code                    | function f was refused

There is no start mark and no length: how long a frame is follows from its function, never from a pause alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu import register_message as pdus

MOST_READ, MOST_WRITTEN = 125, 123
"""Registers in one frame."""
BITS_PER_CHAR = 11
_MORE = 0
_IMPOSSIBLE = -1
_EXCEPTION_BYTES, _WRITE_BYTES, _READ_QUESTION_BYTES = 5, 8, 8


class Table(IntEnum):
    """Where a register lies; the number is the function that reads it."""

    HOLDING = 3
    INPUT = 4


class Function(IntEnum):
    READ_HOLDING = 3
    READ_INPUT = 4
    WRITE_ONE = 6
    WRITE_MANY = 16


class Code(IntEnum):
    """Why a device refuses (V1.1b3, section 7)."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    DEVICE = 4
    ACKNOWLEDGE = 5
    BUSY = 6


@dataclass(frozen=True, slots=True)
class Read:
    unit: int
    table: Table
    address: int
    count: int

    @property
    def function(self) -> int:
        return int(self.table)


@dataclass(frozen=True, slots=True)
class Write:
    """Values to registers from `address` on. One value goes as function 06, unless `many` wants 10 for that too."""

    unit: int
    address: int
    values: tuple[int, ...]
    many: bool = False

    @property
    def function(self) -> int:
        return Function.WRITE_MANY if self.many or len(self.values) > 1 else Function.WRITE_ONE


Question = Read | Write


@dataclass(frozen=True, slots=True)
class Registers:
    """What was read."""

    unit: int
    function: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """It was written. `number`: the value of function 06, the count of function 10."""

    unit: int
    function: int
    address: int
    number: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An exception answer to `function`."""

    unit: int
    function: int
    code: int


Answer = Registers | Written | Refused
F = TypeVar("F")


def encode(message: Question | Answer) -> bytes:
    """One frame.

    >>> encode(Read(1, Table.HOLDING, 0, 1)).hex(" ")
    '01 03 00 00 00 01 84 0a'
    >>> encode(Write(17, 1, (3,))).hex(" ")
    '11 06 00 01 00 03 9a 9b'
    """
    return _FRAMER.buildFrame(_pdu_of(message))


_FRAMER = FramerRTU(DecodePDU(is_server=False))
_ANSWERS, _QUESTIONS = DecodePDU(is_server=False), DecodePDU(is_server=True)


def _pdu_of(message: Question | Answer) -> ModbusPDU:
    match message:
        case Read(unit, table, address, count):
            kind = pdus.ReadHoldingRegistersRequest if table is Table.HOLDING else pdus.ReadInputRegistersRequest
            return kind(dev_id=unit, address=address, count=count)
        case Write(unit, address, values):
            one = message.function == Function.WRITE_ONE
            write = pdus.WriteSingleRegisterRequest if one else pdus.WriteMultipleRegistersRequest
            return write(dev_id=unit, address=address, registers=list(values))
        case Registers(unit, function, values):
            read = (
                pdus.ReadHoldingRegistersResponse
                if function == Function.READ_HOLDING
                else pdus.ReadInputRegistersResponse
            )
            return read(dev_id=unit, registers=list(values))
        case Written(unit, Function.WRITE_ONE, address, value):
            return pdus.WriteSingleRegisterResponse(dev_id=unit, address=address, registers=[value])
        case Written(unit, _, address, count):
            return pdus.WriteMultipleRegistersResponse(dev_id=unit, address=address, count=count)
        case Refused(unit, function, code):
            return ExceptionResponse(function, code, unit)


def crc_good(frame: bytes) -> bool:
    """Whether the last two bytes are the check sum of the others."""
    return FramerRTU.compute_CRC(frame[:-2]) == int.from_bytes(frame[-2:], "big")


class Decoder(ABC, Generic[F]):
    """Bytes in, frames out. Never raises, keeps less than one frame.

    Attributes:
        frames: good frames so far.
        crc_errors: frames of the right shape whose check sum was wrong.
        dropped_bytes: bytes that belonged to no good frame.
        lost_frames: questions that were never answered.
    """

    def __init__(self) -> None:
        self.frames = self.crc_errors = self.dropped_bytes = self.lost_frames = 0
        self._buffer = bytearray()
        self._hunting = False

    def feed(self, data: bytes) -> list[F]:
        """The frames completed by `data`."""
        self._buffer += data
        left = bytes(self._buffer)
        frames: list[F] = []
        at = 0
        while at < len(left):
            if (echo := self._echo(left, at)) > 0:
                at += echo
                continue
            size = self._size(left, at)
            if _MORE in {size, echo} or at + size > len(left):
                break
            frame = self._frame(left[at : at + size]) if size > 0 else None
            if frame is None:
                at += 1
                self.dropped_bytes += 1
                continue
            frames.append(frame)
            self.frames += 1
            self._hunting = False
            at += size
        del self._buffer[:at]
        return frames

    def pause(self) -> None:
        """The line has been silent for longer than a frame may hold its breath: what has begun is none."""
        self.dropped_bytes += len(self._buffer)
        self._buffer.clear()

    def forget(self) -> None:
        """Count what was dropped afresh."""
        self.crc_errors = self.dropped_bytes = self.lost_frames = 0

    def _frame(self, raw: bytes) -> F | None:
        if not crc_good(raw):
            self.crc_errors += not self._hunting  # inside a spoiled frame, what looks like another is none
            self._hunting = True
            return None
        return self._read(raw)

    def _echo(self, left: bytes, at: int) -> int:  # noqa: ARG002 - who asks nothing hears no echo
        """How many bytes at `at` are our own words come back; 0: perhaps, more bytes will tell; -1: none."""
        return _IMPOSSIBLE

    @abstractmethod
    def _size(self, left: bytes, at: int) -> int:
        """Bytes of the frame that begins at `at`, as its head says; 0: more bytes are needed; -1: none begins there."""

    @abstractmethod
    def _read(self, raw: bytes) -> F | None: ...


class Answers(Decoder[Answer]):
    """What the host hears. Once something was asked, only an answer to that is a frame; before, any answer is.

    Attributes:
        echoes: the adapter hears itself. Learnt from reading: an echoed question is no answer to it. Then the echo of
            a write, which looks exactly like its answer, is not taken for one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.echoes = False
        self._asked: Question | None = None
        self._own = b""
        self._open = False

    def ask(self, question: Question) -> bytes:
        """The bytes of `question`. What came before is no answer to it and is dropped."""
        self.lost_frames += self._open
        self.dropped_bytes += len(self._buffer)
        self._buffer.clear()
        self._hunting = False
        self._asked, self._open = question, True
        self._own = encode(question)
        return self._own

    def feed(self, data: bytes) -> list[Answer]:
        """The answers completed by `data`."""
        answers = super().feed(data)
        self._open = self._open and not answers
        return answers

    def _echo(self, left: bytes, at: int) -> int:
        own = self._own
        if not own or not (self.echoes or isinstance(self._asked, Read)):
            return _IMPOSSIBLE
        if left.startswith(own, at):
            self.echoes, self._own = True, b""
            return len(own)
        if not own.startswith(left[at:]) or (isinstance(self._asked, Read) and crc_good(left[at:])):
            return _IMPOSSIBLE  # it is the answer, which happens to begin like the question
        return _MORE

    def _size(self, left: bytes, at: int) -> int:
        asked, have = self._asked, len(left) - at
        if asked is not None and left[at] != asked.unit:
            return _IMPOSSIBLE
        if have < 2:
            return _MORE
        function = left[at + 1]
        if asked is not None and function & 0x7F != asked.function:
            return _IMPOSSIBLE
        match function:
            case Function.READ_HOLDING | Function.READ_INPUT:
                if have < 3:
                    return _MORE
                size = left[at + 2]
                fits = size == 2 * asked.count if isinstance(asked, Read) else size % 2 == 0 < size <= 2 * MOST_READ
                return 5 + size if fits else _IMPOSSIBLE
            case Function.WRITE_ONE | Function.WRITE_MANY:
                return _WRITE_BYTES
            case 0x83 | 0x84 | 0x86 | 0x90:
                return _EXCEPTION_BYTES
            case _:
                return _IMPOSSIBLE

    def _read(self, raw: bytes) -> Answer | None:
        answer = _answer_of(raw)
        if isinstance(answer, Written) and isinstance(self._asked, Write):
            asked = self._asked
            number = asked.values[0] if answer.function == Function.WRITE_ONE else len(asked.values)
            if (answer.address, answer.number) != (asked.address, number):
                return None
        return answer


class Questions(Decoder[Question]):
    """What a chair hears: questions to any unit."""

    def _size(self, left: bytes, at: int) -> int:
        have = len(left) - at
        if have < 2:
            return _MORE
        match left[at + 1]:
            case Function.READ_HOLDING | Function.READ_INPUT | Function.WRITE_ONE:
                return _READ_QUESTION_BYTES
            case Function.WRITE_MANY:
                if have < 7:
                    return _MORE
                count, size = int.from_bytes(left[at + 4 : at + 6], "big"), left[at + 6]
                return 9 + size if size == 2 * count and 1 <= count <= MOST_WRITTEN else _IMPOSSIBLE
            case _:
                return _IMPOSSIBLE

    def _read(self, raw: bytes) -> Question | None:
        pdu = _QUESTIONS.decode(raw[1:-2])
        match pdu:
            case pdus.ReadHoldingRegistersRequest():
                return Read(raw[0], Table(pdu.function_code), pdu.address, pdu.count)
            case pdus.WriteSingleRegisterRequest() | pdus.WriteMultipleRegistersRequest():
                return Write(raw[0], pdu.address, tuple(pdu.registers), many=pdu.function_code == Function.WRITE_MANY)
            case _:
                return None


def _answer_of(raw: bytes) -> Answer | None:
    """A whole frame with a good check sum, in our words."""
    pdu = _ANSWERS.decode(raw[1:-2])
    registers: Sequence[int] = () if pdu is None else pdu.registers
    match pdu:
        case pdus.ReadHoldingRegistersResponse():
            return Registers(raw[0], pdu.function_code, tuple(registers))
        case pdus.WriteSingleRegisterResponse():
            return Written(raw[0], pdu.function_code, pdu.address, registers[0])
        case pdus.WriteMultipleRegistersResponse():
            return Written(raw[0], pdu.function_code, pdu.address, pdu.count)
        case ExceptionResponse():
            return Refused(raw[0], pdu.function_code & 0x7F, pdu.exception_code)
        case _:
            return None
