"""The hand-off is data: who is called when, what a pager may say, and mistakes that are named."""

from importlib.resources import files
from uuid import UUID

import pytest

from care import handoff
from care.alerts import AlertStep, alert_state
from care.handoff import HandoffError

S = 1_000_000_000
AT = 1_790_000_000 * S
ALERT = UUID(int=7)
SHIPPED = files("care").joinpath("handoff.toml").read_text("utf-8")


def raised(tier="red", cause="risk_item", level="room"):
    rules = handoff.load()
    return handoff.raised(rules, alert=ALERT, tier=tier, cause=cause, seat="A 座", level=level, at_utc_ns=AT)


def test_red_answer_calls_room_then_town_then_district_by_absolute_deadlines():
    event = raised()
    assert event.step is AlertStep.RAISED
    assert [(each.level, (each.until_utc_ns - AT) // S) for each in event.deadlines] == [
        ("room", 180),
        ("town", 600),
        ("district", 1800),
    ]
    assert alert_state([event]).next_deadline == event.deadlines[0]
    assert event.detail == f"handoff {handoff.load().version}"


def test_ladder_begins_at_the_level_of_the_site():
    assert [each.level for each in raised(level="town").deadlines] == ["town", "district"]


def test_orange_pages_nobody_and_is_followed_up_within_seven_days():
    rules = handoff.load()
    assert rules.pages("red", "help_button")
    assert not rules.pages("orange", "score")
    assert raised("orange", "score").deadlines[-1].until_utc_ns - AT <= 7 * 86400 * S


@pytest.mark.parametrize("tier", ["green", "yellow"])
def test_a_tier_without_a_rule_makes_no_alert(tier):
    assert handoff.load().rule_for(tier, "score") is None
    with pytest.raises(ValueError, match="makes no alert"):
        raised(tier)


def test_a_tier_that_these_rules_do_not_know_pages():
    assert handoff.load().pages("violet", "new_cause")


def test_a_rule_for_a_cause_goes_before_the_one_for_its_tier():
    own = SHIPPED + '[[rule]]\ntier = "red"\ncauses = ["help_button"]\npage = true\nchoices = ["staff"]\n'
    own += 'choices_alone = ["phone"]\nladder = [{ level = "room", seconds = 60 }]\n'
    rules = handoff.parse(own, "own.toml")
    assert rules.rule_for("red", "help_button").ladder[0].seconds == 60
    assert rules.rule_for("red", "risk_item").ladder[0].seconds == 180


def test_pager_says_seat_and_site_only():
    assert handoff.load().pager_text("A 座", "新华路心驿") == "请到 A 座（新华路心驿）"
    assert handoff.load().pager_text("seat A", "Xinhua", "en") == "Please come to seat A (Xinhua)"


def test_number_comes_first_when_nobody_can_come():
    for rule in handoff.load().rule:
        assert rule.choices_alone[0] == "phone"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seconds = 600", "seconds = 100"), "rule 1 (red): ladder: seconds count from the answer"),
        (("seconds = 180", "seconds = 0"), "seconds"),
        (('level = "town"', 'level = "room"'), "rule 1 (red): ladder: a level stands twice"),
        (("{seat}（{site}）", "{seat} {tier}"), "pager_zh: a pager names seat and site only, not tier"),
        (("请到 {seat}（{site}）", "请到 {}"), "pager_zh: a pager names seat and site only"),
        (("Please come to {seat}", "Please come to {seat"), "pager_en"),
        (("请到 {seat}（{site}）", "请来"), "pager_zh: a pager names the seat"),
        (('tier = "orange"', 'tier = "red"'), "rule 2 (red): a second rule for every other cause"),
        (('"family", "look"]', '"family", "family"]'), "rule 1 (red): choices: one stands twice"),
        (('"phone", "family"', '"robot", "family"'), "robot"),
        (("page = true", "pages = true"), "pages"),
        (("version = 1", "version = 0"), "version"),
        (("[[rule]]", "[[rule"), "own.toml"),
    ],
)
def test_mistake_is_named_with_file_and_rule(change, message):
    assert change[0] in SHIPPED
    with pytest.raises(HandoffError, match=r"^own\.toml: ") as caught:
        handoff.parse(SHIPPED.replace(*change, 1), "own.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_site_may_name_its_own_file(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.replace("version = 1", "version = 12"), "utf-8")
    assert handoff.load(own).version == 12
    with pytest.raises(HandoffError, match=r"gone\.toml: cannot be read"):
        handoff.load(tmp_path / "gone.toml")


def test_ladder_must_know_the_level():
    with pytest.raises(ValueError, match="no level 'province'; it has: room, town, district"):
        raised(level="province")


@pytest.mark.parametrize(
    ("change", "level", "says"),
    [
        (("", ""), "room", ""),
        (("", ""), "district", ""),
        (("", ""), "station", "rule 1 (red): the ladder has no level 'station', which is the level of this site"),
        (
            ("seconds = 432000", 'seconds = 432000 },\n    { level = "county", seconds = 432001'),
            "county",
            "rule 1 (red)",
        ),
        (('tier = "red"', 'tier = "red"\ncauses = ["risk_item"]'), "room", "no rule for red (help_button)"),
        (('tier = "red"', 'tier = "crimson"'), "room", "no rule for red (risk_item)"),
    ],
)
def test_rules_by_which_nobody_would_be_called_are_named(change, level, says):
    found = handoff.problem(handoff.parse(SHIPPED.replace(*change, 1), "own.toml"), level)
    assert found.startswith(says) if says.startswith("rule") else says in found
    assert bool(found) == bool(says)
    assert "\n" not in found
