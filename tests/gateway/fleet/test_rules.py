"""The alert rules: those that are shipped, and what is said about wrong ones."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.fleet.errors import RulesInvalid
from gateway.fleet.metrics import METRICS
from gateway.fleet.rules import SHIPPED, load, parse, to_vmalert

ROOT = Path(__file__).parents[3]
VMALERT = ROOT / "deploy" / "victoria-metrics" / "alerts.yml"
TEXT = (ROOT / SHIPPED).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "metric", "is_", "threshold", "for_s"),
    [
        ("site_silent", "silent", "above", 0, 60),
        ("room_silent", "silent", "above", 0, 60),
        ("outbox_old", "outbox_oldest_s", "above", 1800, 60),
        ("outbox_full", "outbox_full_percent", "above", 80, 60),
        ("sequence_gap", "sequence_gaps", "above", 0, 600),
        ("dead_letters", "dead_letters_1h", "above", 0, 0),
        ("incidents", "incidents_1h", "above", 0, 0),
        ("device_disconnected", "disconnected", "above", 0, 600),
        ("device_link_bad", "link_bad_percent", "above", 2, 300),
        ("battery_low", "battery_percent", "below", 15, 120),
        ("disk_low", "disk_free_percent", "below", 10, 300),
        ("disk_nearly_full", "disk_free_mb", "below", 1024, 60),
        ("too_hot", "cpu_temperature_c", "above", 85, 300),
        ("clock_off", "clock_off_s", "above", 2, 300),
        ("restarts", "restarts_1h", "above", 3, 0),
        ("version_behind", "version_behind", "above", 0, 604800),
        ("hotlines_stale", "hotlines_stale", "above", 0, 0),
    ],
)
def test_what_the_issue_names_is_shipped(name, metric, is_, threshold, for_s):
    rule = {rule.name: rule for rule in load()}[name]
    assert (rule.metric, rule.is_, rule.threshold, rule.for_s) == (metric, is_, threshold, for_s)


def test_every_rule_speaks_both_languages_calmly():
    for rule in load():
        for text in (rule.zh, rule.en, rule.advice_zh, rule.advice_en, rule.group_zh, rule.group_en):
            assert "!" not in text
            assert "！" not in text
            assert not text.endswith((".", "。"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("threshold = 85", 'threshold = "hot"', "rule too_hot, threshold: Expected `float`, got `str`"),
        ("clear = 75", "clear = 90", "rule too_hot, clear: must be at or below the threshold 85"),
        (
            'metric = "cpu_temperature_c"',
            'metric = "cpu"',
            "rule too_hot, metric: process has no 'cpu', but clock_off_s",
        ),
        ('name = "too_hot"', 'name = "restarts"', "rule restarts, name: 'restarts' is there twice"),
        (
            'group_zh = "{prefix} 有 {count} 个服务站没有声音',
            'group_zh = "{who} 有 {count} 个服务站没有声音',
            "only {count}",
        ),
        ("for_s = 604800", "for_s = -1", "rule version_behind, for_s"),
    ],
)
def test_a_wrong_rule_is_named_by_file_line_and_field(old, new, says):
    text = TEXT.replace(old, new)
    with pytest.raises(RulesInvalid) as caught:
        parse(text, "my.toml")
    said = str(caught.value)
    assert says in said
    assert "\n" not in said
    line = int(re.search(r"line (\d+):", said)[1])
    assert text.splitlines()[line - 1].startswith((new[:8], 'name = "restarts"'))


def test_a_field_that_is_missing_or_unknown_is_named_with_its_rule():
    with pytest.raises(RulesInvalid, match="line 3: rule a: Object missing required field `looks_at`"):
        parse('\n\n[[rules]]\nname = "a"\n', "my.toml")
    with pytest.raises(RulesInvalid, match="rule hotlines_stale: Object contains unknown field `colour`"):
        parse(TEXT + 'colour = "red"\n', "my.toml")


@pytest.mark.parametrize("text", ["rules = 3", "[[rule]]", "rules = []", "x"])
def test_a_file_that_is_none_is_said(text):
    with pytest.raises(RulesInvalid, match=r"my\.toml"):
        parse(text, "my.toml")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RulesInvalid, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_the_shipped_rules_of_vmalert_are_current():
    assert VMALERT.read_text("utf-8") == to_vmalert(load()), "run: xinyi fleet rules --vmalert > " + str(VMALERT)


def test_vmalert_has_only_rules_that_a_store_can_judge():
    text = to_vmalert(load())
    for rule in load():
        plain = METRICS[rule.looks_at][rule.metric].series and rule.when == "always"
        assert (f"alert: {rule.name}\n" in text) == bool(plain)


def test_vmalert_of_debian_accepts_them():
    program = shutil.which("vmalert", path="/usr/bin:/usr/local/bin")
    assert program, "vmalert is not here; install it: sudo apt-get install victoria-metrics (deploy/setup test does)"
    done = subprocess.run([program, f"-rule={VMALERT}", "-dryRun"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
