"""What a process says about itself: a birth when it comes, a heartbeat every minute (facts: "Fleet health set").

Counters are totals since the start of the process, so a lost heartbeat loses nothing; `boot` says when they began anew.
Msgpack maps, so that fields may be added with defaults. What arrives is checked once, here: sizes, ranges, finite
numbers, and that the sender speaks for itself and nobody else.
"""

import math
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway import topics
from gateway.fleet.errors import HealthUnreadable
from gateway.messages import CONTRACT

HEARTBEAT_S = 60.0
ANNOUNCE = "announce"
"""Lane of the request to say one's birth again: `down/announce/<process>`, empty."""
MOST_DEVICES = 64
MOST_BYTES = 64 * 1024

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=120)]
Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Percent = Annotated[float, Meta(ge=0, le=100)]
ResetReason = Literal["first", "power", "reboot", "crash", "stopped", "unknown"]


class _Finite(Struct, frozen=True):
    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is not a finite number")


class Versions(Struct, frozen=True):
    """What runs: our release, the Python below it, the kernel below that."""

    xinyi: Text
    python: Text = ""
    kernel: Text = ""


class DeviceBirth(Struct, frozen=True):
    """Who a device is."""

    id: Id
    kind: Text
    model: Text = ""
    serial: Text = ""
    firmware: Text = ""
    name: Text = ""


class Birth(Struct, frozen=True):
    """Who is there. Retained for viewers; counts only when it arrives live.

    Attributes:
        boot: start of the process, UUID text.
        reset_reason: why it had to start (`gateway.fleet.machine`).
        contract: version of the message contract that it speaks.
    """

    site: Id
    process: Id
    boot: Id
    started_utc_ns: Count
    reset_reason: ResetReason
    versions: Versions
    contract: Count = CONTRACT
    devices: Annotated[list[DeviceBirth], Meta(max_length=MOST_DEVICES)] = []


class DeviceHealth(_Finite, frozen=True):
    """How a device is; counters since the start of the process. None: it does not say.

    Attributes:
        health: a word of `gateway.live.Health`.
        problem: code of `care/words`, or "".
        silent_s: since the last good frame.
        artefact_share: of its signal just now, 0-1.
    """

    id: Id
    health: Text
    problem: Text = ""
    frames: Count = 0
    crc_errors: Count = 0
    lost_frames: Count = 0
    reconnects: Count = 0
    silent_s: Amount | None = None
    battery_percent: Percent | None = None
    rssi_dbm: float | None = None
    artefact_share: Annotated[float, Meta(ge=0, le=1)] | None = None


class Heartbeat(_Finite, frozen=True):
    """How a process and its machine are. None: cannot be had here.

    Attributes:
        number: 1, 2, 3 … within a boot.
        uptime_s: of the process; `machine_uptime_s` of the machine.
        outbox_depth: records that wait for a receipt.
        outbox_oldest_s: age of the oldest of them.
        outbox_limit_bytes: what the outbox may hold; 0: unbounded or no outbox.
        put: records put in the outbox since the start; likewise `receipted` and `dropped`.
        uplink: whether the next level can be reached.
        clock_offset_ms: what is left between the machine's clock and its NTP source; None when not synchronised.
        sequence_gaps: holes in what others send to this process that are open now.
        dead_letters: what its stores have refused for good, all of it.
        incidents: what should not have happened: sittings of which a kiosk says another result than the centre, all.
        hotlines_stale: of a centre: numbers to call that nobody has verified for too long.
        faults: of a relay: what moves people at its site and reports a fault, by id; the level above hears no devices.
    """

    site: Id
    process: Id
    boot: Id
    number: Count
    sent_utc_ns: Count
    uptime_s: Amount = 0.0
    outbox_depth: Count = 0
    outbox_oldest_s: Amount = 0.0
    outbox_bytes: Count = 0
    outbox_limit_bytes: Count = 0
    put: Count = 0
    receipted: Count = 0
    dropped: Count = 0
    uplink: Literal["up", "down", "none"] = "none"
    clock_offset_ms: float | None = None
    disk_free_mb: Amount | None = None
    disk_total_mb: Amount | None = None
    cpu_temperature_c: float | None = None
    load_1m: Amount | None = None
    memory_mb: Amount | None = None
    machine_uptime_s: Amount | None = None
    sequence_gaps: Count = 0
    dead_letters: Count = 0
    hotlines_stale: Count = 0
    devices: Annotated[list[DeviceHealth], Meta(max_length=MOST_DEVICES)] = []
    faults: Annotated[list[Id], Meta(max_length=MOST_DEVICES)] = []
    incidents: Count = 0


class StateTopic(NamedTuple):
    """What a topic below `state` says: `what` is "state", "birth" or "health"."""

    site: str
    process: str
    what: str


def parse_state(topic: str) -> StateTopic:
    """The parts of a `state` topic.

    Raises:
        HealthUnreadable: it is not one.
    """
    match topic.split("/"):
        case ["xinyi", version, site, "state", process] if version == str(CONTRACT) and site and process:
            return StateTopic(site, process, "state")
        case ["xinyi", version, site, "state", process, "birth" | "health" as what] if version == str(CONTRACT):
            return StateTopic(site, process, what)
    raise HealthUnreadable(topic, "is not a topic of states", "see gateway/topics.py for those that there are")


def all_states(site: str = "+") -> tuple[str, str, str]:
    """Filters for the states, births and heartbeats of a site, or of all."""
    return topics.state(site, "+"), topics.birth(site, "+"), topics.health(site, "+")


def announce_topic(site: str, process: str) -> str:
    """Where a process is asked to say its birth again."""
    return topics.down(site, ANNOUNCE, process)


def encode(value: Birth | Heartbeat) -> bytes:
    """Msgpack bytes."""
    return msgspec.msgpack.encode(value)


def decode_birth(topic: str, payload: bytes) -> Birth:
    """The birth that came on a topic.

    Raises:
        HealthUnreadable: the bytes are none, or speak for somebody else than the topic.
    """
    return _decode(topic, payload, _BIRTH)


def decode_heartbeat(topic: str, payload: bytes) -> Heartbeat:
    """The heartbeat that came on a topic.

    Raises:
        HealthUnreadable: the bytes are none, or speak for somebody else than the topic.
    """
    return _decode(topic, payload, _HEARTBEAT)


_BIRTH = msgspec.msgpack.Decoder(Birth)
_HEARTBEAT = msgspec.msgpack.Decoder(Heartbeat)
_Said = TypeVar("_Said", Birth, Heartbeat)


def _decode(topic: str, payload: bytes, decoder: "msgspec.msgpack.Decoder[_Said]") -> _Said:
    where = parse_state(topic)
    remedy = "update the sender, or find out who writes to this topic"
    if len(payload) > MOST_BYTES:
        raise HealthUnreadable(topic, f"{len(payload)} bytes are more than {MOST_BYTES}", remedy)
    try:
        said = decoder.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise HealthUnreadable(topic, " ".join(str(error).split()), remedy) from None
    if (said.site, said.process) != (where.site, where.process):
        raise HealthUnreadable(topic, f"speaks for {said.site} {said.process}", remedy)
    ids: list[Any] = [device.id for device in said.devices]
    if len(set(ids)) != len(ids):
        raise HealthUnreadable(topic, "names a device twice", remedy)
    return said
