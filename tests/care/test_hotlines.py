"""Numbers to call: shipped ones, a site's own, and those that nobody has looked after."""

from datetime import date, timedelta
from importlib.resources import files

import pytest

from care import hotlines
from care.hotlines import HotlineError

SHIPPED = files("care").joinpath("hotlines.toml").read_text("utf-8")
OWN = """
[[hotline]]
number = "{number}"
kind = "local"
name_zh = "新华街心理专席"
name_en = "Xinhua seat"
what_zh = "附近的人"
what_en = "People near you"
hours_zh = "8:00–22:00"
hours_en = "8:00–22:00"
verified = 2026-01-02
"""


def test_shipped_numbers_say_when_somebody_answers_and_when_that_was_verified():
    lines = hotlines.load()
    assert [line.number for line in lines] == ["12356", "12345", "120", "110"]
    assert all(line.hours_zh and line.hours_en and line.verified for line in lines)


def test_own_line_stands_first_and_a_number_that_is_there_is_replaced(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(OWN.format(number="020-8600 0000") + OWN.format(number="12345"), "utf-8")
    lines = hotlines.load(own)
    assert [line.number for line in lines] == ["020-8600 0000", "12356", "12345", "120", "110"]
    assert lines[2].name_zh == "新华街心理专席"


def test_number_is_out_of_date_after_so_many_days_and_not_before():
    (line,) = hotlines.parse(OWN.format(number="12345"), "own.toml")
    assert hotlines.stale([line], line.verified + timedelta(days=180)) == []
    assert hotlines.stale([line], line.verified + timedelta(days=181)) == [line]
    assert hotlines.stale([line], date(2026, 1, 10), days=7) == [line]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('number = "110"', 'number = "12356"'), "12356 stands twice"),
        (('number = "110"', 'number = "call us"'), "number"),
        (('kind = "police"', 'kind = "other"'), "kind"),
        (("verified = 2026-11-29", 'verified = "soon"'), "verified"),
        (('hours_zh = "24 小时"', 'hours_zh = ""'), "hours_zh"),
        (("[[hotline]]", "[[hotline"), "own.toml"),
    ],
)
def test_mistake_is_named_with_file(change, message):
    assert change[0] in SHIPPED
    with pytest.raises(HotlineError, match=r"^own\.toml: ") as caught:
        hotlines.parse(SHIPPED.replace(*change, 1), "own.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(HotlineError, match=r"gone\.toml: cannot be read"):
        hotlines.load(tmp_path / "gone.toml")
