"""Every page, in both languages, normal and large text, on two screens: nothing is cut off, nothing overlaps, and
every target is large enough for an older finger.
"""

import base64
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gateway.live import PacerView, SignalView
from kiosk.flow import Place
from kiosk.theme import TARGET
from kiosk.typesetting import NOT_FIRST

SCREENS = [(1280, 800), (1920, 1080)]
REASONS = [
    "no_contact", "flat", "saturated", "noise", "movement", "weak", "gap", "not_finite", "wrong_rate", "implausible",
    "too_short", "too_few_beats", "too_many_artefacts", "too_little_variation", "no_peak", "no_channel",
]  # fmt: skip
PAUSES = ["asked", "device_lost", "emergency_stop", "room_restarted", "person_left"]
REFUSALS = ["no_chair", "room_away", "too_late", "unknown_programme", "not_now", "motion_locked", "disk_full"]


def situations(made):
    """Name, fields of the flow, frame."""
    pacer = PacerView(6.0, 0.4, 0)
    number = made.metric(128.0, "bpm")
    yield "home", {}, made.frame()
    yield "home starting", {"starting": True}, made.frame()
    for wish in ("how", "help", "solo"):
        yield wish, {"wish": wish}, made.frame()
    yield "after alone", {"wish": "after"}, made.frame()
    for code in REFUSALS:
        yield f"refused {code}", {"wish": "refused", "refused": code}, made.frame()
    yield "away", {}, None
    yield "away in a session", {"watched": "s1"}, None
    yield "check good", {}, made.frame(made.session(0, left_s=80.0))
    for reason in REASONS:
        weak = SignalView(0.2, reason)
        none = made.metric(None, "", 0.2, reason)
        yield f"check {reason}", {}, made.frame(made.session(0, left_s=80.0), signal=weak)
        yield f"paced {reason}", {}, made.frame(
            made.session(2, pacer=pacer), signal=weak, heart_rate=none, coherence=none
        )  # fmt: skip
        yield f"paced rhythm {reason}", {}, made.frame(made.session(2, pacer=pacer), heart_rate=number, coherence=none)
        yield f"baseline {reason}", {}, made.frame(made.session(1), signal=weak, heart_rate=none)
    hundred = made.metric(100.0, "%")
    yield "paced", {}, made.frame(made.session(2, left_s=299.0, pacer=pacer), heart_rate=number, coherence=hundred)
    yield "baseline", {}, made.frame(made.session(1, left_s=59.0), heart_rate=number)
    yield "recovery", {}, made.frame(made.session(3, left_s=59.0), heart_rate=number)
    for reason in PAUSES:
        yield f"paused {reason}", {}, made.frame(made.session(2, state="paused", reason=reason))
    yield "end", {"asked_end": True}, made.frame(made.session(2, pacer=pacer))
    for ended in ("completed", "ended_early"):
        yield f"after {ended}", {"watched": "s1"}, made.frame(made.session(4, state="finished", ended=ended))
    yield "waking", "waking", None


@pytest.fixture(scope="module")
def pages(display, made):
    """All pages as they are drawn, from one process."""
    cases = []
    for (name, flow, frame), language, large, size in itertools.product(
        situations(made), ("zh", "en"), (False, True), SCREENS
    ):
        if size != SCREENS[0] and name.split()[-1] in REASONS:
            continue  # the same words on the same page; one screen will do
        packed = base64.b64encode(msgspec.msgpack.encode(frame)).decode() if frame else None
        title = f"{name}, {language}, {'large' if large else 'normal'}, {size[0]}x{size[1]}"
        cases.append({"name": title, "flow": flow, "frame": packed, "language": language, "large": large, "size": size})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("pages_under_test.py"))],
        input=json.dumps(cases).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "DISPLAY": display},
        check=True,
    )
    return json.loads(done.stdout)


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
        if page["place"] in {"help", "waking"}:
            continue
        _, _, wide, high = screen_of(page)
        at = [wide / 2, high - 82 * page["scale"], 0, 0]
        assert any(inside(at, box, 0) for box in page["targets"]), page["name"]


def test_no_line_begins_with_a_mark_and_nothing_is_smaller_than_it_may_be(pages):
    for page in pages:
        for word in page["words"]:
            assert word["size"] >= 23.5, (page["name"], word["text"])
            assert not any(line and line[0] in NOT_FIRST for line in word["lines"] if line != "/ 100"), page["name"]
