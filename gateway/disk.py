"""Files that are still there after a power cut: content and folder entry are both on the disk when a call returns.

A new file survives only when its folder was synced too (fsync(2), NOTES). `OneWriter` keeps the rule of one writer
process per file with flock(2), which the kernel drops when a process dies, however it dies.
"""

import fcntl
import os
from pathlib import Path

from gateway.errors import StoreBusy, StoreUnwritable


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a private folder (0700) and its parents, durably. Nothing happens when it is there.

    Raises:
        StoreUnwritable: it cannot be made.
    """
    if folder.is_dir():
        return
    try:
        if not folder.parent.is_dir():
            make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise StoreUnwritable(
            folder, f"cannot be made ({error.strerror})", "choose a data folder that this user may write"
        ) from error


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a whole file so that a reader, or a power cut, sees the old one or the new one and nothing else.

    Raises:
        StoreUnwritable: the disk refused.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            os.fchmod(handle, mode)
            write_all(handle, data, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreUnwritable(
            path, f"cannot be written ({error.strerror})", "free disk space or check the folder's owner"
        ) from error


def write_all(handle: int, data: bytes, offset: int) -> None:
    """pwrite(2) until everything is written; raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, offset)
        offset += written
        view = view[written:]


class OneWriter:
    """Holds `<path>.lock` for as long as this process writes to `path`.

    Raises:
        StoreBusy: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        lock = path.with_name(path.name + ".lock")
        try:
            self._handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnwritable(
                lock, f"cannot be made ({error.strerror})", "choose a data folder that this user may write"
            ) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise StoreBusy(
                path, "another process is writing to it", "stop the other one, or give this one its own data folder"
            ) from error

    def close(self) -> None:
        """Let others write. A second call does nothing."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
