"""A data file says what it means, or is refused with its file and line."""

from importlib.resources import files

import pytest

from care.instruments.facts import unverified
from care.instruments.loading import parse, shipped
from care.located import DataError

PHQ4 = files("care.instruments").joinpath("data", "phq4.toml").read_text("utf-8")
WITH_TEXTS = {"phq9", "gad7", "phq4", "who5", "k10", "k6", "gds15", "auditc", "pcptsd5", "dass21"}


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


def test_ten_ship_with_texts_and_nine_are_keys_that_wait_for_a_pack():
    found = shipped()
    assert {key for key, instrument in found.items() if instrument.has_texts} == WITH_TEXTS
    assert set(found) - WITH_TEXTS == {"isi", "epds", "sds", "sas", "scl90", "sdq", "mht", "pss10", "ucla3"}
    for instrument in found.values():
        assert instrument.has_texts or instrument.licence.needs_record
        assert instrument.has_texts == all(item.zh and item.en for item in instrument.items)


def test_file_and_key_have_one_name():
    for key in shipped():
        assert files("care.instruments").joinpath("data", f"{key}.toml").is_file()


def test_titles_at_the_kiosk_are_neutral():
    for instrument in shipped().values():
        assert not any(word in instrument.title_zh for word in ("抑郁", "焦虑", "障碍", "症", "筛查", "诊断", "量表"))
        assert "depress" not in (instrument.title_en + instrument.stem_en).lower()


def test_whose_it_is_is_said_in_both_languages_with_the_copyright_line_that_kessler_asks_for():
    for instrument in shipped().values():
        licence = instrument.licence
        assert bool(licence.holder_zh) is not licence.holder.startswith("None")
        assert bool(licence.copyright) is ("copyright line" in licence.terms)
        assert not licence.copyright or licence.copyright.startswith("© ")


def test_nobody_under_14_is_asked_unattended():
    assert all(each.age_from >= 14 for each in shipped().values() if each.unattended)
    assert not shipped()["mht"].unattended
    assert not shipped()["sdq"].unattended


def test_every_band_says_where_it_is_from_and_about_whom():
    for instrument in shipped().values():
        for scale in instrument.scales:
            for band in scale.bands:
                assert band.source
                assert band.population


@pytest.mark.parametrize(
    ("key", "about"),
    [("phq4", "Total: mild up to 5"), ("who5", "low up to 28"), ("auditc", "Total: below the cut-off up to 3 (male)"),
     ("k6", "cut-off reached up to 24"), ("mht", "Total: high up to 90"), ("pcptsd5", "efficient cut-off"),
     ("dass21", "Which items are D"), ("scl90", "Which item belongs"), ("sds", "licence: Status unclear")],
)  # fmt: skip
def test_what_is_only_general_knowledge_is_said(key, about):
    assert any(about in line for line in unverified(shipped()[key]))


@pytest.mark.parametrize("key", ["phq9", "gad7", "isi"])
def test_cut_offs_that_were_found_are_not_called_unverified(key):
    assert not any("up to" in line for line in unverified(shipped()[key]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes = 1", 'minutes = "one"', "minutes: Expected `int`, got `str`"),
        ("minutes = 1", "minuets = 1", "minuets: there is no such field"),
        ("minutes = 1\n", "", "minutes: missing"),
        ("  { value = 2, zh", "  { value = 1, zh", "answers[0]: two options have the same value"),
        ('  { value = 2, zh = "一半以上的天数"', '  { value = 2, zh = ""', "answers[0].choices[2].zh: has no text"),
        ('id = "3"', 'id = "2"', "item: two items have the same id"),
        ('zh = "感到心情低落、沮丧或绝望"\n', "", "item[3].zh: has no text"),
        (
            'id = "4"\n',
            'id = "4"\nanswers = "often"\n',
            "item[3].answers: there is no answer list 'often'; there are: ",
        ),
        ('id = "4"\n', 'id = "4"\nloinc = "a guess"\n', "item[3].loinc: Expected `str` matching regex"),
        ("items = [3, 4]", "items = [3, 5]", "scale[2].items: 5 is not a scored item of this scale"),
        ("items = [3, 4]", "items = [3, 3]", "scale[2].items: an item is there twice"),
        ("items = [3, 4]", "items = [3, 4]\nreverse = [1]", "scale[2].reverse: 1 is not a scored item of this scale"),
        ("items = [3, 4]", 'items = [3, 4]\nrule = "magic"', "scale[2].rule: there is no rule 'magic'"),
        ('key = "moderate", to = 8', 'key = "moderate", to = 5', "scale[0].band[2].to: must be above 5"),
        ('key = "severe", to = 12', 'key = "severe", to = 13', "scale[0].band[3].to: the last band must end at 12"),
        ('key = "depression"\n', 'key = "anxiety"\n', 'scale: the main scale is called "total"'),
        ('band = "moderate"\n', 'band = "middling"\n', "words[2].band: the main scale has no band 'middling'"),
        ("age_from = 14", "age_from = 12", "unattended: nobody under 14 does a self-test unattended"),
        ("age_from = 14", "age_from = 14\nage_to = 13", "age_to: is below age_from"),
        ("age_from = 14", 'age_from = 14\nrules = ["astrology"]', "rules: there is no rule 'astrology'"),
        ('checked = "published"', 'checked = "surely"', "licence.checked: Invalid enum value 'surely'"),
        ("[licence]", "[licence", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(old, new, said):
    assert old in PHQ4
    text = PHQ4.replace(old, new, 1)
    with pytest.raises(DataError, match=r"^mine\.toml, line \d+: ") as caught:
        parse(text, "mine.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("minutes = 1", 'minutes = "one"', 'minutes = "one"'),
        ('  { value = 2, zh = "一半以上的天数"', '  { value = 2, zh = ""', '  { value = 2, zh = ""'),
        ("items = [3, 4]", "items = [3, 5]", "items = [3, 5]"),
        ('key = "severe", to = 12', 'key = "severe", to = 13', '  { key = "severe", to = 13'),
        ('band = "moderate"\n', 'band = "middling"\n', 'band = "middling"'),
        ('id = "4"\n', 'id = "4"\nanswers = "often"\n', 'answers = "often"'),
        ("[licence]", "[licence", "[licence\n"),
    ],
)
def test_the_line_is_the_right_one(old, new, at):
    text = PHQ4.replace(old, new, 1)
    with pytest.raises(DataError, match=rf"^mine\.toml, line {line_of(text, at)}: "):
        parse(text, "mine.toml")
