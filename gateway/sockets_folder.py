"""A folder with a short path for the sockets of one demonstration. What a killed one left behind goes with the next.

The path of a Unix socket has at most 107 bytes (unix(7)), so sockets cannot lie in a data folder that may be anywhere.
Whether a folder is still in use is known by flock(2), which the kernel drops however a process dies.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "xinyi-demo-"
_LOCK = "lock"


@contextlib.contextmanager
def sockets_folder() -> Iterator[Path]:
    """A private folder (0700) for the length of the block."""
    _sweep(Path(tempfile.gettempdir()))
    folder, handle = _taken()
    try:
        yield folder
    finally:
        os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


def _taken() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (folder / _LOCK).exists():  # nobody has swept it away in between
            return folder, handle
        os.close(handle)


def _sweep(base: Path) -> None:
    """Remove the folders of this user that nobody holds any more."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
