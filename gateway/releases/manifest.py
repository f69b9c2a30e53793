"""What a release is: its files with their hashes, and what a site must know before it takes it.

A manifest is the signed part of a TUF targets role (canonical JSON; TUF specification 1.0, chapter 4.5): `targets` are
the files, `version` is a serial number that only grows, `expires` ends it; what is ours stands under "xinyi". The
bytes travel as a `ReleaseManifest` record and are verified before they are read.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from tuf.api.metadata import TargetFile, Targets

from gateway.messages import CONTRACT, ReleaseManifest
from gateway.releases.errors import ClockBehind, Downgrade, ManifestExpired, ManifestUnreadable, Unsuitable
from gateway.releases.trust import TrustedKeys, canonical

VERSION = r"^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}$"
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,199}")
MAX_FILES = 2000
MAX_FILE_BYTES = 1 << 30
MAX_RELEASE_BYTES = 2 << 30

Version = Annotated[str, Meta(pattern=VERSION)]


class Facts(Struct, frozen=True):
    """What a manifest says besides its files.

    Attributes:
        version: of the software, "0.2.0".
        created: when it was made.
        not_before: earliest moment of the switch.
        minimum: oldest version from which a site may come.
        contract: version of the message contract that it speaks.
        rows_revision: revision of the rows' schema that it writes. The version before must be able to read it, or
            going back would lose what came in between (docs/updates.md).
        notes: what is new, for people: "zh" and "en".
    """

    version: Version
    created: datetime
    not_before: datetime
    minimum: Version
    contract: int
    rows_revision: str = ""
    notes: dict[str, str] = {}


class ReleaseFile(Struct, frozen=True):
    name: str
    size: int
    sha256: str


class Release(Struct, frozen=True):
    """A manifest as read. `serial` grows with each one that is made; `digest` is the SHA-256 of its bytes."""

    serial: int
    expires: datetime
    facts: Facts
    files: list[ReleaseFile]
    digest: str = ""

    @property
    def version(self) -> str:
        return self.facts.version

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class Installed(Struct, frozen=True):
    """What a site has, as far as a new manifest is measured by it.

    Attributes:
        version: that runs now; "" for none.
        serial: of the newest manifest that was ever accepted here.
        digest: of that manifest.
    """

    version: str = ""
    serial: int = 0
    digest: str = ""


def order(version: str) -> tuple[int, ...]:
    """Sorts versions.

    >>> order("0.10.0") > order("0.9.3")
    True
    """
    return tuple(int(part) for part in version.split("."))


def make(release: Release) -> ReleaseManifest:
    """The unsigned manifest of a release."""
    targets = Targets(version=release.serial, expires=release.expires)
    for file in release.files:
        targets.targets[file.name] = TargetFile(file.size, {"sha256": file.sha256}, file.name)
    targets.unrecognized_fields["xinyi"] = msgspec.to_builtins(release.facts)
    return ReleaseManifest(release.version, canonical(targets), b"", "")


def verify(signed: ReleaseManifest, trusted: TrustedKeys, now: datetime, installed: Installed | None = None) -> Release:
    """The release, when it may be taken here now. Nothing is read before its signatures are right.

    Args:
        signed: as it travelled.
        trusted: whom this site believes.
        now: UTC.
        installed: what it must be newer than; None checks the manifest alone.

    Raises:
        ReleaseError: one subclass per cause.
    """
    trusted.check(signed, now)
    release = read(signed)
    name = f"release {release.version}"
    if now < release.facts.created:
        raise ClockBehind(
            name, f"made {release.facts.created:%Y-%m-%d %H:%M}, it is {now:%Y-%m-%d %H:%M} here", "set the clock"
        )
    if now >= release.expires:
        raise ManifestExpired(
            name, f"its manifest expired {release.expires:%Y-%m-%d}", "sign it anew, or release a newer one"
        )
    if release.facts.contract < CONTRACT:
        raise Unsuitable(name, f"speaks contract {release.facts.contract}, here is {CONTRACT}", "offer a newer one")
    if installed:
        _fits(release, name, installed)
    return release


def _fits(release: Release, name: str, installed: Installed) -> None:
    if release.serial < installed.serial or (release.serial == installed.serial and release.digest != installed.digest):
        raise Downgrade(
            name,
            f"manifest {release.serial} is older than {installed.serial}, which was accepted before",
            "nothing to do; if it is meant, build it again",
        )
    if installed.version and order(release.version) <= order(installed.version):
        raise Downgrade(
            name, f"not newer than {installed.version}", "to go back, release the old code under a new version"
        )
    if installed.version and order(installed.version) < order(release.facts.minimum):
        raise Unsuitable(
            name, f"takes sites from {release.facts.minimum} on, here is {installed.version}", "offer that one first"
        )


def read(signed: ReleaseManifest) -> Release:
    """What verified bytes say.

    Raises:
        ManifestUnreadable: the signers signed something that is not a manifest of ours, or too large a release.
    """
    try:
        targets = Targets.from_dict(json.loads(signed.manifest))
        facts = msgspec.convert(targets.unrecognized_fields.get("xinyi"), Facts)
        files = [ReleaseFile(name, file.length, file.hashes["sha256"]) for name, file in targets.targets.items()]
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise ManifestUnreadable(f"release {signed.version}", f"not a manifest ({error})", "build it again") from None
    release = Release(targets.version, _utc(targets.expires), facts, files, digest(signed))
    problem = ""
    if facts.version != signed.version:
        problem = f"it says that it is {facts.version}"
    elif bad := [file.name for file in files if not FILE_NAME.fullmatch(file.name)]:
        problem = f"a file may not be called {bad[0]!r}"
    elif len(files) > MAX_FILES or release.size > MAX_RELEASE_BYTES or any(f.size > MAX_FILE_BYTES for f in files):
        problem = "it is too large"
    if problem:
        raise ManifestUnreadable(f"release {signed.version}", problem, "build it again")
    return release


def digest(signed: ReleaseManifest) -> str:
    """SHA-256 of a manifest's bytes, hex."""
    return hashlib.sha256(signed.manifest).hexdigest()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
