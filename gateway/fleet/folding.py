"""Many sites at once are one alert: a power cut in a district is one call to make and not 262.

Alerts of one rule that begin within `fold_s` below one prefix, and concern more than 20 sites, or at least 5 that are a
fifth of all sites there, fold into a group; the narrowest prefix that holds all of them names it. A single alert of
such a rule waits `fold_s` after it is due, so that a group can form before it speaks. Later ones join while they keep
coming. A group ends when less than what can form one is left; who is left then speaks for itself.
"""

from collections.abc import Iterable, Mapping

import msgspec

from gateway.fleet.alert import FLAP_HOLD_S, STANDING, FleetAlert, Key, S, State, covers, fire, is_due, recent, resolve
from gateway.fleet.rules import Rule

MORE_THAN = 20
AT_LEAST, SHARE = 5, 0.2
"""A group is more than 20 sites, or at least 5 which are a fifth of those below the prefix."""

Alerts = dict[Key, FleetAlert]
Groups = dict[tuple[str, str], FleetAlert]
"""(rule, prefix) → group."""


def prefixes(site: str) -> list[str]:
    """Levels above a site, widest first.

    >>> prefixes("huadu.xinhua.0007")
    ['huadu', 'huadu.xinhua']
    """
    parts = site.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def count_sites(sites: Iterable[str]) -> dict[str, int]:
    """How many sites there are below each prefix."""
    totals: dict[str, int] = {}
    for site in sites:
        for prefix in prefixes(site):
            totals[prefix] = totals.get(prefix, 0) + 1
    return totals


def fold(rule: Rule, alerts: Alerts, groups: Groups, totals: Mapping[str, int], hushed: set[Key], now_ns: int) -> None:
    """Form, fill and end the groups of one rule, and fire what speaks for itself. Changes `alerts` and `groups`.

    Args:
        rule: one with `fold`.
        alerts: all alerts; those of other rules are left alone.
        groups: all groups.
        totals: sites below each prefix.
        hushed: alerts of sites that are under maintenance: they take no part.
        now_ns: now.
    """
    ours = sorted(
        (alert for key, alert in alerts.items() if key.rule == rule.name and key not in hushed and not alert.folded),
        key=lambda alert: (alert.since_ns, alert.key),
    )
    free = [alert for alert in ours if is_due(alert, rule, now_ns) or alert.state == State.FIRING]
    free = _join(rule, free, alerts, groups, now_ns)
    free = _form(rule, free, alerts, groups, totals, now_ns)
    for alert in _join(rule, free, alerts, groups, now_ns):
        if is_due(alert, rule, now_ns, rule.fold_s):
            alerts[alert.key] = fire(alert, now_ns)
    _end(rule, alerts, groups, now_ns)


def _standing(rule: Rule, groups: Groups) -> list[FleetAlert]:
    return [group for (name, _), group in sorted(groups.items()) if name == rule.name and group.state in STANDING]


def _join(rule: Rule, free: list[FleetAlert], alerts: Alerts, groups: Groups, now_ns: int) -> list[FleetAlert]:
    """Who belongs to a group that stands goes there, narrowest first. Who does not is returned."""
    for group in sorted(_standing(rule, groups), key=lambda group: -len(group.site)):
        last_ns, joined = group.last_began_ns, []
        for alert in free:
            near = group.since_ns - rule.fold_s * S <= alert.since_ns <= last_ns + rule.fold_s * S
            if covers(group.site, alert.site) and (near or alert.site in group.ever):
                last_ns = max(last_ns, alert.since_ns)
                joined.append(alert)
        if joined:
            _add(group, joined, alerts, groups, now_ns)
            keys = {alert.key for alert in joined}
            free = [alert for alert in free if alert.key not in keys]
    return free


def _form(
    rule: Rule, free: list[FleetAlert], alerts: Alerts, groups: Groups, totals: Mapping[str, int], now_ns: int
) -> list[FleetAlert]:
    """New groups, of the widest prefix first. Who is in none is returned."""
    for depth in range(max((len(prefixes(alert.site)) for alert in free), default=0)):
        below: dict[str, list[FleetAlert]] = {}
        for alert in free:
            if len(prefixes(alert.site)) > depth:
                below.setdefault(prefixes(alert.site)[depth], []).append(alert)
        for prefix, found in sorted(below.items()):
            together = _together(found, round(rule.fold_s * S))
            count = len({alert.site for alert in together})
            if count <= MORE_THAN and (count < AT_LEAST or count < SHARE * totals.get(prefix, count)):
                continue
            narrow = _narrowest({alert.site for alert in together})
            group = groups.get((rule.name, narrow))
            if group is None or group.state not in STANDING:
                since_ns = together[0].since_ns
                fires = recent(group.fires, now_ns) if group else ()
                made = FleetAlert(rule.name, narrow, "", "", State.PENDING, since_ns, 0.0, fires=fires, group=True)
                group = fire(made, now_ns)
            _add(group, together, alerts, groups, now_ns)
            keys = {alert.key for alert in together}
            free = [alert for alert in free if alert.key not in keys]
    return free


def _together(found: list[FleetAlert], window_ns: int) -> list[FleetAlert]:
    """The largest run of alerts (sorted by beginning) that began within the window; of equals the first."""
    best: list[FleetAlert] = []
    first = 0
    for last in range(len(found)):
        while found[last].since_ns - found[first].since_ns > window_ns:
            first += 1
        if last - first + 1 > len(best):
            best = found[first : last + 1]
    return best


def _narrowest(sites: set[str]) -> str:
    """The longest prefix above all of these sites."""
    shared = set.intersection(*(set(prefixes(site)) for site in sites))
    return max(shared, key=len)


def _add(group: FleetAlert, joined: list[FleetAlert], alerts: Alerts, groups: Groups, now_ns: int) -> None:
    for alert in joined:
        if alert.state == State.FIRING:
            alerts[alert.key] = msgspec.structs.replace(alert, folded=group.site)
        else:
            alerts[alert.key] = fire(alert, now_ns, folded=group.site)
    groups[group.rule, group.site] = msgspec.structs.replace(
        group,
        ever=tuple(sorted({*group.ever, *(alert.site for alert in joined)})),
        last_began_ns=max(group.last_began_ns, *(alert.since_ns for alert in joined)),
        over_ns=None,
    )


def _end(rule: Rule, alerts: Alerts, groups: Groups, now_ns: int) -> None:
    """Count who is left; end the groups of which most are back, and let go of what is long over."""
    for name, prefix in sorted(key for key in groups if key[0] == rule.name):
        group = groups[name, prefix]
        if group.state not in STANDING:
            if not recent(group.fires, now_ns):
                del groups[name, prefix]
            continue
        left = [alert for alert in alerts.values() if alert.rule == name and alert.folded == prefix]
        sites = tuple(sorted({alert.site for alert in left}))
        group = msgspec.structs.replace(group, members=sites, value=float(len(sites)))
        if len(sites) >= AT_LEAST or len(sites) > SHARE * len(group.ever):
            groups[name, prefix] = msgspec.structs.replace(group, over_ns=None)
            continue
        over_ns = now_ns if group.over_ns is None else group.over_ns
        if now_ns - over_ns < (FLAP_HOLD_S * S if group.flaps(now_ns) else 0):
            groups[name, prefix] = msgspec.structs.replace(group, over_ns=over_ns)
            continue
        groups[name, prefix] = resolve(group, now_ns)
        for alert in left:
            alerts[alert.key] = fire(alert, now_ns)
