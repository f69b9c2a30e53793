"""Makes a release out of a folder of wheels, and takes a machine that was set up by hand into the updater's care.

`release.txt`, which pip will demand the hashes of, is the locked requirements plus the wheel of xinyi itself; it and
every wheel stand in the manifest with size and hash.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from gateway.disk import write_durably
from gateway.messages import CONTRACT, ReleaseManifest
from gateway.releases.errors import ManifestUnreadable, NothingToDo
from gateway.releases.install import LOCK
from gateway.releases.layout import CURRENT, STEADY, Layout
from gateway.releases.manifest import Facts, Release, ReleaseFile, make

REQUIREMENTS = "requirements.txt"


def build(
    folder: Path,
    version: str,
    created: datetime,
    *,
    minimum: str = "0.0.0",
    days: int = 90,
    not_before: datetime | None = None,
    rows_revision: str = "",
    notes: dict[str, str] | None = None,
) -> ReleaseManifest:
    """The unsigned manifest of the wheels in a folder; writes `release.txt` there.

    Args:
        folder: wheels, and `requirements.txt` with the locked requirements and their hashes.
        version: of this release; there must be a wheel of xinyi with it.
        created: now; the serial number of the manifest is its second, so a later build is a higher one.
        minimum: oldest version from which a site may come.
        days: after so many the manifest is no longer believed.
        not_before: earliest switch; None is at once.
        rows_revision: revision of the rows' schema that it writes.
        notes: what is new, "zh" and "en".

    Raises:
        ManifestUnreadable: the folder does not hold a release.
    """
    wheels = sorted(folder.glob("*.whl"))
    own = [wheel for wheel in wheels if wheel.name.startswith(f"xinyi-{version}-")]
    if len(own) != 1:
        raise ManifestUnreadable(folder, f"{len(own)} wheels of xinyi {version}", "put the one that is meant there")
    try:
        locked = (folder / REQUIREMENTS).read_text("utf-8")
    except OSError as error:
        raise ManifestUnreadable(
            folder / REQUIREMENTS, f"cannot be read ({error.strerror})", "copy the lock that the wheels were made by"
        ) from None
    lock = f"{locked.rstrip()}\nxinyi=={version} --hash=sha256:{_file(own[0]).sha256}\n".lstrip()
    write_durably(folder / LOCK, lock.encode(), 0o644)
    facts = Facts(version, created, not_before or created, minimum, CONTRACT, rows_revision, notes or {})
    return make(
        Release(
            serial=int(created.timestamp()),
            expires=(created + timedelta(days=days)).replace(microsecond=0),
            facts=facts,
            files=[_file(path) for path in (folder / LOCK, *wheels)],
        )
    )


def _file(path: Path) -> ReleaseFile:
    with path.open("rb") as stream:
        return ReleaseFile(path.name, path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def adopt(layout: Layout, version: str) -> None:
    """Let the release that was set up by hand in `releases/<version>` be the current one and the one to go back to.

    Raises:
        NothingToDo: it is not there, or there is a current release already.
    """
    layout.prepare()
    if layout.at(CURRENT):
        raise NothingToDo(layout.root / CURRENT, f"is {layout.at(CURRENT)} already", "use `xinyi release apply`")
    if not layout.program(version).exists():
        raise NothingToDo(layout.program(version), "is not there", "set xinyi up in that folder first")
    layout.complete(version, "adopted")
    layout.point(STEADY, version)
    layout.point(CURRENT, version)
