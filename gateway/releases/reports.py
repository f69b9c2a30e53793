"""What a room says about a release, and how it gets from the updater (root) to the room's outbox and back.

The updater runs as root and the services do not, so they share two files: the room leaves an offer in its data folder,
and the updater, which verifies it again, keeps a numbered list of reports in a folder that everybody may read.
"""

import os
import re
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.disk import make_folder, write_durably
from gateway.messages import ReleaseManifest, ReleaseReport
from gateway.releases.trust import MAX_BYTES, ROOT

MAX_DETAIL = 300


class ReportState(StrEnum):
    """In the order in which they happen; the last three end it."""

    OFFERED = "offered"
    FETCHED = "fetched"
    APPLIED = "applied"
    HEALTHY = "healthy"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"


class Numbered(Struct, frozen=True):
    """A report with its number: 1, 2, 3 … over the life of a site."""

    number: int
    report: ReleaseReport


def make_report(version: str, state: ReportState, at_utc_ns: int, detail: str = "") -> ReleaseReport:
    """The body of one report; a long detail is cut."""
    return ReleaseReport(version, state.value, at_utc_ns, detail[:MAX_DETAIL])


def reports_after(state_file: Path, number: int) -> list[Numbered]:
    """Reports that the updater made after one that the outbox already holds. None where there is no updater."""
    try:
        found = msgspec.json.decode(state_file.read_bytes(), type=_Reports)
    except (OSError, msgspec.DecodeError):
        return []
    return [one for one in found.reports if one.number > number]


class _Reports(Struct, frozen=True):
    """As much of the updater's state as concerns others."""

    reports: list[Numbered] = []


def offers_folder(data: Path) -> Path:
    return data / "releases"


def leave_offer(data: Path, offered: ReleaseManifest) -> None:
    """Lay a manifest that came down for the updater to find. A root waits in a file of its own until its turn comes.

    Raises:
        StoreUnwritable: the disk refused.
    """
    folder = offers_folder(data)
    make_folder(folder)
    name = offered.version if re.fullmatch(r"root\.\d{1,9}", offered.version) else "offered"
    write_durably(folder / f"{name}.release", msgspec.msgpack.encode(offered))


def find_offer(data: Path) -> ReleaseManifest | None:
    """What was offered last, unverified; None when there is nothing that can be read."""
    return read_signed(offers_folder(data) / "offered.release")


def find_root(data: Path, number: int) -> ReleaseManifest | None:
    """The root of that number, if it was offered; unverified."""
    return read_signed(offers_folder(data) / f"{ROOT}{number}.release")


def read_signed(path: Path) -> ReleaseManifest | None:
    """A manifest in a folder that others write: no links, no huge files, no nonsense."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        try:
            return msgspec.msgpack.decode(file.read(3 * MAX_BYTES), type=ReleaseManifest)
        except (OSError, msgspec.DecodeError):
            return None
