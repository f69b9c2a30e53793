"""One alert of the fleet and its state machine; no I/O and no clock. (`care/alerts.py` is about people's alerts.)

| state | wrong | neither | over | nobody knows |
| --- | --- | --- | --- | --- |
| none, resolved | pending | – | – | – |
| pending | for `for_s`: due, then firing | as before | as before | as before |
| firing, acknowledged | stays | stays | for `clear_for_s`: resolved | stays |

"Wrong" is beyond the threshold, "over" at or beyond `clear`, "neither" between the two: a pending alert falls back
there, a firing one stays. One that has fired three times in an hour flaps: it stays until it was good for half an hour.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec import Struct

from gateway.fleet.metrics import Sample
from gateway.fleet.rules import Rule

S = 1_000_000_000
HOUR_NS = 3600 * S
FLAPS = 3
FLAP_HOLD_S = 1800.0


class State(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


STANDING = frozenset({State.FIRING, State.ACKNOWLEDGED})


class Key(NamedTuple):
    """What an alert is about."""

    rule: str
    site: str
    process: str
    device: str


class FleetAlert(Struct, frozen=True):
    """An alert about a site, process or device, or (with `members`) about many sites at once. Times are UTC ns.

    Attributes:
        site: the site; of a group its prefix, "huadu" or "huadu.xinhua".
        since_ns: wrong since.
        value: the last one that was looked at; of a group how many sites are in it.
        over_ns: good again since, while it still stands.
        by: who acknowledged it, with `note`.
        fires: when it fired, as far as that is less than an hour ago.
        folded: prefix of the group that speaks for it, "" when it speaks for itself.
        members: sites of a group that are not back; `ever` all that were in it.
        last_began_ns: when the last of a group's members went wrong.
    """

    rule: str
    site: str
    process: str
    device: str
    state: State
    since_ns: int
    value: float
    fired_ns: int | None = None
    over_ns: int | None = None
    resolved_ns: int | None = None
    acknowledged_ns: int | None = None
    by: str = ""
    note: str = ""
    fires: tuple[int, ...] = ()
    folded: str = ""
    group: bool = False
    members: tuple[str, ...] = ()
    ever: tuple[str, ...] = ()
    last_began_ns: int = 0

    @property
    def key(self) -> Key:
        return Key(self.rule, self.site, self.process, self.device)

    @property
    def id(self) -> str:
        """For people and for acknowledging: "battery_low/huadu.xinhua.0007/room/hrm-1", "site_silent/huadu.*"."""
        parts = (self.rule, self.site + ".*" if self.group else self.site, self.process, self.device)
        return "/".join(part for part in parts if part)

    def flaps(self, now_ns: int) -> bool:
        return len(recent(self.fires, now_ns)) >= FLAPS


class Judgement(NamedTuple):
    """What a rule makes of a sample."""

    wrong: bool
    over: bool
    value: float


def judge(rule: Rule, sample: Sample) -> Judgement | None:
    """None: the rule does not look at this, or nobody knows. Outside its hours everything is well."""
    if sample.scope != rule.looks_at or (rule.processes and sample.process not in rule.processes):
        return None
    value = sample.values.get(rule.metric)
    if value is None:
        return None
    if rule.when == "open" and not sample.open:
        return Judgement(wrong=False, over=True, value=value)
    return Judgement(rule.is_wrong(value), rule.is_over(value), value)


def step(alert: FleetAlert | None, key: Key, rule: Rule, said: Judgement | None, now_ns: int) -> FleetAlert | None:
    """The alert after a judgement. It becomes due here (`is_due`) but never fires: that is `fire`."""
    if alert is None or alert.state == State.RESOLVED:
        if said and said.wrong:
            fires = recent(alert.fires, now_ns) if alert else ()
            return FleetAlert(*key, State.PENDING, now_ns, said.value, fires=fires)
        return alert if alert and recent(alert.fires, now_ns) else None
    if alert.state == State.PENDING:
        if said and said.wrong:
            return msgspec.structs.replace(alert, value=said.value)
        if not recent(alert.fires, now_ns):
            return None
        return msgspec.structs.replace(alert, state=State.RESOLVED, resolved_ns=now_ns, folded="")
    if said is None or not said.over:
        return msgspec.structs.replace(alert, over_ns=None, value=said.value if said else alert.value)
    over_ns = now_ns if alert.over_ns is None else alert.over_ns
    patience_s = FLAP_HOLD_S if alert.flaps(now_ns) and not alert.folded else rule.clear_for_s
    if now_ns - over_ns >= patience_s * S:
        return resolve(msgspec.structs.replace(alert, value=said.value), now_ns)
    return msgspec.structs.replace(alert, over_ns=over_ns, value=said.value)


def is_due(alert: FleetAlert, rule: Rule, now_ns: int, extra_s: float = 0.0) -> bool:
    """Whether a pending alert has been wrong for long enough."""
    return alert.state == State.PENDING and now_ns - alert.since_ns >= (rule.for_s + extra_s) * S


def fire(alert: FleetAlert, now_ns: int, folded: str = "") -> FleetAlert:
    """It stands now; folded, the group speaks for it and it does not count as having fired."""
    fires = alert.fires if folded else (*recent(alert.fires, now_ns), now_ns)
    return msgspec.structs.replace(
        alert,
        state=State.FIRING,
        fired_ns=now_ns,
        fires=fires,
        folded=folded,
        acknowledged_ns=None,
        by="",
        note="",
    )


def resolve(alert: FleetAlert, now_ns: int) -> FleetAlert:
    return msgspec.structs.replace(
        alert, state=State.RESOLVED, resolved_ns=now_ns, over_ns=None, folded="", fires=recent(alert.fires, now_ns)
    )


def recent(fires: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
    """Those of the last hour, and at most eight."""
    return tuple(at_ns for at_ns in fires if at_ns > now_ns - HOUR_NS)[-8:]


def covers(prefix: str, site: str) -> bool:
    """Whether a site is the one that is meant, or below it. "" means all.

    >>> covers("huadu", "huadu.xinhua.0007"), covers("hua", "huadu.xinhua.0007"), covers("", "a.b.c")
    (True, False, True)
    """
    return not prefix or site == prefix or site.startswith(prefix + ".")
