"""A rollout at the upper level: 5 % → 25 % → 100 %, each stage gated on health, halting by itself (Mender's phases).

Pure: `advance` takes the time, what sites reported and how they are, and gives the new state and what to do. Reports
may come in any order and any number of times; per site the one that is furthest on counts. Everything that is decided
is in the state, so doing the actions again after a crash does no harm.
"""

import math
from collections.abc import Iterable, Mapping

import msgspec

from gateway.messages import ReleaseReport
from gateway.releases.cohorts import Wishes, members
from gateway.releases.errors import RolloutBusy
from gateway.releases.plan import Action, Done, Event, Halt, Offer, Policy, Release, Rollout, SiteHealth, Status
from gateway.releases.reports import ReportState

_S = 1_000_000_000
_RANK = {state.value: rank for rank, state in enumerate(ReportState)}
_KEPT_EVENTS = 200


def begin(
    version: str, now_utc_ns: int, actor: str, policy: Policy | None = None, wishes: Wishes | None = None
) -> Rollout:
    """A new rollout; nothing is offered before the first `advance`."""
    return Rollout(
        version,
        policy or Policy(),
        wishes or Wishes(),
        now_utc_ns,
        events=[Event(now_utc_ns, actor, "begin")],
    )


def advance(
    rollout: Rollout,
    now_utc_ns: int,
    sites: Iterable[str],
    reports: Iterable[tuple[str, ReleaseReport]],
    health: Mapping[str, SiteHealth],
) -> tuple[Rollout, list[Action]]:
    """Take in what is new, and say what to do.

    Args:
        rollout: as it stands.
        now_utc_ns: wall time.
        sites: all sites below this level.
        reports: (site, report), in any order, old ones too.
        health: how each site is that is known; a site that is missing counts as well.
    """
    rollout = _take_in(rollout, now_utc_ns, reports, health)
    if rollout.status is not Status.RUNNING:
        return rollout, []
    why = _why_halt(rollout)
    if why:
        return _halted(rollout, now_utc_ns, "rollout", why)
    known = sorted(set(sites))
    actions: list[Action] = []
    while True:
        rollout, more = _offer(rollout, known)
        actions += more
        if not _passed(rollout, now_utc_ns, known):
            return rollout, actions
        if rollout.stage + 1 == len(rollout.policy.stages):
            rollout = _noted(rollout, now_utc_ns, "rollout", "done", status=Status.DONE)
            return rollout, [*actions, Done(rollout.version)]
        share = rollout.policy.stages[rollout.stage + 1].per_cent
        rollout = _noted(
            rollout, now_utc_ns, "rollout", f"stage {share:g} %", stage=rollout.stage + 1, stage_began_utc_ns=now_utc_ns
        )


def halt(rollout: Rollout, now_utc_ns: int, actor: str, why: str) -> tuple[Rollout, list[Action]]:
    """A person halts it.

    Raises:
        RolloutBusy: it does not run.
    """
    _must_be(rollout, Status.RUNNING)
    return _halted(rollout, now_utc_ns, actor, why)


def resume(rollout: Rollout, now_utc_ns: int, actor: str, why: str) -> tuple[Rollout, list[Action]]:
    """A person who has looked at the failures lets it go on; the stage soaks again from now.

    Raises:
        RolloutBusy: it is not halted.
    """
    _must_be(rollout, Status.HALTED)
    after = _noted(
        rollout,
        now_utc_ns,
        actor,
        "resume",
        why,
        status=Status.RUNNING,
        stage_began_utc_ns=now_utc_ns,
        forgiven=rollout.forgiven | rollout.failed.keys(),
    )
    return after, [Release(rollout.version, sorted(rollout.offered))]


def abort(rollout: Rollout, now_utc_ns: int, actor: str, why: str) -> tuple[Rollout, list[Action]]:
    """A person ends it for good; sites that have it keep it, the others hold it.

    Raises:
        RolloutBusy: it has ended.
    """
    if rollout.status in {Status.DONE, Status.ABORTED}:
        raise RolloutBusy(f"rollout {rollout.version}", f"is {rollout.status}", "begin one of a newer version")
    after, actions = _halted(rollout, now_utc_ns, actor, why)
    return msgspec.structs.replace(after, status=Status.ABORTED), actions


def _must_be(rollout: Rollout, status: Status) -> None:
    if rollout.status is not status:
        raise RolloutBusy(f"rollout {rollout.version}", f"is {rollout.status}, not {status}", "nothing was changed")


def _take_in(
    rollout: Rollout,
    now_utc_ns: int,
    reports: Iterable[tuple[str, ReleaseReport]],
    health: Mapping[str, SiteHealth],
) -> Rollout:
    outcomes = dict(rollout.outcomes)
    for site, report in reports:
        if report.version == rollout.version and report.state in _RANK:
            outcomes[site] = max(outcomes.get(site, report), report, key=_progress)
    failed: dict[str, str] = {}
    for site in sorted(outcomes.keys() | rollout.failed.keys()):
        how = _failure(rollout, now_utc_ns, outcomes.get(site), health.get(site))
        if "safety_fault" in {how, rollout.failed.get(site)}:
            failed[site] = "safety_fault"
        elif how:
            failed[site] = how
    return msgspec.structs.replace(rollout, outcomes=outcomes, failed=failed)


def _failure(rollout: Rollout, now_utc_ns: int, seen: ReleaseReport | None, health: SiteHealth | None) -> str:
    """How a site failed with this version, or "". Before it is applied nothing that a site does is its fault."""
    if not _took(seen):
        return ""
    assert seen is not None
    if health is SiteHealth.SAFETY_FAULT:
        return "safety_fault"
    if seen.state in {"rolled_back", "refused"}:
        return seen.state
    overdue = seen.state == "applied" and now_utc_ns - seen.at_utc_ns > rollout.policy.silent_s * _S
    return "silent" if overdue or health is SiteHealth.SILENT else ""


def _progress(report: ReleaseReport) -> tuple[int, int, str]:
    """Total order, so that the one that counts does not depend on which came first."""
    return _RANK[report.state], report.at_utc_ns, report.detail


def _why_halt(rollout: Rollout) -> str:
    fresh = {site: how for site, how in rollout.failed.items() if site not in rollout.forgiven}
    faults = sorted(site for site, how in fresh.items() if how == "safety_fault")
    if faults:
        return f"safety fault at {', '.join(faults[:5])}"
    reached = len(rollout.offered)
    few = reached <= rollout.policy.lone
    if len(fresh) >= (1 if few else rollout.policy.failures) and len(fresh) > rollout.policy.failed_share * reached:
        named = ", ".join(f"{site} {how}" for site, how in sorted(fresh.items())[:5])
        return f"{len(fresh)} of {reached} sites failed: {named}"
    return ""


def _halted(rollout: Rollout, now_utc_ns: int, actor: str, why: str) -> tuple[Rollout, list[Action]]:
    after = _noted(rollout, now_utc_ns, actor, "halt", why, status=Status.HALTED)
    waiting = [site for site in sorted(rollout.offered) if not _took(rollout.outcomes.get(site))]
    return after, [Halt(rollout.version, why, waiting)]


def _took(report: ReleaseReport | None) -> bool:
    """Whether a site has tried it."""
    return report is not None and _RANK[report.state] >= _RANK["applied"]


def _offer(rollout: Rollout, sites: list[str]) -> tuple[Rollout, list[Action]]:
    share = rollout.policy.stages[rollout.stage].per_cent
    new = members(sites, rollout.version, share, rollout.wishes) - rollout.offered
    if not new:
        return rollout, []
    return msgspec.structs.replace(rollout, offered=rollout.offered | new), [Offer(rollout.version, sorted(new))]


def _passed(rollout: Rollout, now_utc_ns: int, sites: list[str]) -> bool:
    stage = rollout.policy.stages[rollout.stage]
    if now_utc_ns - rollout.stage_began_utc_ns < stage.soak_s * _S:
        return False
    inside = members(sites, rollout.version, stage.per_cent, rollout.wishes)
    took = [site for site in inside if _took(rollout.outcomes.get(site)) and site not in rollout.forgiven]
    well = [site for site in took if rollout.outcomes[site].state == "healthy" and site not in rollout.failed]
    size = len(inside - rollout.forgiven)
    enough = max(1, min(stage.healthy, size), math.ceil(stage.reached_share * size))
    return len(well) >= enough and len(well) >= stage.healthy_share * len(took)


def _noted(rollout: Rollout, at_utc_ns: int, actor: str, what: str, why: str = "", **changes: object) -> Rollout:
    events = [*rollout.events, Event(at_utc_ns, actor, what, why)][-_KEPT_EVENTS:]
    return msgspec.structs.replace(rollout, events=events, **changes)
