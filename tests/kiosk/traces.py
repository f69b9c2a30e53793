"""Where a word can still be found: in the memory of a process, in files, in the selections of a screen."""

import ctypes
import ctypes.util
import re
import struct
from pathlib import Path

SELECTIONS = (b"PRIMARY", b"SECONDARY", b"CLIPBOARD")


def in_memory(pid, word):
    """How often the writable memory of a process holds it: as bytes, UTF-16 and UTF-32. A word of less than eight
    signs is counted only as the text of a Python string or bytes object, living or freed, because chance makes short
    words.
    """
    text = word.encode()
    found = 0
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            begin, end = int(area[1], 16), int(area[2], 16)
            if not area[3].startswith("rw") or area[4] in {"[vvar]", "[vsyscall]"}:
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except OSError:
                continue
            if len(word) >= 8:
                found += sum(data.count(word.encode(form)) for form in ("utf-8", "utf-16-le", "utf-32-le"))
            else:
                found += sum(_is_object(data, each.start(), len(text)) for each in re.finditer(re.escape(text), data))
    return found


def _is_object(data, at, length):
    """Whether these bytes are those of a compact str or a bytes object of CPython 3.11 to 3.13: the size is before."""
    before = [struct.unpack_from("<Q", data, at - back)[0] for back in (16, 24, 32) if at >= back]
    return data[at + length : at + length + 1] == b"\0" and length in before


def in_files(folder, word):
    """Files below a folder that hold it."""
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


class Selections:
    """Whoever owns the selections of a display; and something to be forgotten, put there."""

    def __init__(self, display):
        self._x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        for name in ("XInternAtom", "XDefaultRootWindow", "XCreateSimpleWindow", "XGetSelectionOwner"):
            getattr(self._x11, name).restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(display.encode()))

    def _atom(self, name):
        return ctypes.c_ulong(self._x11.XInternAtom(self._display, name, 0))

    def take(self, word):
        root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._display))
        window = self._x11.XCreateSimpleWindow(self._display, root, 0, 0, 1, 1, 0, ctypes.c_ulong(0), ctypes.c_ulong(0))
        for each in SELECTIONS:
            self._x11.XSetSelectionOwner(self._display, self._atom(each), ctypes.c_ulong(window), 0)
        self._x11.XStoreBytes(self._display, word.encode(), len(word))
        self._x11.XSync(self._display, 0)

    def owned(self):
        """Names of selections that somebody owns, and what the cut buffer holds."""
        owners = [each for each in SELECTIONS if self._x11.XGetSelectionOwner(self._display, self._atom(each))]
        length = ctypes.c_int()
        self._x11.XFetchBytes(self._display, ctypes.byref(length))
        return owners, length.value

    def close(self):
        self._x11.XCloseDisplay(self._display)
