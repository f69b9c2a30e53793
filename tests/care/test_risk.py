"""Tiers: one answer fires by itself; a finished form calls for its tier; a site's rules may replace ours."""

import pytest

from care import risk
from care.instruments.loading import main_bands, shipped
from care.instruments.scoring import score
from care.located import DataError

RULES = risk.load()
PHQ9 = shipped()["phq9"]


def answered(*values):
    return score(PHQ9, {f"phq9.{number}": value for number, value in enumerate(values, 1)})


@pytest.mark.parametrize("value", [1, 2, 3])
def test_item_nine_of_phq9_is_red_whatever_the_rest(value):
    assert risk.item_fires(RULES, "phq9", "phq9.9", value) == "red"


def test_no_thought_of_it_fires_nothing():
    assert risk.item_fires(RULES, "phq9", "phq9.9", 0) == ""
    assert risk.item_fires(RULES, "phq9", "phq9.8", 3) == ""
    assert risk.item_fires(RULES, "gad7", "phq9.9", 3) == ""


def test_whoever_walks_away_after_a_risk_answer_is_red_without_a_band():
    partial = score(PHQ9, {"phq9.9": 1})
    assert (partial.complete, partial.band) == (False, "")
    assert risk.tier_of(RULES, "phq9", partial, "red") == "red"


def test_half_a_form_without_risk_has_no_tier():
    assert risk.tier_of(RULES, "phq9", score(PHQ9, {"phq9.1": 3})) == ""


@pytest.mark.parametrize(
    ("values", "tier"),
    [
        ((0,) * 9, "green"),
        ((1, 1, 1, 1, 0, 0, 0, 0, 0), "green"),
        ((1, 1, 1, 1, 1, 0, 0, 0, 0), "yellow"),
        ((2, 2, 2, 2, 2, 2, 2, 0, 0), "yellow"),
        ((2, 2, 2, 2, 2, 2, 2, 1, 0), "orange"),
        ((3, 3, 3, 3, 3, 3, 3, 3, 0), "orange"),
    ],
)
def test_a_finished_form_calls_for_the_tier_of_its_band(values, tier):
    assert risk.tier_of(RULES, "phq9", answered(*values)) == tier


def test_the_gravest_wins():
    assert risk.tier_of(RULES, "phq9", answered(*[3] * 8, 1), "red") == "red"
    assert risk.tier_of(RULES, "phq9", answered(*[3] * 8, 0), "orange") == "orange"


FIRES = [
    ("phq9", 9, 1, "red"),
    ("epds", 10, 1, "red"),
    ("scl90", 15, 2, "red"),
    ("scl90", 59, 2, "red"),
    ("scl90", 63, 3, "orange"),
    ("gds15", 14, 1, "orange"),
    ("dass21", 21, 2, "orange"),
    ("sds", 19, 3, "orange"),
    ("sas", 4, 3, "orange"),
]


@pytest.mark.parametrize(("key", "number", "at_least", "tier"), FIRES)
def test_each_risk_item_fires_from_its_answer_on_and_not_below(key, number, at_least, tier):
    (item,) = [item for item in shipped()[key].items if item.id == f"{key}.{number}"]
    assert item.risk, "the screen must ask explicitly"
    for value in item.values:
        assert risk.item_fires(RULES, key, item.id, value) == (tier if value >= at_least else "")


def test_no_other_answer_fires():
    known = {(key, f"{key}.{number}") for key, number, _, _ in FIRES}
    for key, instrument in shipped().items():
        for item in instrument.items:
            if (key, item.id) not in known:
                assert not any(risk.item_fires(RULES, key, item.id, value) for value in item.values)


def test_every_band_that_is_worse_than_the_best_calls_for_something():
    for key, instrument in shipped().items():
        lists = [rule for rule in RULES.band if (rule.instrument, rule.scale) == (key, "total")]
        named = [band for rule in lists for tier in ("yellow", "orange", "red") for band in getattr(rule, tier)]
        calm = set(main_bands(instrument)) - set(named)
        assert calm <= {"minimal", "normal", "good", "low", "below", "none", ""}, key
        assert not ({"low", "good"} <= calm), key


def test_a_void_form_is_not_green():
    mht = shipped()["mht"]
    void = score(mht, {item.id: 1 for item in mht.items})
    assert risk.tier_of(RULES, "mht", void) == ""


SITE = """version = 1000
source = "our district, 2026"
band = []
[[item]]
instrument = "phq9"
item = "9"
at_least = 2
tier = "red"
source = "our psychiatrist"
checked = "general knowledge"
"""


def test_a_site_may_have_its_own_rules_with_a_version_of_its_own(tmp_path):
    file = tmp_path / "risk.toml"
    file.write_text(SITE)
    rules = risk.load(file)
    assert rules.version == 1000 != RULES.version
    assert risk.item_fires(rules, "phq9", "phq9.9", 1) == ""
    assert risk.item_fires(rules, "phq9", "phq9.9", 2) == "red"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1000", "version = 2", "line 1: version: a site's own rules have versions from 1000 on"),
        ('"phq9"', '"phq8"', "line 5: item[0].instrument: there is no 'phq8'"),
        ('item = "9"', 'item = "12"', "line 6: item[0].item: phq9 has no item '12'"),
        ("at_least = 2", "at_least = 4", "line 7: item[0].at_least: nobody can answer 4 there"),
        ('"red"', '"violet"', "line 8: item[0].tier: Invalid enum value 'violet'"),
        ('source = "our psy', 'sauce = "our psy', "line 9: item[0].sauce: there is no such field"),
    ],
)
def test_a_mistake_in_a_sites_rules_is_named_with_its_line(tmp_path, old, new, said):
    file = tmp_path / "risk.toml"
    file.write_text(SITE.replace(old, new))
    with pytest.raises(DataError) as caught:
        risk.load(file)
    assert str(caught.value) == f"{file}, {said}"


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"risk\.toml: cannot be read \(No such file or directory\); name the right"):
        risk.load(tmp_path / "risk.toml")
