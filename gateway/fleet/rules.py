"""Alert rules as data: what is looked at, when it is wrong and for how long, what to say and what to do.

`rules.toml` holds those that are shipped; its top explains the fields. They are checked when they are loaded, and what
is wrong is said with file, line and field. `to_vmalert` writes those that need nothing but a store for VictoriaMetrics.
"""

import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.fleet.errors import RulesInvalid
from gateway.fleet.metrics import METRICS

Severity = Literal["urgent", "soon", "look"]
Words = Annotated[str, Meta(min_length=1, max_length=200)]
SHIPPED = "gateway/fleet/rules.toml"


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. Wrong is `metric` above or below `threshold` for `for_s`; over is back at `clear` for `clear_for_s`.

    Attributes:
        looks_at: "site", "process" or "device".
        clear: nearer to good than the threshold (hysteresis), or the same.
        severity: "urgent" (somebody goes now), "soon" (today), "look" (when there is time).
        processes: only these; empty: all.
        when: "open" looks only during a site's opening hours.
        fold: many sites of one district or town at once are one alert.
        fold_s: those that begin within so many seconds belong together; also how long a single one waits for others.
        group_zh: text of that one alert; {count} and {prefix} are filled in.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    looks_at: Literal["site", "process", "device"]
    metric: str
    is_: Literal["above", "below"] = msgspec.field(name="is")
    threshold: float
    clear: float
    for_s: Annotated[float, Meta(ge=0, le=7 * 86400)]
    severity: Severity
    zh: Words
    en: Words
    advice_zh: Words
    advice_en: Words
    clear_for_s: Annotated[float, Meta(ge=0, le=86400)] = 60.0
    processes: list[str] = []
    when: Literal["always", "open"] = "always"
    fold: bool = False
    fold_s: Annotated[float, Meta(gt=0, le=3600)] = 180.0
    group_zh: str = ""
    group_en: str = ""

    def is_wrong(self, value: float) -> bool:
        return value > self.threshold if self.is_ == "above" else value < self.threshold

    def is_over(self, value: float) -> bool:
        return value <= self.clear if self.is_ == "above" else value >= self.clear


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rules: Annotated[list[Rule], Meta(min_length=1)]


def load(path: Path | None = None) -> list[Rule]:
    """The rules of a file, or the shipped ones.

    Raises:
        RulesInvalid: the file cannot be read, or a rule is not as it must be.
    """
    if path is None:
        return list(_shipped())
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesInvalid(str(path), f"cannot be read ({error})", f"see {SHIPPED} for an example") from None
    return parse(text, str(path))


@cache
def _shipped() -> tuple[Rule, ...]:
    return tuple(parse(files("gateway.fleet").joinpath("rules.toml").read_text("utf-8"), SHIPPED))


def parse(text: str, name: str) -> list[Rule]:
    """The rules of a TOML text; `name` is where it is from.

    Raises:
        RulesInvalid: the first thing that is not as it must be.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesInvalid(name, f"not valid TOML: {error}", "correct that line") from None
    try:
        rules = msgspec.convert(table, _File).rules
    except msgspec.ValidationError as error:
        at = re.search(r" - at `\$\.rules\[(\d+)\](?:\.(\w+))?", str(error))
        if at is None:
            raise RulesInvalid(name, str(error), f"see {SHIPPED} for an example") from None
        problem = str(error).partition(" - at ")[0]
        raise _invalid(text, name, int(at[1]), at[2] or "", problem) from None
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        for field, problem in _faults(rule, seen):
            raise _invalid(text, name, number, field, problem)
        seen.add(rule.name)
    return rules


def _faults(rule: Rule, seen: set[str]) -> list[tuple[str, str]]:
    """What a type cannot say: (field, what is wrong)."""
    faults = []
    if rule.name in seen:
        faults.append(("name", f"{rule.name!r} is there twice"))
    known = METRICS[rule.looks_at]
    if rule.metric not in known:
        faults.append(("metric", f"{rule.looks_at} has no {rule.metric!r}, but {', '.join(sorted(known))}"))
    if not rule.is_over(rule.clear) or rule.is_wrong(rule.clear):
        better = "at or below" if rule.is_ == "above" else "at or above"
        faults.append(("clear", f"must be {better} the threshold {rule.threshold:g}"))
    if rule.fold and not (rule.group_zh and rule.group_en):
        faults.append(("fold", "needs group_zh and group_en"))
    if rule.processes and rule.looks_at == "site":
        faults.append(("processes", "a site has no process"))
    for field in ("group_zh", "group_en"):
        try:
            getattr(rule, field).format(count=1, prefix="")
        except (KeyError, IndexError, ValueError, AttributeError):
            faults.append((field, "only {count} and {prefix} can be filled in"))
    return faults


def _invalid(text: str, name: str, number: int, field: str, problem: str) -> RulesInvalid:
    """Where the n-th rule, and in it the field, stands in the text."""
    lines = text.splitlines()
    heads = [index for index, line in enumerate(lines) if re.match(r"\s*\[\[\s*rules\s*\]\]", line)]
    if number >= len(heads):
        return RulesInvalid(name, f"rule {number + 1}, {field}: {problem}", "correct it")
    end = heads[number + 1] if number + 1 < len(heads) else len(lines)
    at = heads[number]
    rule = f"rule {number + 1}"
    for index in range(heads[number], end):
        if field and re.match(rf"\s*{field}\s*=", lines[index]):
            at = index
        if found := re.match(r'\s*name\s*=\s*"(.*)"', lines[index]):
            rule = f"rule {found[1]}"
    where = f"{rule}, {field}" if field else rule
    return RulesInvalid(f"{name}, line {at + 1}", f"{where}: {problem}", "correct it")


def to_vmalert(rules: list[Rule]) -> str:
    """Rules of vmalert (YAML, in JSON's notation for strings) for those that are plain thresholds of a series.

    Those that need silence or opening hours stay with the watch, which alone can tell. Folding is Alertmanager's there:
    `group_by: [alertname]`.
    """
    lines = [
        "# Made from gateway/fleet/rules.toml by `xinyi fleet rules --vmalert`; do not edit.",
        "# Alertmanager folds many sites into one message with  group_by: [alertname]",
        "groups:",
        "  - name: xinyi-fleet",
        "    interval: 1m",
        "    rules:",
    ]
    for rule in rules:
        series = METRICS[rule.looks_at][rule.metric].series
        if not series or rule.when != "always":
            continue
        chosen = f'{{process=~"{"|".join(rule.processes)}"}}' if rule.processes and rule.looks_at == "process" else ""
        sign = ">" if rule.is_ == "above" else "<"
        lines += [
            f"      - alert: {rule.name}",
            f"        expr: {_text(f'{series}{chosen} {sign} {rule.threshold:g}')}",
            f"        for: {rule.for_s:g}s",
            "        labels:",
            f"          severity: {rule.severity}",
            "        annotations:",
        ]
        texts: dict[str, Any] = {
            "summary": rule.zh,
            "summary_en": rule.en,
            "advice": rule.advice_zh,
            "advice_en": rule.advice_en,
        }
        lines += [f"          {key}: {_text(text)}" for key, text in texts.items()]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
