"""Everything in `devices/protocols` that reads what a device says, found by looking, and what must hold for any bytes.

One target is one protocol: its decoders of streams and its functions of one value. A new protocol is found by itself;
only a decoder that wants to be told something needs a line in `_PARTICULAR`. Hypothesis (`tests/devices/fuzz`) and the
coverage-guided fuzzer (`fuzz_decoders.py`) feed both from here, the bench measures from here.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import devices.protocols
from benchmarks.device_rig import Said, recorded, twin
from devices.families import FAMILIES, Family
from devices.protocols import bitalino, chair_link, go_direct, modbus_rtu, shimmer
from devices.protocols.decoder import Decoder
from firmware_sim.gatt import GattFirmware
from gateway.arrivals import Poison, judge_down, judge_up
from gateway.contract.channels import OTHERS
from gateway.contract.examples import TOWN, Example, examples

_FEW, _MOST, _FRAMES = 64, 600, 4
_ROOT = "devices.protocols."
MESSAGES = "messages"
_BUILDERS = {"crc16", "crc4", "crc_good", "checksum", "stuff", "wrap", "pieces"}
"""They take bytes of ours and read nothing."""
_INSIDE = {"framing", "decoder", "fixed_frames", "chair_link.messages"}
"""Reached through the protocols that are built on them."""
_HELD_FRAMES = 4
_LOOK = 7
"""After every so many pieces it is looked at how much is kept."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One decoder of a stream.

    Attributes:
        make: a fresh one.
        longest: bytes of the longest frame.
        notified: fed with whole notifications, whose edges it uses; a cut elsewhere is a loss.
        uncounted: how many bytes of (data, what was read) are neither frames nor losses, at most: acknowledgements.
    """

    make: Callable[[], Any]
    longest: int
    notified: bool = False
    uncounted: Callable[[bytes, Sequence[object]], int] = lambda _data, _heard: 0


Reader = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """One protocol."""

    name: str
    streams: tuple[Stream, ...]
    readers: tuple[Reader, ...]

    @property
    def most(self) -> int:
        """Bytes of one input that are looked at: a few frames, for what is short is tried more often."""
        longest = max((stream.longest for stream in self.streams), default=_MOST)
        return min(_MOST, max(_FEW, _FRAMES * longest))


def _asked() -> modbus_rtu.Answers:
    host = modbus_rtu.Answers()
    host.ask(modbus_rtu.Read(1, modbus_rtu.Table.HOLDING, 0, 8))
    return host


def _told(data: bytes, heard: Sequence[object]) -> int:
    return data.count(shimmer.ACK) + 5 * sum(isinstance(one, shimmer.Told) for one in heard)


_MODBUS_BYTES = 256
_PARTICULAR: dict[type, tuple[Stream, ...]] = {
    bitalino.Decoder: tuple(
        Stream(lambda inputs=inputs: bitalino.Decoder(inputs), bitalino.frame_bytes(inputs))  # type: ignore[misc]
        for inputs in (3, 1, 6)
    ),
    shimmer.Decoder: (
        Stream(lambda: shimmer.Decoder((shimmer.PPG, shimmer.GSR), 256), 8, uncounted=_told),
        Stream(lambda: shimmer.Decoder((shimmer.GSR,), 640), 6, uncounted=_told),
    ),
    chair_link.Decoder: (
        Stream(chair_link.Decoder, chair_link.LONGEST_BODY + 5, uncounted=lambda data, _: data.count(0)),
    ),
    modbus_rtu.Answers: (
        Stream(modbus_rtu.Answers, _MODBUS_BYTES),
        Stream(_asked, _MODBUS_BYTES, uncounted=lambda _data, _heard: 8),
    ),
    modbus_rtu.Questions: (Stream(modbus_rtu.Questions, _MODBUS_BYTES),),
    go_direct.Decoder: (Stream(go_direct.Decoder, 255, notified=True),),
}


@cache
def targets() -> dict[str, Target]:
    """All protocols by name, as `devices/protocols` has them.

    Raises:
        TypeError: a decoder that cannot be made without arguments, and of which nothing is said above.
    """
    found = {}
    for module in _modules():
        tail = module.__name__.removeprefix(_ROOT).removesuffix(".codec")
        if tail in _INSIDE:
            continue
        own = [it for name, it in vars(module).items() if not name.startswith("_") and _of(it) == module.__name__]
        streams = tuple(stream for it in own if _decodes(it) for stream in _streams(it))
        readers = tuple(it for it in own if _reads(it))
        if streams or readers:
            found[tail] = Target(tail, streams, readers)
    return found


@cache
def fuzzed() -> dict[str, Target]:
    """What the coverage-guided fuzzer feeds: all protocols, and the door of a centre."""
    return targets() | {MESSAGES: Target(MESSAGES, (), tuple(_door(one) for one in _messages()))}


def _messages() -> list[Example]:
    """A record of each kind, on the topic on which it travels."""
    return [one for one in examples() if one.name not in OTHERS]


def _door(example: Example) -> Reader:
    """Whatever comes where such a record travels is good, or poison with a reason."""

    def judge(data: bytes) -> object:
        up = "/up/" in example.topic
        arrival = judge_up(example.topic, data) if up else judge_down(example.topic, data, TOWN)
        _claim(not isinstance(arrival, Poison) or bool(arrival.reason), "poison without a reason")
        return arrival

    judge.__name__ = f"judge_{example.name}"
    return judge


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(devices.protocols.__path__, _ROOT):
        yield import_module(info.name)


def _of(it: object) -> str:
    return str(getattr(it, "__module__", ""))


def _decodes(it: object) -> bool:
    return inspect.isclass(it) and hasattr(it, "feed") and not inspect.isabstract(it)


def _streams(kind: type) -> tuple[Stream, ...]:
    if kind in _PARTICULAR:
        return _PARTICULAR[kind]
    kind()
    size = getattr(kind, "size", None)
    if not isinstance(size, int):
        raise TypeError(f"{kind.__module__}.{kind.__name__}: say in benchmarks/decoders.py how long its frames are")
    return (Stream(kind, size),)


def _reads(it: object) -> bool:
    if not inspect.isfunction(it) or it.__name__ in _BUILDERS:
        return False
    wanted = [one for one in inspect.signature(it).parameters.values() if one.default is one.empty]
    return len(wanted) == 1 and wanted[0].annotation is bytes


# what a family speaks


@cache
def spoken(family: Family) -> frozenset[str]:
    """Names of the targets that its driver reads with."""
    seen: set[str] = set()
    todo = [family.driver.partition(":")[0]]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.startswith("devices.drivers."):
            module = import_module(name)
            todo += [it.__name__ if inspect.ismodule(it) else _of(it) for it in vars(module).values()]
    tails = {name.removeprefix(_ROOT) for name in seen if name.startswith(_ROOT)}
    return frozenset(name for name in targets() if any(tail == name or tail.startswith(name + ".") for tail in tails))


def home(name: str) -> Family | None:
    """The family whose traffic a target is best fed with: the one of its name, or the first that speaks it."""
    speakers = [family for family in FAMILIES if name in spoken(family)]
    return next((one for one in speakers if one.kind.replace("-", "_") == name), speakers[0] if speakers else None)


def traffic(name: str) -> tuple[Said, ...]:
    """What a device of this protocol says while it streams; () where no family speaks it."""
    family = home(name)
    return () if family is None else tuple(said for said in recorded(family.kind) if said.at_s > 4.0)


def seeds(name: str, most: int = 60) -> list[bytes]:
    """Real words of the device, its first ones included, and values that can be read from it; an example per kind."""
    if name == MESSAGES:
        return [one.payload for one in _messages()]
    family = home(name)
    if family is None:
        return []
    said = [one.data for one in recorded(family.kind)]
    firmware = twin(family)
    if isinstance(firmware, GattFirmware):
        said = [of.value for each in firmware.peripheral.services for of in each.characteristics if of.value] + said
    unlike = list({data[:1] + bytes((len(data) % 256,)): data for data in said}.values())
    return [data[: targets()[name].most] for data in [*unlike, *said][:most]]


# what must hold


class Broken(AssertionError):
    """A decoder has done what none may do."""


def _claim(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


def held(decoder: object) -> int:
    """Bytes that a decoder keeps for the next call."""
    total = 0
    for value in vars(decoder).values():
        if isinstance(value, bytes | bytearray):
            total += len(value)
        elif _of(type(value)).startswith(_ROOT) and hasattr(value, "feed"):
            total += held(value)
    return total


def chunks(data: bytes, size: int) -> list[bytes]:
    """Pieces of `size` bytes; 0: one piece."""
    return [data[i : i + size] for i in range(0, len(data), size)] if size else [data]


def feed(decoder: Decoder, pieces: Sequence[bytes]) -> list[object]:
    """All that is read."""
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def check_stream(stream: Stream, data: bytes, size: int) -> None:
    """Any bytes in any pieces: no exception, little memory, the same frames whatever the pieces, every byte accounted.

    Raises:
        Broken: one of these does not hold.
    """
    decoder = stream.make()
    fresh = held(decoder)
    heard: list[object] = []
    most = _HELD_FRAMES * stream.longest + fresh
    for place, piece in enumerate(chunks(data, size)):
        heard += decoder.feed(piece)
        _claim(place % _LOOK != 0 or held(decoder) <= most, f"keeps more than {most} bytes")
    waiting = min(held(decoder), len(data))
    settled = decoder.dropped_bytes + decoder.frames * stream.longest + waiting + stream.uncounted(data, heard)
    _claim(settled >= len(data), f"{len(data) - settled} bytes of {len(data)} are nowhere")
    _claim(0 <= decoder.dropped_bytes <= len(data), f"dropped {decoder.dropped_bytes} of {len(data)} bytes")
    _claim(decoder.lost_frames >= 0 and decoder.crc_errors >= 0, "counts below nothing")
    if stream.notified or not size:
        return
    other = stream.make()
    _claim(list(other.feed(data)) == heard, "reads otherwise in other pieces")
    for name in ("frames", "crc_errors", "lost_frames"):
        _claim(getattr(other, name) == getattr(decoder, name), f"counts {name} otherwise in other pieces")
    unread = decoder.dropped_bytes + held(decoder)  # what can become no frame is given up sooner or later
    _claim(other.dropped_bytes + held(other) == unread, "drops otherwise in other pieces")


def check_recovery(stream: Stream, noise: bytes, clean: Sequence[bytes], spoilt: int = 2) -> None:
    """After noise at most `spoilt` good frames are lost; `clean` is what the device says.

    Raises:
        Broken: more are.
    """
    alone = feed(stream.make(), clean)
    decoder = stream.make()
    decoder.feed(noise)
    if hasattr(decoder, "pause"):
        decoder.pause()  # a line that has its pauses is told of them
    before = decoder.frames
    heard = feed(decoder, clean)
    missing = len(alone) - (decoder.frames - before)
    _claim(missing <= spoilt, f"{missing} frames lost after noise, {len(heard)} read")


def check(target: Target, data: bytes) -> None:
    """One input of a fuzzer: the first two bytes say who reads the rest, and in which pieces.

    Raises:
        Broken: what must hold does not.
    """
    if len(data) < 2:
        return
    who, size, rest = data[0], data[1], data[2 : 2 + target.most]
    who %= len(target.streams) + len(target.readers)
    if who < len(target.streams):
        check_stream(target.streams[who], rest, size % 64)
    else:
        target.readers[who - len(target.streams)](rest)


def entries(target: Target) -> int:
    """How many readers a target has."""
    return len(target.streams) + len(target.readers)
