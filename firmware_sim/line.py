"""What lies between a device and its host: a line that loses, doubles, delays, jams and breaks. Serial and BLE alike.

Losses come in bursts (Gilbert 1960, Bell Syst Tech J 39:1253: a good state that passes everything, a bad one that
passes nothing). Order is kept, as cables and BLE connections keep it: whoever waits makes those behind wait. A byte on
a serial line takes ten bit times (8N1). Times are seconds of the device; everything follows from the seed.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

T = TypeVar("T")
Share = Annotated[float, Meta(ge=0, le=1)]
_BITS_PER_BYTE = 10
_BACKLOG = 4096


class LinkConditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good a line is; the defaults are a perfect one.

    Attributes:
        loss_share: of frames that never arrive.
        burst_frames: how many are lost in a row, on average.
        duplicate_share: of frames that arrive twice.
        delay_ms: on the way, always.
        jitter_ms: besides, for each frame anew: uniform between 0 and this.
        baud: bits a second; 0 is fast enough for anything.
        noise_share: of frames that arrive spoilt (a serial line; by air what is spoilt is lost).
        break_every_s: mean time until the connection breaks; 0 never.
        break_s: how long it then stays broken.
    """

    loss_share: Share = 0.0
    burst_frames: Annotated[float, Meta(ge=1, le=10_000)] = 1.0
    duplicate_share: Share = 0.0
    delay_ms: Annotated[float, Meta(ge=0, le=60_000)] = 0.0
    jitter_ms: Annotated[float, Meta(ge=0, le=60_000)] = 0.0
    baud: Annotated[int, Meta(ge=0)] = 0
    noise_share: Share = 0.0
    break_every_s: Annotated[float, Meta(ge=0)] = 0.0
    break_s: Annotated[float, Meta(gt=0)] = 3.0


class Line(Generic[T]):
    """Frames go in with `put` and come out, when it is time, with `take`.

    Args:
        seed: of its luck.
        size: bytes of a frame.
        conditions: may be replaced at any time.

    Attributes:
        lost: frames that will never arrive.
    """

    def __init__(self, seed: int, size: Callable[[T], int], conditions: LinkConditions | None = None) -> None:
        self.conditions = conditions or LinkConditions()
        self.lost = 0
        self._size = size
        self._rng, outages = np.random.default_rng(seed).spawn(2)
        self._breaks = _Breaks(outages)
        self._under_way: deque[tuple[float, T]] = deque()
        self._bad = False
        self._free_s = self._last_s = -math.inf

    @property
    def next_s(self) -> float:
        """When something comes out next; infinity: nothing is under way."""
        return self._under_way[0][0] if self._under_way else math.inf

    def put(self, frame: T, at_s: float) -> None:
        conditions = self.conditions
        if self._loses(conditions) or len(self._under_way) >= _BACKLOG:
            self.lost += 1
            return
        twice = conditions.duplicate_share > 0 and self._rng.random() < conditions.duplicate_share
        for _ in range(2 if twice else 1):
            due_s = at_s
            if conditions.baud:
                self._free_s = max(self._free_s, at_s) + _BITS_PER_BYTE * self._size(frame) / conditions.baud
                due_s = self._free_s
            if conditions.delay_ms or conditions.jitter_ms:
                due_s += (conditions.delay_ms + conditions.jitter_ms * self._rng.random()) / 1000
            self._last_s = max(due_s, self._last_s)
            self._under_way.append((self._last_s, frame))

    def take(self, at_s: float) -> list[T]:
        """What has arrived by `at_s`, in order."""
        arrived: list[T] = []
        while self._under_way and self._under_way[0][0] <= at_s:
            arrived.append(self._under_way.popleft()[1])
        return arrived

    def cut(self) -> None:
        """What was under way is gone."""
        self.lost += len(self._under_way)
        self._under_way.clear()

    def broken(self, at_s: float) -> bool:
        """Whether the connection is broken at this moment. Ask in increasing order."""
        return self._breaks.broken(at_s, self.conditions)

    def _loses(self, conditions: LinkConditions) -> bool:
        share = conditions.loss_share
        if share <= 0 or share >= 1:
            return share >= 1
        leave = 1 / conditions.burst_frames
        enter = min(1.0, share * leave / (1 - share))
        self._bad = self._rng.random() < (1 - leave if self._bad else enter)
        return self._bad


class _Breaks:
    """When the connection is broken, as a function of time."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._from_s = math.inf
        self._every_s = 0.0

    def broken(self, at_s: float, conditions: LinkConditions) -> bool:
        if conditions.break_every_s != self._every_s:
            self._every_s = conditions.break_every_s
            self._plan(at_s)
        if at_s >= self._from_s + conditions.break_s:
            self._plan(at_s)
        return at_s >= self._from_s

    def _plan(self, at_s: float) -> None:
        self._from_s = at_s + float(self._rng.exponential(self._every_s)) if self._every_s > 0 else math.inf
