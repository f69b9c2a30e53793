"""Where releases lie on a machine, and the one act that changes which of them runs.

| under the root (`/opt/xinyi`) | what |
| --- | --- |
| `releases/<version>/` | one whole release with its `.venv`; `.complete` says that all of it is on the disk |
| `current` | link to the release that the services start |
| `steady` | link to the release that was last found good; the updater itself runs from it |
| `update/` | the updater's state, which all may read, and the root that it trusts; files on their way in `files/` |

A link is replaced by rename(2), so it is the old one or the new one at any moment, also after a power cut.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.disk import sync_folder, write_durably
from gateway.errors import StoreUnwritable
from gateway.releases.errors import NothingToDo

CURRENT, STEADY = "current", "steady"
_COMPLETE = ".complete"


@dataclass(frozen=True, slots=True)
class Layout:
    """The places under one root."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "update" / "state.json"

    @property
    def trusted(self) -> Path:
        """The root that came after the one that a person put there."""
        return self.root / "update" / "root.release"

    def files(self, version: str) -> Path:
        """Where the files of a release arrive."""
        return self.root / "update" / "files" / version

    def release(self, version: str) -> Path:
        return self.root / "releases" / version

    def program(self, version: str) -> Path:
        return self.release(version) / ".venv" / "bin" / "xinyi"

    def prepare(self) -> None:
        """Make the folders that are not there. Others may read the state, and what is fetched only root.

        Raises:
            StoreUnwritable: they cannot be made.
        """
        try:
            for folder, mode in (("releases", 0o755), ("update", 0o755), ("update/files", 0o700)):
                path = self.root / folder
                if not path.is_dir():
                    path.mkdir(parents=True)
                    path.chmod(mode)
                    sync_folder(path.parent)
        except OSError as error:
            raise StoreUnwritable(
                self.root, f"cannot be written ({error.strerror})", "run this as root, or set release.root"
            ) from None

    def at(self, name: str) -> str:
        """The version that a link points to; "" for none."""
        try:
            target = (self.root / name).readlink()
        except OSError:
            return ""
        return target.name

    def point(self, name: str, version: str) -> None:
        """Let a link point to a release, at once and durably.

        Raises:
            NothingToDo: that release is not there as a whole.
        """
        if not self.mark_of(version):
            raise NothingToDo(self.release(version), "is not a whole release", "install it again")
        if self.at(name) == version:
            sync_folder(self.root)
            return
        fresh = self.root / f".{name}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / version)
        fresh.replace(self.root / name)
        sync_folder(self.root)

    def complete(self, version: str, mark: str) -> None:
        """Say that all of a release is on the disk. pip syncs nothing, so everything is synced first."""
        os.sync()
        write_durably(self.release(version) / _COMPLETE, mark.encode(), 0o644)

    def mark_of(self, version: str) -> str:
        """The mark of a whole release (digest of its manifest, or "adopted"); "" for one that is not whole."""
        try:
            return (self.release(version) / _COMPLETE).read_text("utf-8") if version else ""
        except OSError:
            return ""

    def remove(self, version: str) -> None:
        """Take away a release and its files; never one that a link points to. Its mark goes first."""
        shutil.rmtree(self.files(version), ignore_errors=True)
        folder = self.release(version)
        if version in {"", self.at(CURRENT), self.at(STEADY)} or not folder.is_dir():
            return
        (folder / _COMPLETE).unlink(missing_ok=True)
        sync_folder(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def keep_only(self, *versions: str) -> None:
        """Remove all other releases and all fetched files."""
        for folder in sorted((self.root / "releases").iterdir()):
            if folder.name not in versions:
                self.remove(folder.name)
        shutil.rmtree(self.root / "update" / "files", ignore_errors=True)
        self.prepare()
