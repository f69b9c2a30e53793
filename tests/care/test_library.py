"""What residents can read and hear: the shipped pieces keep the house's rules, and a site's own take their place."""

import re
from importlib.resources import files

import pytest

from care.library import TOPIC_NAMES, LibraryError, Topic, parse, pieces, refused

SHIPPED = pieces()
PIECE = """
key = "tea"
version = {version}
kind = "article"
topic = "habits"
title_zh = "喝茶"
title_en = "Tea"
minutes = 1
paragraphs_zh = ["喝一杯淡茶。", "{last}"]
paragraphs_en = ["Have some weak tea.", "One small thing: put the kettle on."]
source_zh = "站里编写"
source_en = "Written here"
"""
LAST = "一件小事：烧一壶水。"


def told(version=1, last=LAST):
    return PIECE.format(version=version, last=last)


def ids(piece):
    return piece.key


def test_keys_are_unique_and_name_their_files():
    names = sorted(file.name.removesuffix(".toml") for file in files("care").joinpath("library", "pieces").iterdir())
    assert sorted(piece.key for piece in SHIPPED) == names


@pytest.mark.parametrize("piece", SHIPPED, ids=ids)
def test_a_piece_is_as_long_as_its_minutes_say(piece):
    characters = len(re.findall(r"[\u4e00-\u9fff]", "".join(piece.paragraphs_zh)))
    assert 300 <= characters <= 700
    per_minute = 135 if piece.kind == "audio" else 160  # the voice with its pauses; old eyes read slowly
    assert abs(characters / per_minute - piece.minutes) <= 1


@pytest.mark.parametrize("piece", SHIPPED, ids=ids)
def test_a_piece_ends_with_one_small_thing_to_do(piece):
    assert piece.paragraphs_zh[-1].startswith("一件小事：")
    assert piece.paragraphs_en[-1].startswith("One small thing: ")


@pytest.mark.parametrize("piece", SHIPPED, ids=ids)
def test_a_piece_speaks_to_residents_as_the_house_does(piece):
    chinese = "".join((piece.title_zh, *piece.paragraphs_zh))
    english = " ".join((piece.title_en, *piece.paragraphs_en))
    assert "你" not in re.sub("“[^”]*”", "", chinese)  # what people say to each other stands in quotation marks
    assert not re.search("抑郁症|焦虑症|患者|障碍|自杀|自残|诊断为|必须|千万", chinese)
    assert not re.search(r"(?i)suicid|disorder|patient|diagnos|self-harm", english)
    assert not re.search(r"[\u4e00-\u9fff]", english)
    assert not re.search(r"[,;:?()]", chinese), "Chinese text has Chinese punctuation"
    assert piece.source_zh.startswith("心驿编写")


def test_every_shelf_has_a_name_and_something_on_it():
    assert set(TOPIC_NAMES) == set(Topic) == {piece.topic for piece in SHIPPED}


def test_a_site_adds_pieces_and_its_newer_version_replaces_ours(tmp_path):
    (tmp_path / "tea.toml").write_text(told(), "utf-8")
    ours = SHIPPED[0]
    newer = told(ours.version + 1).replace('key = "tea"', f'key = "{ours.key}"')
    (tmp_path / "other.toml").write_text(newer, "utf-8")
    shown = {piece.key: piece for piece in pieces(tmp_path)}
    assert shown["tea"].source_zh == "站里编写"
    assert shown[ours.key].title_zh == "喝茶"
    assert len(shown) == len(SHIPPED) + 1


def test_an_older_version_does_not_replace_a_newer_one(tmp_path):
    (tmp_path / "a.toml").write_text(told(3), "utf-8")
    (tmp_path / "b.toml").write_text(told(2, "一件小事：歇一歇。"), "utf-8")
    (piece,) = [piece for piece in pieces(tmp_path) if piece.key == "tea"]
    assert (piece.version, piece.paragraphs_zh[-1]) == (3, LAST)


def test_a_piece_that_is_not_as_it_must_be_is_left_out_and_named(tmp_path):
    (tmp_path / "tea.toml").write_text(told(last="快喝茶！"), "utf-8")
    (tmp_path / "gbk.toml").write_bytes(told().encode("gb18030"))
    assert pieces(tmp_path) == SHIPPED
    assert refused(tmp_path) == {
        "gbk.toml": f"{tmp_path}/gbk.toml: cannot be read (not UTF-8)",
        "tea.toml": f"{tmp_path}/tea.toml: paragraphs_zh: paragraph 2: no exclamation marks",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (told("0"), "tea.toml: Expected `int` >= 1 - at `$.version`"),
        (told().replace("habits", "cooking"), "tea.toml: Invalid enum value 'cooking' - at `$.topic`"),
        (told(last="长" * 221), "tea.toml: paragraphs_zh: paragraph 2: 221 characters; at most 220"),
        (told(last=""), "tea.toml: Expected `str` of length >= 1 - at `$.paragraphs_zh[1]`"),
        (told(last="一\\n二"), "tea.toml: paragraphs_zh: paragraph 2: one line without spaces around it"),
        (
            told().replace('["Have some weak tea.", ', '["Have some.", "Weak.", '),
            "tea.toml: paragraphs: 2 in Chinese, 3 in English; each paragraph stands in both languages",
        ),
        (told() + "price = 3", "tea.toml: Object contains unknown field `price`"),
        ("key = ", "tea.toml: Invalid value (at end of document)"),
    ],
)
def test_an_error_names_the_file_and_the_field(text, problem):
    with pytest.raises(LibraryError) as caught:
        parse(text, "tea.toml")
    assert str(caught.value) == problem
