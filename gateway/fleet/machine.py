"""What the machine says about itself: disk, temperature, load, memory, clock, and why a process had to start again.

Everything is read from the kernel without the network; what a machine does not have is None. Why a process starts is
told by a small mark in the data folder: the kernel's boot id (a new one: the machine was off) and whether the last run
ended in order. sysfs: Documentation/hwmon/sysfs-interface.rst, Documentation/driver-api/thermal; clock: adjtimex(2).
"""

import ctypes
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.disk import write_durably
from gateway.fleet.health import ResetReason, Versions

_MB = 1024 * 1024
_COLDEST_C, _HOTTEST_C = -40.0, 150.0
"""Outside of these a sensor is broken or not connected."""
_STA_UNSYNC, _STA_NANO, _TIME_ERROR = 0x0040, 0x2000, 5


class Mark(Struct, frozen=True):
    """What the last run of a process left behind."""

    kernel: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The machine now; None: it does not say."""

    disk_free_mb: float | None
    disk_total_mb: float | None
    cpu_temperature_c: float | None
    load_1m: float | None
    memory_mb: float | None
    uptime_s: float | None
    clock_offset_ms: float | None


def clock_offset_ms() -> float | None:
    """What the kernel has still to correct against its NTP source, ms; None when nothing keeps the clock."""
    buffer = _Timex()
    try:
        code = ctypes.CDLL(None, use_errno=True).ntp_adjtime(ctypes.byref(buffer))
    except (OSError, AttributeError):
        return None
    if code in {-1, _TIME_ERROR} or buffer.status & _STA_UNSYNC:
        return None
    return float(buffer.offset / (1e6 if buffer.status & _STA_NANO else 1e3))


class Machine:
    """Reads this machine.

    Args:
        data: data folder of the site: its disk is the one that counts, and the marks are kept there.
        root: where /proc and /sys are found; tests put their own.
        offset_ms: reads the clock.
        disk: total, used and free bytes of the disk of a folder.
        load: load averages.
    """

    def __init__(
        self,
        data: Path,
        *,
        root: Path = Path("/"),
        offset_ms: Callable[[], float | None] = clock_offset_ms,
        disk: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
        load: Callable[[], tuple[float, float, float]] = os.getloadavg,
    ) -> None:
        self._data, self._root = data, root
        self._offset_ms, self._disk, self._load = offset_ms, disk, load

    def read(self) -> Reading:
        """Everything at once. Never raises; takes a few ms of file reading, so not in an event loop."""
        total_mb, free_mb = self._disk_mb()
        return Reading(
            disk_free_mb=free_mb,
            disk_total_mb=total_mb,
            cpu_temperature_c=self._temperature_c(),
            load_1m=self._load_1m(),
            memory_mb=self._memory_mb(),
            uptime_s=_number(self._text("proc/uptime").partition(" ")[0]),
            clock_offset_ms=self._offset_ms(),
        )

    def begin(self, process: str) -> ResetReason:
        """Why this process starts; call once, before anything else. `end` when it stops in order.

        Returns:
            "first", "power" (the machine was off and nothing had been stopped before), "reboot" (off, in order),
            "crash" (the process only, without a word), "stopped" (in order), "unknown" (the mark cannot be read).

        Raises:
            StoreUnwritable: the mark cannot be kept.
        """
        path = self._mark(process)
        kernel = self._text("proc/sys/kernel/random/boot_id")
        reason: ResetReason
        try:
            mark = msgspec.json.decode(path.read_bytes(), type=Mark)
        except FileNotFoundError:
            reason = "first"
        except (OSError, msgspec.DecodeError):
            reason = "unknown"
        else:
            if mark.kernel != kernel:
                reason = "reboot" if mark.ended else "power"
            else:
                reason = "stopped" if mark.ended else "crash"
        write_durably(path, msgspec.json.encode(Mark(kernel, ended=False)))
        return reason

    def end(self, process: str) -> None:
        """The process stops in order.

        Raises:
            StoreUnwritable: the mark cannot be kept.
        """
        kernel = self._text("proc/sys/kernel/random/boot_id")
        write_durably(self._mark(process), msgspec.json.encode(Mark(kernel, ended=True)))

    def _mark(self, process: str) -> Path:
        return self._data / f"last-run-{process}.json"

    def _disk_mb(self) -> tuple[float | None, float | None]:
        """Total and free."""
        try:
            total, _, free = self._disk(self._data)
        except OSError:
            return None, None
        return round(total / _MB, 1), round(free / _MB, 1)

    def _load_1m(self) -> float | None:
        try:
            return self._load()[0]
        except OSError:
            return None

    def _temperature_c(self) -> float | None:
        """The hottest part that says its temperature."""
        found = [
            value / 1000
            for pattern in ("sys/class/thermal/thermal_zone*/temp", "sys/class/hwmon/hwmon*/temp*_input")
            for path in self._root.glob(pattern)
            if (value := _number(self._text(path.relative_to(self._root).as_posix()))) is not None
        ]
        return max((value for value in found if _COLDEST_C < value < _HOTTEST_C), default=None)

    def _memory_mb(self) -> float | None:
        """Resident memory of this process."""
        for line in self._text("proc/self/status").splitlines():
            if line.startswith("VmRSS:"):
                kilobytes = _number(line.split()[1])
                return None if kilobytes is None else round(kilobytes / 1024, 1)
        return None

    def _text(self, path: str) -> str:
        try:
            return (self._root / path).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""


def versions() -> Versions:
    """What runs here."""
    try:
        ours = version("xinyi")
    except PackageNotFoundError:
        ours = ""
    return Versions(xinyi=ours, python=platform.python_version(), kernel=platform.release())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class _Timex(ctypes.Structure):
    """Struct timex of <sys/timex.h>; `modes` 0 only reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )
