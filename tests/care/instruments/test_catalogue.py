"""What is offered: a valid permission, texts, and a signature under wording that is ours."""

from datetime import date

import pytest

from care.instruments import packs, reviews
from care.instruments.catalogue import catalogue
from care.instruments.loading import shipped
from care.instruments.scoring import feedback, score
from care.located import DataError

TODAY = date(2026, 12, 1)
PUBLISHED = {"phq9", "gad7", "phq4", "who5", "dass21"}
OURS = {"k10", "k6", "gds15", "auditc", "pcptsd5"}
SKELETONS = {"isi", "epds", "sds", "sas", "scl90", "sdq", "mht", "pss10", "ucla3"}


def pack_of(key, **changes):
    """The text of a content pack with words of our own in place of the instrument's."""
    instrument = shipped()[key]
    record = {"date": "2026-01-01", "expiry": "2027-12-31", "scope": "screening at kiosks of Xinhua"} | changes
    lines = [
        f'instrument = "{key}"',
        f"version = {instrument.version}",
        'stem_zh = "最近一周里："',
        "[licence]",
        'holder = "新华社区"',
        'granted_by = "the owner"',
        f"date = {record['date']}",
        f'scope = "{record["scope"]}"',
        f"expiry = {record['expiry']}",
        '[wording.zh]\norigin = "published"\nsource = "the owner\'s form"',
    ]
    lengths = {len(item.options) for item in instrument.items}
    for length in lengths:
        items = [item.id.partition(".")[2] for item in instrument.items if len(item.options) == length]
        labels = [f"第{number}档" for number in range(length)]
        lines.append(f"[[labels]]\nzh = {labels}".replace("'", '"') + f"\nitems = {items}".replace("'", '"'))
    for item in instrument.items:
        name = item.id.partition(".")[2]
        lines.append(f'[[item]]\nid = "{name}"\nzh = "题目{name}"')
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "packs").mkdir()
    (tmp_path / "reviews").mkdir()
    return tmp_path


def offered(folder, today=TODAY, **more):
    return catalogue(folder / "packs", folder / "reviews", today, **more)


def test_published_wording_that_is_free_is_offered_and_the_rest_says_why_not(folder):
    found = offered(folder)
    assert set(found.offered) == PUBLISHED
    assert set(found.refused) == OURS | SKELETONS
    assert found.refused["k10"].endswith("xinyi care sign k10 --reviewer NAME")
    assert found.refused["isi"].startswith("needs a content pack with the permission of Charles M. Morin")
    assert not any("\n" in reason for reason in found.refused.values())


def test_a_demonstration_shows_our_wording_under_a_watermark_but_needs_permissions_all_the_same(folder):
    found = offered(folder, demonstration=True)
    assert set(found.offered) == PUBLISHED | OURS
    assert found.watermark == OURS
    assert set(found.refused) == SKELETONS


def test_without_folders_there_is_what_ships():
    assert set(catalogue(None, None, TODAY).offered) == PUBLISHED


def test_a_signature_offers_exactly_what_was_signed(folder):
    k10 = shipped()["k10"]
    (folder / "reviews" / "k10.toml").write_text(reviews.sign(k10, '李 "老师"', TODAY))
    found = offered(folder, demonstration=True)
    assert "k10" in found.offered
    assert "k10" not in found.watermark
    assert "k10" in offered(folder).offered


def test_the_one_item_of_phq9_that_is_in_our_words_waits_for_a_signature(folder):
    assert "phq9.function" not in [item.id for item in offered(folder).offered["phq9"].items]
    (folder / "reviews" / "phq9.toml").write_text(reviews.sign(shipped()["phq9"], "李老师", TODAY))
    assert "phq9.function" in [item.id for item in offered(folder).offered["phq9"].items]


def changed(instrument):
    from msgspec.structs import replace

    first = instrument.items[0]
    words = instrument.words[0]
    yield replace(instrument, title_zh="别的")
    yield replace(instrument, stem_en="Otherwise")
    yield replace(instrument, items=[replace(first, zh=first.zh + "。"), *instrument.items[1:]])
    yield replace(instrument, items=instrument.items[::-1])
    option = replace(first.options[0], zh="从不")
    yield replace(instrument, items=[replace(first, options=[option, *first.options[1:]]), *instrument.items[1:]])
    yield replace(instrument, words=[replace(words, meaning_zh="好"), *instrument.words[1:]])
    yield replace(instrument, words=[replace(words, step="doctor"), *instrument.words[1:]])


def test_texts_that_changed_after_the_signature_are_not_offered(folder):
    k10 = shipped()["k10"]
    (folder / "reviews" / "k10.toml").write_text(reviews.sign(k10, "李老师", TODAY))
    assert reviews.problem(k10, folder / "reviews") == ""
    for other in changed(k10):
        why = reviews.problem(other, folder / "reviews")
        assert why == "its texts are not those that 李老师 signed on 2026-12-01; read and sign them again"


@pytest.mark.parametrize("text", ["", "reviewer = 3", 'instrument = "k10"\nversion = 1\nreviewer = "x', "\udcff"])
def test_a_broken_signature_offers_nothing(folder, text):
    (folder / "reviews" / "k10.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert offered(folder).refused["k10"].endswith("sign it again")


def test_the_signature_of_another_instrument_is_none(folder):
    (folder / "reviews" / "k10.toml").write_text(reviews.sign(shipped()["k6"], "李老师", TODAY))
    assert "not those that 李老师 signed" in offered(folder).refused["k10"]


@pytest.mark.parametrize("key", sorted(SKELETONS))
def test_a_pack_with_a_valid_record_offers_its_instrument(folder, key):
    (folder / "packs" / f"{key}.toml").write_text(pack_of(key))
    instrument = offered(folder).offered[key]
    assert instrument.stem_zh == instrument.stem_en == "最近一周里："
    assert instrument.items[0].zh == "题目1"
    assert instrument.record.holder == "新华社区"
    answers = {item.id: item.values[0] for item in instrument.items}
    assert score(instrument, answers) == score(shipped()[key], answers)
    assert feedback(instrument, score(instrument, answers), "zh").normal


def test_labels_of_a_pack_go_from_the_lowest_value_up_however_the_form_is_printed(folder):
    (folder / "packs" / "epds.toml").write_text(pack_of("epds"))
    epds = offered(folder).offered["epds"]
    assert [(option.value, option.zh) for option in epds.items[0].options] == [
        (0, "第0档"), (1, "第1档"), (2, "第2档"), (3, "第3档")
    ]  # fmt: skip
    assert [(option.value, option.zh) for option in epds.items[9].options] == [
        (3, "第3档"), (2, "第2档"), (1, "第1档"), (0, "第0档")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "today", "why"),
    [
        ({}, date(2028, 1, 1), "the permission ended on 2027-12-31; ask the owner again and renew the content pack"),
        ({}, date(2025, 12, 31), "the permission begins on 2026-01-01"),
        ({"scope": " "}, TODAY, "the licence record of its content pack must name holder, granted_by and scope"),
    ],
)
def test_a_permission_that_is_not_valid_today_offers_nothing(folder, changes, today, why):
    (folder / "packs" / "isi.toml").write_text(pack_of("isi", **changes))
    assert offered(folder, today).refused["isi"] == why


@pytest.mark.parametrize(("today", "there"), [(date(2027, 12, 31), True), (date(2028, 1, 1), False)])
def test_the_last_day_of_a_permission_counts(folder, today, there):
    (folder / "packs" / "isi.toml").write_text(pack_of("isi"))
    assert ("isi" in offered(folder, today).offered) is there


def test_a_pack_without_a_record_is_refused_with_its_line(folder):
    text = pack_of("isi")
    start, end = text.index("[licence]"), text.index("[wording.zh]")
    (folder / "packs" / "isi.toml").write_text(text[:start] + text[end:])
    assert offered(folder).refused["isi"].endswith("isi.toml, line 1: licence: missing")


def test_wording_of_a_pack_that_is_ours_waits_for_a_signature(folder):
    text = pack_of("isi").replace('origin = "published"', 'origin = "ours"')
    (folder / "packs" / "isi.toml").write_text(text)
    assert "nobody has signed it" in offered(folder).refused["isi"]
    (folder / "reviews" / "isi.toml").write_text(reviews.sign(packs.parse(text, "isi"), "李老师", TODAY))
    assert "isi" in offered(folder).offered


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('instrument = "isi"', 'instrument = "isis"', "line 1: instrument: there is no scoring for 'isis'"),
        ('instrument = "isi"', 'instrument = "phq9"', "line 1: instrument: phq9 ships with its texts"),
        ("version = 1", "version = 2", "line 2: version: its key is version 1"),
        ('id = "7"', 'id = "8"', "line 35: item[6].id: isi has no item '8'"),
        ('[[item]]\nid = "7"\nzh = "题目7"\n', "", "item: no text for 7"),
        ('id = "7"', 'id = "6"', "item: two items have the same id"),
        ('"第3档", ', "", "line 14: labels[0].zh: 4 labels, but item 1 has 5"),
        ('zh = "题目7"', "", "item[6].zh: missing"),
        ("expiry = 2027-12-31", 'expiry = "one day"', "line 9: licence.expiry: Invalid RFC3339"),
        ('scope = "', 'score = [3]\nscope = "', "licence.score: there is no such field"),
    ],
)
def test_a_mistake_in_a_pack_is_named_with_its_line(old, new, said):
    text = pack_of("isi")
    assert old in text
    with pytest.raises(DataError, match=r"^isi\.toml, line \d+: ") as caught:
        packs.parse(text.replace(old, new, 1), "isi.toml")
    assert said in str(caught.value)


def test_a_pack_that_cannot_be_read_takes_only_its_own_instrument_away(folder):
    (folder / "packs" / "isi.toml").write_bytes(b"\xff")
    (folder / "packs" / "what.toml").write_text("instrument = 3")
    (folder / "packs" / "ucla3.toml").write_text(pack_of("ucla3"))
    found = offered(folder)
    assert "not a text in UTF-8" in found.refused["isi"]
    assert "what.toml, line 1: instrument" in found.refused["what.toml"]
    assert set(found.offered) == PUBLISHED | {"ucla3"}


def test_two_packs_for_one_instrument_are_one_too_many(folder):
    (folder / "packs" / "a.toml").write_text(pack_of("isi"))
    (folder / "packs" / "b.toml").write_text(pack_of("isi"))
    found = offered(folder)
    assert "isi" in found.offered
    assert "there is another content pack for isi" in found.refused["b.toml"]
