"""Where a site's update stands, in one file that survives a power cut, and that the services may read.

The step is written before it is done, and each step may be done twice; so whoever starts next just goes on.
"""

from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.disk import write_durably
from gateway.errors import StoreCorrupt
from gateway.messages import ReleaseManifest
from gateway.releases.probation import Probation
from gateway.releases.reports import Numbered, ReportState, make_report

_KEPT_REPORTS = 60
_KEPT_FAILURES = 20


class Step(StrEnum):
    """What is to be done next."""

    IDLE = "idle"
    FETCHING = "fetching"
    INSTALLING = "installing"
    CHECKING = "checking"
    WAITING = "waiting"
    SAVING = "saving"
    SWITCHING = "switching"
    RESTARTING = "restarting"
    PROBATION = "probation"
    COMMITTING = "committing"
    RETURNING = "returning"


EARLY = frozenset({Step.FETCHING, Step.INSTALLING, Step.CHECKING, Step.WAITING, Step.SAVING})
"""Nothing of the running version has been touched yet."""


class State(Struct, frozen=True):
    """Everything that the updater must know.

    Attributes:
        version: that is on its way, or to be left when returning.
        previous: to go back to.
        manifest: what is on its way.
        hurry: do not wait for the night.
        why: it goes back.
        trouble: what it waits for or stumbled over, one line for a technician.
        serial: of the newest manifest ever accepted, which no later one may be below.
        digest: of that manifest.
        seen: digest of the last offer that was judged.
        failed: versions that were refused or rolled back here.
        reports: numbered, the newest last.
        first: number of the first report; higher when a damaged state was begun anew.
    """

    step: Step = Step.IDLE
    version: str = ""
    previous: str = ""
    manifest: ReleaseManifest | None = None
    hurry: bool = False
    why: str = ""
    trouble: str = ""
    probation: Probation | None = None
    serial: int = 0
    digest: str = ""
    seen: str = ""
    failed: list[str] = []
    reports: list[Numbered] = []
    first: int = 1

    def noted(self, state: ReportState, at_utc_ns: int, detail: str = "", version: str = "") -> "State":
        """With one more report."""
        number = self.reports[-1].number + 1 if self.reports else self.first
        report = make_report(version or self.version, state, at_utc_ns, detail)
        return msgspec.structs.replace(self, reports=[*self.reports, Numbered(number, report)][-_KEPT_REPORTS:])

    def ended(self, *, failed: str = "", previous: str | None = None) -> "State":
        """Nothing is on its way any more."""
        return msgspec.structs.replace(
            self,
            step=Step.IDLE,
            version="",
            previous=self.previous if previous is None else previous,
            manifest=None,
            hurry=False,
            why="",
            trouble="",
            probation=None,
            failed=[*self.failed, failed][-_KEPT_FAILURES:] if failed else self.failed,
        )


def read_state(path: Path) -> State:
    """The state, or a fresh one where there is none.

    Raises:
        StoreCorrupt: the file is not ours.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except (OSError, msgspec.DecodeError) as error:
        raise StoreCorrupt(path, f"not the state of an updater ({error})", "it is set aside by itself") from None


def write_state(path: Path, state: State) -> None:
    """Durably, and readable for the services.

    Raises:
        StoreUnwritable: the disk refused.
    """
    write_durably(path, msgspec.json.encode(state), 0o644)
