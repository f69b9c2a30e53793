"""The texts: the same keys in both languages, every key used and every use there, every character in the typeface."""

import re
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from fontTools.ttLib import TTFont

import kiosk
from care.codes import ALPHABET
from care.instruments.loading import shipped
from care.words import say
from kiosk.fonts import faces, gb2312
from kiosk.texts import TextsError, compare, load, parse
from tests.kiosk.made_house import made_house

ROOT = Path(kiosk.__file__).parent
SOURCES = "\n".join(path.read_text("utf-8") for path in ROOT.rglob("*.py"))


def test_both_languages_load():
    assert load("zh").sentences.keys() == load("en").sentences.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[home]\ntitle = 3\n", "x.toml: home.title: needs words"),
        ('[home]\ntitle = " "\n', "x.toml: home.title: needs words"),
        ('[home]\ntitle = "好！"\n', "x.toml: home.title: no exclamation marks"),
        ('title = "好"\n', "x.toml: title: stands outside a section"),
    ],
)
def test_an_error_names_the_file_and_the_key(text, said):
    with pytest.raises(TextsError, match=re.escape(said)):
        parse(text, "x.toml")


def test_broken_toml_names_the_file_and_the_line():
    with pytest.raises(TextsError, match=r"x\.toml: .*line 2"):
        parse("[home]\ntitle = \n", "x.toml")


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        ({}, "x.toml: a.b: is missing"),
        ({"a.b": "{n}", "a.c": "x"}, "x.toml: a.c: is not in zh.toml"),
        ({"a.b": "{m}"}, "x.toml: a.b: other placeholders than zh.toml"),
    ],
)
def test_another_language_must_have_the_same_keys_and_placeholders(sentences, said):
    with pytest.raises(TextsError, match=re.escape(said)):
        compare(sentences, "x.toml", {"a.b": "{n}"})


def test_every_key_that_the_code_asks_for_is_there_and_every_key_is_asked_for():
    keys = load("zh").sentences.keys()
    asked = set(re.findall(r'(?:self\.t|texts|_texts)\(\s*"([a-z_]+\.[a-z_]+)"', SOURCES))
    patterns = [re.sub(r"\{[^}]*\}", r"[a-z_]+", one) for one in re.findall(r'f"([a-z]+\.[^"]*\{[^"]*)"', SOURCES)]
    literal = set(re.findall(r'"([a-z]+\.[a-z_]+)"', SOURCES)) & keys
    assert asked <= keys, asked - keys
    unused = {key for key in keys - literal if not any(re.fullmatch(pattern, key) for pattern in patterns)}
    assert not unused


def test_every_character_of_every_text_is_in_both_cuts(cuts):
    everything = "".join(load("zh").sentences.values()) + "".join(load("en").sentences.values())
    fixed = "".join(literal for literal, *_ in Formatter().parse(everything) if literal)
    needed = {ord(character) for character in fixed + "0123456789/%·" if character != "\n"}
    for path in (cuts.regular, cuts.bold):
        missing = needed - TTFont(path).getBestCmap().keys()
        assert not missing, "".join(map(chr, missing))


def test_every_character_of_the_words_for_codes_is_in_the_typeface(cuts):
    import tomllib

    import care.words

    codes = tomllib.loads((Path(care.words.__file__).parent / "codes.toml").read_text("utf-8"))
    codes |= dict.fromkeys(["weak", "no_contact", "saturated", "noise", "too_short", "no_peak", "implausible"])
    needed = {ord(character) for code in codes for character in say(code) + say(code, "en")}
    assert needed <= TTFont(cuts.regular).getBestCmap().keys()


def strings(value):
    """Every text in a structure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)


def shown_of(instrument):
    """What the kiosk shows of a questionnaire; the rest is for reviewers."""
    licence = instrument.licence
    parts = (instrument.items, instrument.words, licence.holder, licence.holder_zh, licence.copyright)
    heads = (instrument.title_zh, instrument.title_en, instrument.stem_zh, instrument.stem_en)
    return [*strings(msgspec.to_builtins(parts)), *heads]


def test_every_character_that_a_resident_may_meet_is_in_both_cuts(cuts):
    import tomllib

    import care.words

    house = made_house()
    needed = {
        "questionnaires": [text for each in shipped().values() for text in shown_of(each)],
        "pieces": list(strings(msgspec.to_builtins(house.pieces))),
        "exercises": list(strings(msgspec.to_builtins(list(house.exercises.values())))),
        "numbers": list(strings(msgspec.to_builtins(house.hotlines))),
        "words": list(
            strings(
                [
                    tomllib.loads(path.read_text("utf-8"))
                    for path in sorted(Path(care.words.__file__).parent.glob("*.toml"))
                ]
            )
        ),
        "codes": [ALPHABET, "•-"],
    }
    for path in (cuts.regular, cuts.bold):
        there = TTFont(path).getBestCmap().keys()
        for source, texts in needed.items():
            missing = {character for text in texts for character in text if ord(character) not in there} - {"\n"}
            assert not missing, (source, missing)


def test_the_default_cut_has_every_character_of_gb2312_that_the_face_has(cuts):
    assert len(gb2312() & TTFont(cuts.regular).getBestCmap().keys()) > 7000
    assert faces() == cuts


@pytest.mark.parametrize("language", ["zh", "en"])
def test_only_a_call_that_got_through_is_said_to_have_done_so(language):
    """`kiosk/flow/handoff.py` says which of these sentences is true when."""
    promises = {
        "zh": ("已经通知", "看到了", "正在过来", "接手"),
        "en": ("have been told", "has been told", "has seen", "coming", "taken it on"),
    }
    said = {key: text for key, text in load(language).sentences.items() if key.startswith("called.")}
    through = {"called.told", "called.above", "called.seen", "called.seen_name", "called.taken"}
    assert through < said.keys()
    for key, text in said.items():
        assert any(promise in text for promise in promises[language]) is (key in through), key
    first = {"zh": ("请先打电话", "叫一声"), "en": ("call first", "Call out")}
    for key in ("called.nobody", "called.unreached", "called.cut_off"):
        assert any(words in said[key] for words in first[language])
