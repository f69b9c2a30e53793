"""What a rollout is made of: stages, the policy that halts it, its whole state, and what it asks to be done.

All of it is frozen and can be stored as JSON; `gateway.releases.rollout` is the machine that moves it.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.messages import ReleaseReport
from gateway.releases.cohorts import Wishes

HOUR_S = 3600


class SiteHealth(StrEnum):
    """How a site is, as the upper level sees it."""

    WELL = "well"
    SILENT = "silent"
    SAFETY_FAULT = "safety_fault"


class Stage(Struct, frozen=True):
    """A share of the sites, and what must be seen there before the next.

    Attributes:
        per_cent: of all sites.
        soak_s: least time in this stage, s.
        healthy: this many sites must be well on the new version, or all of the stage where it has fewer …
        reached_share: … and this share of the stage's sites; rooms may be closed for weeks, so it is not 1.
        healthy_share: of the sites that took it, this share must be well.
    """

    per_cent: float
    soak_s: int = 24 * HOUR_S
    healthy: int = 3
    reached_share: float = 0.5
    healthy_share: float = 0.9


STAGES = (Stage(5), Stage(25), Stage(100, reached_share=0.9))


class Policy(Struct, frozen=True):
    """When a rollout halts by itself.

    Attributes:
        failures: at least so many failed sites …
        failed_share: … and more than this share of the sites that it was offered to.
        silent_s: a site that applied it and says nothing more for so long has failed, s.
        lone: a rollout over at most so few sites halts at the first failure.
    """

    stages: tuple[Stage, ...] = STAGES
    failures: int = 2
    failed_share: float = 0.05
    silent_s: int = 6 * HOUR_S
    lone: int = 5


class Status(StrEnum):
    RUNNING = "running"
    HALTED = "halted"
    DONE = "done"
    ABORTED = "aborted"


class Event(Struct, frozen=True):
    """One line of a rollout's log: who did what, and why."""

    at_utc_ns: int
    actor: str
    what: str
    why: str = ""


class Rollout(Struct, frozen=True):
    """Where a rollout stands; everything is here.

    Attributes:
        stage: index into the policy's stages.
        stage_began_utc_ns: when that stage began, or was resumed.
        offered: sites that were told of it.
        outcomes: site → the report that is furthest on.
        failed: site → how it failed; a silent one that speaks again has not failed, a safety fault stays.
        forgiven: failed sites that a person has looked at; they halt nothing again.
    """

    version: str
    policy: Policy
    wishes: Wishes
    stage_began_utc_ns: int
    stage: int = 0
    status: Status = Status.RUNNING
    offered: frozenset[str] = frozenset()
    outcomes: dict[str, ReleaseReport] = {}
    failed: dict[str, str] = {}
    forgiven: frozenset[str] = frozenset()
    events: list[Event] = []


class Offer(Struct, frozen=True, tag="offer"):
    """Send the manifest to these sites, as a record."""

    version: str
    sites: list[str]


class Halt(Struct, frozen=True, tag="halt"):
    """Tell the people who answer, and these sites to hold this version (`release.hold` in their settings)."""

    version: str
    why: str
    sites: list[str]


class Release(Struct, frozen=True, tag="release"):
    """These sites need hold this version no longer."""

    version: str
    sites: list[str]


class Done(Struct, frozen=True, tag="done"):
    """Every stage has passed."""

    version: str


Action = Offer | Halt | Release | Done
