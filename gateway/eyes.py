"""Which alerts are in front of somebody's eyes now: each screen that shows them leaves a small file in the data folder.

It holds ids and a time, no more, and is written anew every few seconds while somebody's page or terminal is there. Who
asks believes it for half a minute. Nothing hangs on it but what a resident is told, so it is not synced to the disk.
"""

import contextlib
import os
import time
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import msgspec

EVERY_S = 10.0
FRESH_S = 30.0
_PREFIX = "eyes-"
_S = 1_000_000_000


class _Seen(msgspec.Struct, array_like=True):
    utc_ns: int
    alerts: list[UUID]


class Eyes:
    """The mark of one screen.

    Args:
        data: folder of the site.
        name: of the screen, "console", "watch-4711".
    """

    def __init__(self, data: Path, name: str) -> None:
        self._file = data / f"{_PREFIX}{name}"
        self._left: tuple[float, frozenset[UUID]] | None = None

    def see(self, alerts: Collection[UUID]) -> None:
        """These alerts are shown now. Written when others are, else at most every `EVERY_S`; a disk that refuses is no
        trouble of whoever looks.
        """
        now, shown = time.monotonic(), frozenset(alerts)
        if self._left and self._left[1] == shown and now - self._left[0] < EVERY_S:
            return
        new = self._file.with_name(f"{self._file.name}.new")
        with contextlib.suppress(OSError):
            new.write_bytes(msgspec.msgpack.encode(_Seen(time.time_ns(), sorted(shown))))
            new.replace(self._file)
            self._left = now, shown

    def close(self) -> None:
        """Nobody looks here any more."""
        self._left = None
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)


def watching(data: Path) -> Eyes:
    """The mark of this process, among several of its kind; what killed ones have left goes away."""
    for old in data.glob(f"{_PREFIX}watch-*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > 2 * FRESH_S:
                old.unlink()
    return Eyes(data, f"watch-{os.getpid()}")


def is_seen(data: Path, alert: UUID, now_utc_ns: int) -> bool:
    """Whether a screen of this machine shows an alert now."""
    for file in data.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            seen = msgspec.msgpack.decode(file.read_bytes(), type=_Seen)
            if abs(now_utc_ns - seen.utc_ns) <= FRESH_S * _S and alert in seen.alerts:
                return True
    return False
