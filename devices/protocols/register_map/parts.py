"""What stands in a register map, as frozen types; the fields are those of the file.

`docs/devices/modbus-chair.md` explains each of them to whoever writes a map.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import astuple

from devices.protocols import chair_link as wire
from devices.protocols.modbus_rtu import MOST_READ, Table

SLOWEST_WATCHDOG_MS = 2000
_GAP = 4
"""Registers nobody asked for that one read may take along: cheaper than a second question."""

Number = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=-32768, le=65535)]
Positive = Annotated[float, Meta(gt=0)]
Rhythm = Literal["steady", "wave", "breath"]
Zone = Literal["back", "lumbar", "seat", "legs"]
Fault = Literal[
    "obstruction",
    "over_current",
    "too_hot",
    "recline_motor",
    "leg_rest_motor",
    "massage",
    "heat",
    "sensors",
    "power",
]
Measured = Literal["pulse_rate", "spo2", "skin_temperature"]


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A register that is read. In a file a bare number is one of the holding registers."""

    register: Number
    table: Literal["holding", "input"] = "holding"

    @property
    def key(self) -> tuple[Table, int]:
        return (Table.INPUT if self.table == "input" else Table.HOLDING), self.register


Word = Number | Place


class Bit(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One bit of a register that is read. `inverted`: it is 0 when it is so."""

    bit: Annotated[int, Meta(ge=0, le=15)]
    inverted: bool = False


class Order(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value that is written."""

    register: Number
    value: Number


class Expected(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A register that holds a known value."""

    equals: Number


class Line(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to talk to it. `answer_ms`: the longest it takes to answer. `writes`: by function 06, or 10 only."""

    unit: Annotated[int, Meta(ge=1, le=247)]
    baud: Literal[9600, 19200, 38400, 57600, 115200]
    parity: Literal["N", "E", "O"] = "E"
    poll_hz: Annotated[float, Meta(ge=1, le=20)] = 5.0
    answer_ms: Annotated[int, Meta(ge=20, le=500)] = 150
    writes: Literal["one", "many"] = "one"


class Identity(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How it is recognised, by reading only. `firmware`: a register with major and minor version in its two bytes."""

    expect: Annotated[tuple[Expected, ...], Meta(min_length=1)]
    maker: str
    model: str
    firmware: Word | None = None
    serial: Word | None = None


class Watchdog(Order, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Written again and again; without it for `timeout_ms` the controller stops all motion and heat by itself."""

    timeout_ms: Annotated[int, Meta(ge=200, le=60_000)]


class State(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bits in which the controller says how it stands.

    Attributes:
        occupied: its seat sensor.
        here: a chair without one: a button at the chair with which the person says that they sit.
        cleared: the reset at the chair was pressed since the last stop; a stop empties it.
    """

    occupied: Bit | None = None
    here: Bit | None = None
    moving: Bit | None = None
    stop_pressed: Bit | None = None
    stopped: Bit | None = None
    cleared: Bit | None = None
    watchdog_tripped: Bit | None = None


class Joint(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A joint that goes to absolute positions: degrees = zero_deg + unit_deg x counts. Limits in degrees."""

    position: Word
    target: Number
    zero_deg: float = 0.0
    unit_deg: Positive = 0.1
    signed: bool = False
    lowest_deg: float
    highest_deg: float
    fastest_deg_s: Positive
    acceleration_deg_s2: Positive
    jerk_deg_s3: Positive = 10.0
    speed: Number | None = None
    speed_unit_deg_s: Positive = 0.1

    def counts(self, angle_deg: float) -> int:
        """The nearest count within the limits."""
        low, high = ((limit - self.zero_deg) / self.unit_deg for limit in (self.lowest_deg, self.highest_deg))
        return round(min(high, max(low, (angle_deg - self.zero_deg) / self.unit_deg)))

    def angle_deg(self, counts: int) -> float:
        return round(self.zero_deg + self.unit_deg * counts, 6)


class Zones(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`bits`: which part of the body each bit of the register kneads, from bit 0 on."""

    register: Number
    bits: Annotated[tuple[Zone, ...], Meta(min_length=1)]


class Rhythms(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The value of the register for each rhythm."""

    register: Number
    values: dict[Rhythm, Number]


class Massage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    level: Number
    most: Annotated[int, Meta(ge=1, le=1000)] = wire.MOST_MASSAGE
    zones: Zones | None = None
    rhythm: Rhythms | None = None


class Heat(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    level: Number
    most: Annotated[int, Meta(ge=1, le=1000)] = wire.MOST_HEAT


class Level(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something between 0 and `full`, the value for 100 %."""

    register: Number
    full: Annotated[int, Meta(ge=1, le=65535)] = 100


class Sensor(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measured value: zero + unit x counts; the count `missing` means that nothing touches the sensor."""

    channel: Measured
    unit: Positive = 1.0
    zero: float = 0.0
    signed: bool = False
    missing: Count | None = None
    rate_hz: Annotated[float, Meta(ge=0.1, le=5)] = 1.0


class Safe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Values that are written when the room opens the chair, when it has stopped, and when the room leaves it."""

    on_open: tuple[Order, ...] = ()
    on_stop: tuple[Order, ...] = ()
    on_leave: tuple[Order, ...] = ()


class Block(Struct, frozen=True):
    """Registers that are read together."""

    table: Table
    address: int
    count: int


class RegisterMap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A chair."""

    title: str
    line: Line
    identity: Identity
    watchdog: Watchdog | None = None
    stop: Order | None = None
    release: Order | None = None
    arm: Order | None = None
    disarm: Order | None = None
    state: State = State()
    faults: dict[Fault, Bit] = {}
    recline: Joint | None = None
    leg_rest: Joint | None = None
    massage: Massage | None = None
    heat: Heat | None = None
    light: Level | None = None
    volume: Level | None = None
    safe: Safe = Safe()
    measured: tuple[Sensor, ...] = ()

    @property
    def has_watchdog(self) -> bool:
        """Whether the controller stops by itself soon enough to be moved by us."""
        return self.watchdog is not None and self.watchdog.timeout_ms <= SLOWEST_WATCHDOG_MS

    @property
    def dangerous(self) -> list[str]:
        """Its parts that move, knead or warm."""
        return [name for name in ("recline", "leg_rest", "massage", "heat") if getattr(self, name) is not None]

    def blocks(self) -> tuple[Block, ...]:
        """The reads by which all that the chair says is known."""
        blocks: list[Block] = []
        for table, address in sorted({place.key for place in _places(self)}):
            last = blocks[-1] if blocks else None
            near = last is not None and last.table is table and address <= last.address + last.count + _GAP
            if last is not None and near and address - last.address < MOST_READ:
                blocks[-1] = Block(table, last.address, address - last.address + 1)
            else:
                blocks.append(Block(table, address, 1))
        return tuple(blocks)


def place(word: Word) -> Place:
    """A register that is read, however the file wrote it."""
    return word if isinstance(word, Place) else Place(register=word)


def _places(chart: RegisterMap) -> Iterator[Place]:
    """Everything that is read while the chair is open."""
    for bit in (*astuple(chart.state), *chart.faults.values()):
        if bit is not None:
            yield bit
    for joint in (chart.recline, chart.leg_rest):
        if joint is not None:
            yield place(joint.position)
    if (massage := chart.massage) is not None:
        yield place(massage.level)
        yield from (place(part.register) for part in (massage.zones, massage.rhythm) if part is not None)
    if chart.heat is not None:
        yield place(chart.heat.level)
    yield from (place(level.register) for level in (chart.light, chart.volume) if level is not None)
    yield from chart.measured
    if chart.watchdog is None and not chart.measured:
        yield chart.identity.expect[0]  # something has to be asked for, or nobody would notice that it has gone
