"""Every page, in both languages, normal and large text, on two screens: nothing is cut off, nothing overlaps, every
target is large enough for an older finger, and every word stands out from what it stands on.
"""

import itertools
import json

import pytest
from PIL import Image, ImageDraw

from care.instruments.loading import shipped
from kiosk.flow import HELPING, Place
from kiosk.theme import TARGET
from kiosk.typesetting import NOT_FIRST
from tests.kiosk import references


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The folder to which pages are drawn."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def pages(display, pictures):
    """All pages as they are drawn, from one process."""
    return references.drawn(pictures, display)


def overlap(a, b, slack):
    return (
        a[0] + slack < b[0] + b[2]
        and b[0] + slack < a[0] + a[2]
        and a[1] + slack < b[1] + b[3]
        and b[1] + slack < a[1] + a[3]
    )


def inside(inner, outer, slack):
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[0] + inner[2] <= outer[0] + outer[2] + slack
        and inner[1] + inner[3] <= outer[1] + outer[3] + slack
    )


def screen_of(page):
    wide, high = page["name"].rsplit(" ", 1)[1].split("x")
    return [0, 0, int(wide), int(high)]


def test_every_place_is_among_the_pages(pages):
    assert {page["place"] for page in pages} == {*map(str, Place), "waking"}


def test_no_text_is_cut_off_by_the_screen_or_its_surface(pages):
    wrong = []
    for page in pages:
        slack = 2 * page["scale"]
        for word in page["words"]:
            x, y, wide, high = word["ink"]
            middle = (x + wide / 2, y + high / 2)
            if not inside(word["ink"], screen_of(page), slack) or wide > word["room"] + slack:
                wrong.append(f"{page['name']}: {word['text']!r} leaves the screen or its box")
            wrong += [
                f"{page['name']}: {word['text']!r} hangs over its surface"
                for surface in page["panels"] + page["targets"]
                if inside([*middle, 0, 0], surface, 0) and not inside(word["ink"], surface, 10 * page["scale"])
            ]
    assert not wrong, "\n".join(wrong)


def test_no_two_texts_lie_over_each_other(pages):
    wrong = [
        f"{page['name']}: {a['text']!r} and {b['text']!r}"
        for page in pages
        for a, b in itertools.combinations(page["words"], 2)
        if overlap(a["ink"], b["ink"], 6 * page["scale"])
    ]
    assert not wrong, "\n".join(wrong)


def test_every_target_is_at_least_twenty_millimetres_and_apart_from_the_next(pages):
    wrong = []
    for page in pages:
        least = TARGET * page["scale"] - 1
        wrong += [
            f"{page['name']}: {box}"
            for box in page["targets"]
            if min(box[2], box[3]) < least or not inside(box, screen_of(page), 1)
        ]
        wrong += [
            f"{page['name']}: {a} and {b}" for a, b in itertools.combinations(page["targets"], 2) if overlap(a, b, 0)
        ]
    assert not wrong, "\n".join(wrong)


def test_help_is_at_the_same_place_on_every_page_but_its_own(pages):
    for page in pages:
        if page["place"] in {*HELPING, "waking"}:
            continue
        _, _, wide, high = screen_of(page)
        at = [wide / 2, high - 82 * page["scale"], 0, 0]
        assert any(inside(at, box, 0) for box in page["targets"]), page["name"]


def test_no_line_begins_with_a_mark_and_nothing_is_smaller_than_it_may_be(pages):
    for page in pages:
        for word in page["words"]:
            assert word["size"] >= 23.5, (page["name"], word["text"])
            assert not any(line and line[0] in NOT_FIRST for line in word["lines"] if line != "/ 100"), page["name"]


def luminance(colour):
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize(("contrast", "least"), [(False, 4.5), (True, 7.0)])
def test_every_word_stands_out_from_what_it_stands_on(pages, contrast, least):
    wrong = set()
    for page in pages:
        for word in page["words"]:
            if page["contrast"] is not contrast or word["ground"] is None:
                continue
            dark, light = sorted([luminance(word["colour"]), luminance(word["ground"])])
            ratio = (light + 0.05) / (dark + 0.05)
            if ratio < least:
                wrong.add(f"{page['place']}: {word['text']!r} {ratio:.2f}")
    assert not wrong, "\n".join(sorted(wrong))


def test_high_contrast_is_tried_on_some_pages(pages):
    assert len({page["place"] for page in pages if page["contrast"]}) >= 5


def test_no_result_and_no_look_back_shows_a_number_that_could_be_a_score(pages):
    for page in pages:
        if page["place"] == "result":
            assert not any(character.isdigit() for word in page["words"] for character in word["text"]), page["name"]


def test_ambulance_and_police_stand_on_the_first_page_of_numbers(pages):
    first = [page for page in pages if page["place"] == "help" and not page["name"].startswith("numbers of the site ")]
    assert len(first) > 20
    for page in first:
        assert {"120", "110"} <= {word["text"] for word in page["words"]}, page["name"]


def test_a_question_with_a_sentence_of_its_own_stands_without_the_one_before_the_others(pages):
    form = shipped()["pcptsd5"]
    asked = [page for page in pages if page["name"].startswith("question with a sentence of its own,")]
    assert len(asked) >= 4
    for page in asked:
        shown = {word["text"] for word in page["words"]}
        assert shown & {form.items[0].zh, form.items[0].en}, page["name"]
        assert not shown & {form.stem_zh, form.stem_en}, page["name"]


def test_a_pin_is_never_on_the_screen(pages):
    for page in pages:
        if page["place"] in {"new_pin", "pin_again", "pin", "service_pin"}:
            shown = [word["text"] for word in page["words"]]
            assert all(shown.count(digit) <= 1 for digit in "0123456789"), page["name"]  # the key itself


def test_every_page_looks_as_it_did(pages, pictures):
    kept = {page["picture"] for page in pages if "picture" in page}
    there = {path.name for path in references.FOLDER.glob("*.png") if not path.name.endswith((".new.png", ".diff.png"))}
    assert kept == there, f"missing or left over; {references.ACCEPT}"
    if references.is_home_of_the_pictures():
        wrong = [references.compared(name, Image.open(pictures / name)) for name in sorted(kept)]
        assert not any(wrong), "\n".join(filter(None, wrong))


def test_every_text_and_target_lies_where_it_did(pages):
    layout = json.loads(references.LAYOUT.read_text("utf-8"))
    wrong = [references.moved(page["picture"], layout[page["picture"]], page) for page in pages if "picture" in page]
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_a_picture_with_another_letter_is_different_and_one_with_a_softer_edge_is_not(tmp_path):
    picture = Image.new("RGB", (640, 400), "#F6F3EC")
    ImageDraw.Draw(picture).rectangle((50, 50, 200, 80), fill="#22312F")
    references.as_kept(picture).save(tmp_path / "page.png")
    softer = picture.copy()
    ImageDraw.Draw(softer).line((50, 49, 200, 49), fill="#E9E5DC")
    assert references.compared("page.png", softer, tmp_path) == ""
    card = picture.copy()
    ImageDraw.Draw(card).rectangle((300, 200, 420, 280), fill="#FFFFFF")
    assert "pixels are different" in references.compared("page.png", card, tmp_path)
    other = picture.copy()
    ImageDraw.Draw(other).rectangle((300, 50, 306, 56), fill="#22312F")
    said = references.compared("page.png", other, tmp_path)
    assert "page.new.png" in said
    assert references.ACCEPT in said
    assert Image.open(tmp_path / "page.diff.png").getpixel((303, 53)) == 255
    assert (tmp_path / "page.new.png").exists()


def test_the_pictures_stay_small():
    new = (".new.png", ".diff.png")
    sizes = {path.name: path.stat().st_size for path in references.FOLDER.iterdir() if not path.name.endswith(new)}
    assert max(sizes.values()) < 1_000_000
    assert sum(sizes.values()) < 4_000_000
