"""How a person is reached: which tier makes an alert, who is called when, what a pager says, what somebody may choose.

All of it is data (`care/handoff.toml`, or a site's own file), validated when it is loaded; errors name file and rule.
The ladder becomes absolute deadlines at the moment of the answer: from then on every level can count by itself. The
numbers are proposals; a site sets its own and gives its file a version, which stays on the record of each alert.
"""

from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from care.alerts import AlertEvent, AlertStep, Deadline
from care.shipped import convert

FILE = "handoff.toml"
_S = 1_000_000_000
_MAY_SAY = {"seat", "site"}
"""All that a pager may name. Whoever reads over somebody's shoulder learns where to go, and nothing about anybody."""

Choice = Literal["staff", "phone", "family", "look"]


class HandoffError(ValueError):
    """The rules of the hand-off are not as they must be; one line with file, rule and what is wrong."""


class Rung(Struct, frozen=True, forbid_unknown_fields=True):
    """A level, and how many seconds after the answer somebody there must have acknowledged."""

    level: Annotated[str, Meta(min_length=1)]
    seconds: Annotated[int, Meta(ge=1, le=31 * 86400)]


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens for a tier.

    Attributes:
        tier: "red", "orange" …; a tier without a rule makes no alert.
        causes: only for these; [] for every other cause of the tier.
        page: whether pagers ring. Without it the alert waits in the lists of staff until its deadlines.
        ladder: who is called after whom, the lowest level first.
        choices: what the resident may choose, in order.
        choices_alone: the same when nobody is on duty or nobody can be reached: the number first.
    """

    tier: Annotated[str, Meta(min_length=1)]
    page: bool
    ladder: Annotated[list[Rung], Meta(min_length=1)]
    choices: Annotated[list[Choice], Meta(min_length=1)]
    choices_alone: Annotated[list[Choice], Meta(min_length=1)]
    causes: list[str] = []


class Handoff(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of a site.

    Attributes:
        version: goes up with every change; it is on the record of each alert.
        pager_zh: what a pager says; {seat} and {site} are all that it may name.
    """

    version: Annotated[int, Meta(ge=1)]
    pager_zh: str
    pager_en: str
    rule: Annotated[list[Rule], Meta(min_length=1)]

    def rule_for(self, tier: str, cause: str) -> Rule | None:
        """What counts for an alert: the rule for its cause, else the one for its tier. None: it makes no alert."""
        of_tier = [rule for rule in self.rule if rule.tier == tier]
        for rule in of_tier:
            if cause in rule.causes:
                return rule
        return next((rule for rule in of_tier if not rule.causes), None)

    def pages(self, tier: str, cause: str) -> bool:
        """Whether pagers ring. A tier that these rules do not know does: another site may have newer rules."""
        rule = self.rule_for(tier, cause)
        return rule.page if rule else True

    def knows(self, level: str) -> bool:
        """Whether a level stands in any ladder of these rules."""
        return any(rung.level == level for rule in self.rule for rung in rule.ladder)

    def below(self, level: str) -> set[str]:
        """The levels that are called before another one, in every ladder that has it."""
        ladders = [[rung.level for rung in rule.ladder] for rule in self.rule]
        found = [set(ladder[: ladder.index(level)]) for ladder in ladders if level in ladder]
        return set.intersection(*found) if found else set()

    def pager_text(self, seat: str, site: str, language: str = "zh") -> str:
        """What a pager says: where to go."""
        pattern = self.pager_zh if language == "zh" else self.pager_en
        return pattern.format(seat=seat, site=site)


def load(path: Path | None = None) -> Handoff:
    """The rules of a site's own file, or those that are shipped.

    Raises:
        HandoffError: the file cannot be read, or is not as it must be.
    """
    try:
        text = (path or files("care").joinpath(FILE)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HandoffError(f"{path}: cannot be read ({error}); name the right file") from None
    return parse(text, str(path or f"care/{FILE}"))


def parse(text: str, name: str) -> Handoff:
    """Rules out of TOML text.

    Raises:
        HandoffError: naming `name` and the rule or field.
    """
    handoff = convert(text, name, Handoff, HandoffError)
    for field in ("pager_zh", "pager_en"):
        if problem := _pager_problem(getattr(handoff, field)):
            raise HandoffError(f"{name}: {field}: {problem}")
    seen: set[tuple[str, str]] = set()
    for number, rule in enumerate(handoff.rule, 1):
        if problem := _rule_problem(rule, seen):
            raise HandoffError(f"{name}: rule {number} ({rule.tier}): {problem}")
    return handoff


_NEEDED = (("red", "risk_item"), ("red", "help_button"))
"""Whoever says so, or presses for it, is never without a rule."""


def problem(rules: Handoff, level: str) -> str:
    """What keeps a site of this level from calling a person by these rules; "" when nothing does.

    Args:
        rules: of the site.
        level: what the site is called in ladders.
    """
    for tier, cause in _NEEDED:
        if rules.rule_for(tier, cause) is None:
            return f"there is no rule for {tier} ({cause}): nobody would be called; add one"
    for number, rule in enumerate(rules.rule, 1):
        levels = [rung.level for rung in rule.ladder]
        if level not in levels:
            return (
                f"rule {number} ({rule.tier}): the ladder has no level {level!r}, which is the level of this site; "
                f"it has: {', '.join(levels)}"
            )
    return ""


def raised(
    rules: Handoff,
    *,
    alert: UUID,
    tier: str,
    cause: str,
    seat: str,
    level: str,
    at_utc_ns: int,
    source: UUID | None = None,
) -> AlertEvent:
    """The first step of an alert, with its ladder as absolute deadlines.

    Args:
        rules: of the site; their version stands in the step.
        alert: its new id.
        tier: as `care.risk` says.
        cause: "risk_item", "help_button", "disclosure" …; never an answer.
        seat: where the person is; all that a pager says.
        level: of the site; the ladder begins there.
        at_utc_ns: the moment of the answer.
        source: the record that it follows from, if the person lets it be seen.

    Raises:
        ValueError: the tier makes no alert, or the ladder does not know the level.
    """
    rule = rules.rule_for(tier, cause)
    if rule is None:
        raise ValueError(f"tier {tier!r} ({cause}) makes no alert by version {rules.version} of the rules")
    levels = [rung.level for rung in rule.ladder]
    if level not in levels:
        raise ValueError(f"the ladder of tier {tier!r} has no level {level!r}; it has: {', '.join(levels)}")
    ladder = [Deadline(rung.level, at_utc_ns + rung.seconds * _S) for rung in rule.ladder[levels.index(level) :]]
    return AlertEvent(
        alert,
        1,
        AlertStep.RAISED,
        at_utc_ns,
        level,
        "system",
        tier=tier,
        seat=seat,
        cause=cause,
        source=source,
        deadlines=ladder,
        detail=f"handoff {rules.version}",
    )


def _pager_problem(pattern: str) -> str:
    try:
        named = {field for _, field, _, _ in Formatter().parse(pattern) if field is not None}
    except ValueError as error:
        return str(error)
    if named - _MAY_SAY:
        return (
            f"a pager names seat and site only, not {', '.join(sorted(named - _MAY_SAY)) or 'a field without a name'}"
        )
    return "" if "seat" in named else "a pager names the seat: {seat}"


def _rule_problem(rule: Rule, seen: set[tuple[str, str]]) -> str:
    levels = [rung.level for rung in rule.ladder]
    if len(set(levels)) != len(levels):
        return f"ladder: a level stands twice: {', '.join(levels)}"
    seconds = [rung.seconds for rung in rule.ladder]
    if seconds != sorted(set(seconds)):
        return "ladder: seconds count from the answer, so each level has more than the one before"
    for key in [(rule.tier, cause) for cause in rule.causes or [""]]:
        if key in seen:
            return f"a second rule for {key[1] or 'every other cause'}"
        seen.add(key)
    for name in ("choices", "choices_alone"):
        listed = getattr(rule, name)
        if len(set(listed)) != len(listed):
            return f"{name}: one stands twice"
    return ""
