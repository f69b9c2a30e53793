"""The table of rules in docs/fleet.md is that of rules.toml. Run as a program it writes it."""

import re
from pathlib import Path

from gateway.fleet.metrics import METRICS
from gateway.fleet.rules import load

PAGE = Path(__file__).parents[3] / "docs" / "fleet.md"
_PLACE = re.compile(r"(<!-- rules: .*? -->).*?(<!-- end -->)", re.DOTALL)


def with_table(page):
    lines = ["| rule | wrong | for | severity | says |", "| --- | --- | --- | --- | --- |"]
    for rule in load():
        unit = METRICS[rule.looks_at][rule.metric].unit
        wrong = f"{rule.looks_at} `{rule.metric}` {rule.is_} {rule.threshold:g} {unit}".strip()
        also = [f"only {', '.join(rule.processes)}"] if rule.processes else []
        also += ["in opening hours"] if rule.when == "open" else []
        also += ["folds"] if rule.fold else []
        wrong += f" ({', '.join(also)})" if also else ""
        lines.append(f"| `{rule.name}` | {wrong} | {rule.for_s:g} s | {rule.severity} | {rule.zh} |")
    table = "\n".join(lines)
    return _PLACE.sub(lambda match: f"{match[1]}\n{table}\n{match[2]}", page)


def test_the_table_of_rules_is_current():
    page = PAGE.read_text("utf-8")
    assert page == with_table(page), "run: python tests/gateway/fleet/test_docs.py"


def test_every_metric_is_on_the_page():
    page = PAGE.read_text("utf-8")
    for metrics in METRICS.values():
        assert all(f"`{name}`" in page for name in metrics)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
