"""The book of the fleet's alerts: what stands, who has seen it, what is under maintenance. Pure; a centre drives it.

`tick` takes the samples of a `FleetWatch` and says what has changed for a person; the order of the samples does not
matter. `dump` and `restored` carry the book over a restart: it goes on as if there had been none. A site that nobody
knows anything of keeps its alerts until it is heard again or forgotten.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from gateway.fleet.alert import STANDING, FleetAlert, Judgement, Key, State, covers, fire, is_due, judge, step
from gateway.fleet.errors import AlertUnknown
from gateway.fleet.folding import Alerts, Groups, count_sites, fold
from gateway.fleet.metrics import Sample
from gateway.fleet.rules import Rule

MOST_SILENCES = 1000


class Silence(Struct, frozen=True):
    """Maintenance: what begins at these sites meanwhile waits, and what stands there is not shown.

    Attributes:
        prefix: a site, or all below "huadu.xinhua"; "" for all.
    """

    prefix: str
    from_ns: int
    to_ns: int
    by: str
    reason: str


class _Kept(Struct, frozen=True):
    alerts: list[FleetAlert]
    groups: list[FleetAlert]
    silences: list[Silence]
    told: list[str]


class FleetAlerts:
    """The book.

    Args:
        rules: of `rules.load`.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self._alerts: Alerts = {}
        self._groups: Groups = {}
        self._silences: list[Silence] = []
        self._told: set[str] = set()

    @classmethod
    def restored(cls, rules: Sequence[Rule], data: bytes) -> "FleetAlerts":
        """The book that `dump` gave; alerts of rules that are no more are left out.

        Raises:
            msgspec.DecodeError: the bytes are no book.
        """
        kept = msgspec.msgpack.decode(data, type=_Kept)
        book = cls(rules)
        book._alerts = {alert.key: alert for alert in kept.alerts if alert.rule in book.rules}
        book._groups = {(group.rule, group.site): group for group in kept.groups if group.rule in book.rules}
        book._silences, book._told = list(kept.silences), set(kept.told)
        return book

    def dump(self) -> bytes:
        """The book as bytes; the same book gives the same bytes."""
        return msgspec.msgpack.encode(
            _Kept(
                [alert for _, alert in sorted(self._alerts.items())],
                [group for _, group in sorted(self._groups.items())],
                self._silences,
                sorted(self._told),
            )
        )

    def tick(self, samples: Iterable[Sample], now_ns: int) -> list[FleetAlert]:
        """Everything that is known at one moment; call it every few seconds.

        Returns:
            What a person should hear: alerts that fire now, and those that were told and are resolved now; by id.
        """
        heard = _distinct(samples)
        by_scope: dict[str, list[Sample]] = {}
        for sample in heard:
            by_scope.setdefault(sample.scope, []).append(sample)
        self._silences = [silence for silence in self._silences if silence.to_ns > now_ns]
        silent = [silence for silence in self._silences if silence.from_ns <= now_ns]
        totals = count_sites({sample.site for sample in heard})
        speaking = {(said.site, said.process) for said in by_scope.get("process", []) if said.values.get("silent") == 0}
        for _, rule in sorted(self.rules.items()):
            self._judge(rule, by_scope.get(rule.looks_at, []), speaking, now_ns)
            ours = [key for key in self._alerts if key.rule == rule.name]
            hushed = {key for key in ours if any(covers(silence.prefix, key.site) for silence in silent)}
            if rule.fold:
                fold(rule, self._alerts, self._groups, totals, hushed, now_ns)
            for key in ours:
                alert = self._alerts[key]
                if not rule.fold and key not in hushed and is_due(alert, rule, now_ns):
                    self._alerts[key] = fire(alert, now_ns)
        return self._news(now_ns)

    def standing(self, now_ns: int) -> list[FleetAlert]:
        """What waits for a person or has been acknowledged, without what a group speaks for or maintenance hides."""
        everything = [*self._alerts.values(), *self._groups.values()]
        shown = [alert for alert in everything if alert.state in STANDING and not alert.folded]
        return sorted((alert for alert in shown if not self._hidden(alert, now_ns)), key=lambda alert: alert.id)

    def pending(self) -> list[FleetAlert]:
        """What is wrong and does not stand yet, sorted."""
        return [alert for _, alert in sorted(self._alerts.items()) if alert.state == State.PENDING]

    def folded(self, group: FleetAlert) -> list[FleetAlert]:
        """The alerts for which a group speaks."""
        return [a for _, a in sorted(self._alerts.items()) if a.rule == group.rule and a.folded == group.site]

    def acknowledge(self, id_: str, by: str, note: str, now_ns: int) -> FleetAlert:
        """Somebody has seen it and acts.

        Raises:
            AlertUnknown: no such alert stands, or a group speaks for it.
        """
        for alert in self.standing(now_ns):
            if alert.id == id_:
                seen = msgspec.structs.replace(
                    alert, state=State.ACKNOWLEDGED, acknowledged_ns=now_ns, by=by, note=note
                )
                if seen.group:
                    self._groups[seen.rule, seen.site] = seen
                else:
                    self._alerts[seen.key] = seen
                return seen
        raise AlertUnknown(id_, "no such alert stands", "`xinyi fleet watch` shows those that do")

    def silence(self, silence: Silence) -> None:
        """Maintenance of a site or of all below a prefix; of too many windows the one that ends first goes."""
        self._silences = sorted([*self._silences, silence], key=lambda kept: (kept.to_ns, kept.prefix, kept.from_ns))
        del self._silences[: max(0, len(self._silences) - MOST_SILENCES)]

    def lift(self, prefix: str) -> None:
        """Maintenance of this site or prefix is over before its time."""
        self._silences = [silence for silence in self._silences if silence.prefix != prefix]

    def forget(self, site: str) -> None:
        """A site that is no more: nothing about it stands."""
        self._alerts = {key: alert for key, alert in self._alerts.items() if key.site != site}

    def text(self, alert: FleetAlert, language: str = "zh") -> str:
        """What is the matter, in one line."""
        rule = self.rules[alert.rule]
        if not alert.group:
            return rule.zh if language == "zh" else rule.en
        pattern = rule.group_zh if language == "zh" else rule.group_en
        return pattern.format(count=len(alert.members), prefix=alert.site)

    def advice(self, alert: FleetAlert, language: str = "zh") -> str:
        """What to do first."""
        rule = self.rules[alert.rule]
        return rule.advice_zh if language == "zh" else rule.advice_en

    def _judge(self, rule: Rule, samples: list[Sample], speaking: set[tuple[str, str]], now_ns: int) -> None:
        """Step all alerts of a rule. A device of which its process, who speaks, says nothing is not there any more."""
        there = {(sample.site, sample.process, sample.device) for sample in samples}
        said = {
            key: Judgement(wrong=False, over=True, value=alert.value)
            for key, alert in self._alerts.items()
            if key.rule == rule.name and key.device and (key.site, key.process) in speaking and key[1:] not in there
        }
        for sample in samples:
            judgement = judge(rule, sample)
            key = Key(rule.name, sample.site, sample.process, sample.device)
            if judgement and (judgement.wrong or key in self._alerts):
                said[key] = judgement
        for key in {*said, *(key for key in self._alerts if key.rule == rule.name)}:
            after = step(self._alerts.get(key), key, rule, said.get(key), now_ns)
            if after is None:
                self._alerts.pop(key, None)
            else:
                self._alerts[key] = after

    def _hidden(self, alert: FleetAlert, now_ns: int) -> bool:
        return any(
            silence.from_ns <= now_ns < silence.to_ns and covers(silence.prefix, alert.site)
            for silence in self._silences
        )

    def _news(self, now_ns: int) -> list[FleetAlert]:
        """What differs from what a person was told last."""
        shown = {alert.id: alert for alert in self.standing(now_ns)}
        everything = {alert.id: alert for alert in (*self._alerts.values(), *self._groups.values())}
        gone = [everything[id_] for id_ in self._told - shown.keys() if id_ in everything]
        news = [alert for id_, alert in shown.items() if id_ not in self._told]
        news += [alert for alert in gone if alert.state == State.RESOLVED]
        self._told = set(shown)
        return sorted(news, key=lambda alert: alert.id)


def _distinct(samples: Iterable[Sample]) -> list[Sample]:
    """One sample for each thing, sorted: of two the later one, so that their order does not matter."""
    newest: dict[tuple[str, str, str], Sample] = {}
    for sample in samples:
        about = (sample.site, sample.process, sample.device)
        other = newest.get(about)
        if other is None or _rank(sample) > _rank(other):
            newest[about] = sample
    return [sample for _, sample in sorted(newest.items())]


def _rank(sample: Sample) -> tuple[int, bool, list[tuple[str, float]]]:
    return sample.at_ns, sample.open, sorted(sample.values.items())
