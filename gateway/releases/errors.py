"""What can go wrong with a release: one class per cause, one line for people each.

`final` tells the room's updater what to do: a final error refuses this release for good; any other is tried again at
the next tick, because power, network or a person may mend it.
"""

from pathlib import Path
from typing import ClassVar


class ReleaseError(Exception):
    """Something about a release. `str(error)` is one line with the remedy.

    Attributes:
        where: file, version or address that it is about.
        remedy: what to do now.
        final: this very release will never be good here.
    """

    final: ClassVar[bool] = True

    def __init__(self, where: Path | str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}; {remedy}")
        self.where, self.problem, self.remedy = where, problem, remedy


class SignatureWrong(ReleaseError):
    """Too few of the trusted signers signed exactly these bytes."""


class TrustMissing(ReleaseError):
    """The trusted keys are not there, damaged or expired."""

    final = False


class KeyRefused(ReleaseError):
    """A signing key cannot be read, or is not what it should be."""


class ManifestUnreadable(ReleaseError):
    """Signed, but not a manifest that this version understands, or too large."""


class ManifestExpired(ReleaseError):
    """The manifest is too old to be believed (a freeze attack, or a release that nobody renewed)."""


class ClockBehind(ReleaseError):
    """This machine's clock is before the day on which the manifest was made."""

    final = False


class Downgrade(ReleaseError):
    """The manifest is older than one that was accepted before (a replay), or its version is not newer."""


class Unsuitable(ReleaseError):
    """This site must first go to another version, or speaks a newer contract."""


class NotAdopted(ReleaseError):
    """This machine has no current release that the updater could replace and go back to."""

    final = False


class GivenUp(ReleaseError):
    """This release was tried here before and was refused or rolled back."""


class SourceRefused(ReleaseError):
    """The source of files is neither a folder nor https, or it is not set."""

    final = False


class SourceAway(ReleaseError):
    """A file cannot be fetched now."""

    final = False


class FileTampered(ReleaseError):
    """A file is not the one that was signed."""


class DiskShort(ReleaseError):
    """There is not enough room on the disk for the files and the new environment."""

    final = False


class InstallFailed(ReleaseError):
    """The new environment could not be made from the signed files."""


class CheckFailed(ReleaseError):
    """The new version does not start, or says that something is wrong with it."""


class RestartFailed(ReleaseError):
    """The services could not be restarted."""


class BackupFailed(ReleaseError):
    """The backup before the switch did not work; nothing was switched."""

    final = False


class NothingToDo(ReleaseError):
    """What was asked has no object: no release, no rollout, no version to go back to."""


class RolloutBusy(ReleaseError):
    """A rollout is under way, or it has ended, and cannot be told this."""
