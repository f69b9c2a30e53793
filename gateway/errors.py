"""What can go wrong with keys, stores and the broker: one class per cause, one line for people each.

Every message names the file or service and says what to do now, so a command line can print it as it is.
"""

from pathlib import Path


class StoreError(Exception):
    """Something about a store, a key or the broker. `str(error)` is one line with the remedy.

    Attributes:
        where: file, folder or address that it is about.
        remedy: what to do now.
    """

    def __init__(self, where: Path | str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}; {remedy}")
        self.where, self.problem, self.remedy = where, problem, remedy


class KeyLost(StoreError):
    """Data is sealed with a key that is not in the key folder."""


class KeyUnsafe(StoreError):
    """A key file is damaged, or others may read it."""


class SealBroken(StoreError):
    """The key is there, but the sealed bytes were changed or belong somewhere else."""


class StoreMissing(StoreError):
    """There is no store where one was expected."""


class StoreBusy(StoreError):
    """Another process holds the store."""


class StoreCorrupt(StoreError):
    """The file is not what we wrote."""


class StoreUnwritable(StoreError):
    """The disk is full, read-only or not ours."""


class RecordTooLarge(StoreError):
    """A body is larger than any broker would take; it would wait for ever."""


class UnknownSession(StoreError):
    """No session has this id, or more than one begins with it."""


class ArchiveRefused(StoreError):
    """A backup is not what was written, or does not open with this secret."""


class UnknownAlert(StoreError):
    """No alert has this id."""


class UnknownAppointment(StoreError):
    """No appointment is meant by this, or several are."""


class UnknownDeletion(StoreError):
    """No deletion has this id."""


class SessionRuns(StoreError):
    """A session of the person has not ended; it must be closed first."""


class NotAllowed(StoreError):
    """Whoever asks has given no name."""


class BrokerMissing(StoreError):
    """mosquitto is not installed, or did not start."""


class PointsAway(StoreError):
    """The points store cannot take anything now. Hold and try again; rows are safe."""
