"""Fetches the files of a release from a folder or over https, each checked against the signed manifest.

Nothing but `file:///` and `https://` is a source, and a redirect is not followed. What was interrupted goes on where it
stopped (HTTP range requests, RFC 9110 chapter 14); what then does not match is fetched once more from its beginning.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import urllib3
from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile

from gateway.disk import sync_folder, write_all
from gateway.releases.errors import DiskShort, FileTampered, SourceAway, SourceRefused
from gateway.releases.manifest import Release, ReleaseFile

_BLOCK = 1 << 20
_ROOM_FACTOR = 5
"""Files, what is unpacked of them, and byte code; wheels are compressed, and a full disk would stop the room."""
_SPARE_BYTES = 256 << 20


def check_room(folder: Path, release: Release, free: Callable[[Path], int] | None = None) -> None:
    """Whether a release will fit.

    Raises:
        DiskShort: it will not.
    """
    free_bytes = (free or _free)(folder)
    need = release.size * _ROOM_FACTOR + _SPARE_BYTES
    if free_bytes < need:
        raise DiskShort(
            folder, f"{free_bytes >> 20} MB free, release {release.version} needs {need >> 20}", "free disk space"
        )


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def fetch(source: str, release: Release, folder: Path, ca: str = "") -> None:
    """Bring every file of a release into a folder; those that are there and right are left alone.

    Args:
        source: address under which `<version>/<file>` lies.
        release: as verified.
        folder: where they go.
        ca: PEM file of the authority of the https server; "" is the system's.

    Raises:
        SourceRefused: not a source that may be used.
        SourceAway: a file cannot be had now; what has come so far is kept.
        DiskShort: the disk took no more of it.
        FileTampered: a file is not the one that was signed.
    """
    open_at = _opener(source, ca)
    folder.mkdir(parents=True, exist_ok=True)
    for file in release.files:
        path = folder / file.name
        if path.exists() and _matches(file, path):
            continue
        part = folder / f"{file.name}.part"
        resumed = part.exists() and part.stat().st_size > 0
        _append(part, file, open_at, f"{release.version}/{file.name}")
        if not _matches(file, part) and resumed:
            part.unlink()
            _append(part, file, open_at, f"{release.version}/{file.name}")
        if not _matches(file, part):
            part.unlink()
            raise FileTampered(
                f"{release.version}/{file.name}", "is not the file that was signed", "look at who can write the source"
            )
        part.replace(path)
    sync_folder(folder)


def _matches(file: ReleaseFile, path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            TargetFile(file.size, {"sha256": file.sha256}, file.name).verify_length_and_hashes(stream)
    except LengthOrHashMismatchError:
        return False
    return True


_Opener = Callable[[str, int], Iterator[bytes]]


def _append(part: Path, file: ReleaseFile, open_at: _Opener, name: str) -> None:
    """Get the rest of a file. Never more than it may have, whatever the source sends."""
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    with part.open("r+b" if have else "wb") as out:
        left = file.size - have
        for block in open_at(name, have) if left else ():
            try:
                write_all(out.fileno(), block[: left + 1], file.size - left)
            except OSError as error:
                raise DiskShort(part, f"cannot be written ({error.strerror})", "free disk space") from None
            left -= len(block)
            if left < 0:
                return  # too long: the check says so
        os.fsync(out.fileno())
    if left > 0:
        raise SourceAway(name, f"{left} bytes did not come", "it is tried again by itself")


def _opener(source: str, ca: str) -> _Opener:
    address = urlsplit(source)
    if address.scheme == "file" and address.netloc == "" and address.path:
        return _Folder(Path(unquote(address.path)))
    if address.scheme == "https" and address.netloc:
        return _Https(source.rstrip("/"), ca)
    raise SourceRefused(source or "release.source", "neither https:// nor file:///", "set release.source in xinyi.toml")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, offset: int) -> Iterator[bytes]:
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(offset)
                while block := file.read(_BLOCK):
                    yield block
        except OSError as error:
            raise SourceAway(
                self._folder / name, f"cannot be read ({error.strerror})", "it is tried again by itself"
            ) from None


class _Https:
    def __init__(self, base: str, ca: str) -> None:
        self._base = base
        self._pool = urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca or None,
            timeout=urllib3.Timeout(connect=10, read=30),
            retries=urllib3.Retry(connect=2, redirect=0, status=0, read=0, raise_on_redirect=False),
        )

    def __call__(self, name: str, offset: int) -> Iterator[bytes]:
        address = f"{self._base}/{quote(name)}"
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        try:
            answer = self._pool.request("GET", address, headers=headers, preload_content=False, redirect=False)
            try:
                if answer.status not in ({206, 200} if offset else {200}):
                    raise SourceAway(address, f"answers {answer.status}", "it is tried again by itself")
                skip = offset if answer.status == 200 else 0
                while block := answer.read1(_BLOCK):  # what has come counts, also when the rest never does
                    yield block[skip:]
                    skip = max(0, skip - len(block))
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SourceAway(address, f"cannot be reached ({type(error).__name__})", "it is tried again") from None
