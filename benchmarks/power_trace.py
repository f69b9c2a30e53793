"""What strace wrote, as calls with a beginning and an end, and what a disk would hold if the power failed in between.

Only a sync that has ended says anything: bytes written before it began survive; of later writes any may survive, be
lost, or be torn at a sector. SIGKILL proves nothing here, because the page cache outlives a process.
"""

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

CALLS = "write,pwrite64,fsync,fdatasync,sendto,ftruncate,openat,unlink"
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded.

    Attributes:
        began, ended: seconds since 1970; strace stops the process at both, so order can be trusted.
        path: of its file descriptor, "TCP:…" for sockets.
        data: bytes that it wrote.
        number: offset of a write, or length of a truncation.
    """

    began: float
    ended: float
    name: str
    path: str
    data: bytes = b""
    number: int = 0


def strace_command(out: Path, *what: str) -> list[str]:
    """Trace a command, or `-p PID`, with all its threads and children."""
    program = shutil.which("strace")
    if not program:
        raise SystemExit("strace is not installed; run: sudo apt install strace")
    options = ["-f", "-ttt", "-T", "-yy", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-e", "signal=none"]
    return [program, *options, "-o", str(out), *what]


_LINE = re.compile(r"^(\d+) +(\d+\.\d+) (.*)$")
_DONE = re.compile(r"\) += (-?\d+)(.*?)<(\d+\.\d+)>$")
_FD = re.compile(r"^(\w+)\((-?\d+|AT_FDCWD)<(.*?)>(?:, (.*))?$", re.DOTALL)
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def calls_of(trace: Path) -> list[Call]:
    """All successful calls of a trace by the time when they ended."""
    open_ones: dict[str, tuple[float, str]] = {}
    found: list[Call] = []
    for line in trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        pid, at, text = match[1], float(match[2]), match[3]
        if text.endswith("<unfinished ...>"):
            open_ones[pid] = (at, text.removesuffix("<unfinished ...>").rstrip())
            continue
        if text.startswith("<... ") and pid in open_ones:
            at, head = open_ones.pop(pid)
            tail = text.split(" resumed>", 1)[1]
            text = head + tail
        call = _call(at, text)
        if call:
            found.append(call)
    return sorted(found, key=lambda each: each.ended)


def _call(began: float, text: str) -> Call | None:
    done = _DONE.search(text)
    if not done or int(done[1]) < 0:
        return None
    ended = began + float(done[3])
    text = text[: done.start()]
    name = text.split("(", 1)[0]
    strings = [_unescape(each) for each in _BYTES.findall(text)]
    if name in ("openat", "unlink"):
        if name == "openat" and "O_CREAT" not in text:
            return None
        return Call(began, ended, name, strings[-1].decode(errors="replace"), b"", int("O_TRUNC" in text))
    match = _FD.match(text)
    if not match:
        return None
    path = _unescape(match[3]).decode(errors="replace") if "\\x" in match[3] else match[3]
    data = strings[-1][: int(done[1])] if strings and name in ("write", "pwrite64", "sendto") else b""
    number = int(text.rsplit(", ", 1)[1]) if name in ("pwrite64", "ftruncate") else 0
    return Call(began, ended, name, path, data, number)


def _unescape(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


class Disk:
    """Files as a power cut would leave them, replayed from the calls on them."""

    def __init__(self, calls: list[Call], folder: Path) -> None:
        inside = str(folder) + "/"
        self._calls = [each for each in calls if each.path.startswith(inside)]

    def after_a_cut(self, at: float, luck: random.Random) -> dict[str, bytes]:
        """What is on the disk when the power fails at a moment. Of what no sync covers some survives, at random."""
        solid: dict[str, bytearray] = {}
        loose: dict[str, list[Call]] = {}
        for call in self._calls:
            if call.began > at:
                continue
            over = call.ended <= at
            match call.name:
                case "openat":
                    solid.setdefault(call.path, bytearray())
                    if call.number:
                        loose.setdefault(call.path, []).append(call)
                case "unlink" if over:
                    solid.pop(call.path, None)
                    loose.pop(call.path, None)
                case "fsync" | "fdatasync" if over:
                    image = solid.setdefault(call.path, bytearray())
                    left = []
                    for each in loose.get(call.path, []):
                        if each.ended <= call.began:
                            _apply(image, each, len(each.data))
                        else:
                            left.append(each)
                    loose[call.path] = left
                case "pwrite64" | "ftruncate":
                    loose.setdefault(call.path, []).append(call)
        for path, calls in loose.items():
            image = solid.setdefault(path, bytearray())
            kept = luck.random()
            for call in calls:
                if luck.random() < kept:
                    whole = len(call.data)
                    _apply(image, call, whole if luck.random() < 0.7 else luck.randrange(0, whole + SECTOR, SECTOR))
        return {path: bytes(image) for path, image in solid.items()}


def _apply(image: bytearray, call: Call, upto: int) -> None:
    if call.name == "openat":
        image.clear()
    elif call.name == "ftruncate":
        del image[call.number :]
        image.extend(bytes(call.number - len(image)))
    else:
        data = call.data[:upto]
        if len(image) < call.number:
            image.extend(bytes(call.number - len(image)))
        image[call.number : call.number + len(data)] = data
