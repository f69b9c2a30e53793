"""The console in a real browser when somebody asks for a person: the banner, the chime, the two answers.

The console is the real process (`xinyi console`) on a real store, without any centre and without uplink.
"""

import re
import sys
import time
from pathlib import Path

import pytest
from console_parts import ConsoleProcess, Tabs
from console_steps import until
from playwright.sync_api import expect

from care import handoff
from care.alerts import AlertEvent, AlertStep
from gateway.box import new_id
from gateway.config import BrokerConfig, Config, ConsoleConfig, PathsConfig, SiteConfig, to_toml
from gateway.eyes import is_seen
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.messages import DutyEntry, DutyRoster
from gateway.placement import Placement
from gateway.routing import Routing
from gateway.rows import Rows
from gateway.services.alerts import alert_steps

ROOT = Path(__file__).parents[2]
S = 1_000_000_000
SITE = "huadu.xinhua.0007"


class DutyConsole(ConsoleProcess):
    """`xinyi console` of a site that has no store yet."""

    def __init__(self, folder, room_socket):
        super().__init__(room_socket)
        self.data, self.file = folder / "data", folder / "xinyi.toml"
        config = Config(
            site=SiteConfig(SITE),
            paths=PathsConfig(str(self.data), str(room_socket.parent)),
            broker=BrokerConfig("127.0.0.1", 1),
            console=ConsoleConfig(port=self.port),
        )
        self.file.write_text(to_toml(config), "utf-8")

    def command(self):
        return [sys.executable, str(ROOT / "xinyi.py"), "console", "--config", str(self.file)]

    def put(self, *bodies):
        placement = Placement(Keyring.open(self.data / KEYS_FOLDER), Routing(SITE), "test")
        with Rows.for_writing(self.data, placement) as rows:
            for body in bodies:
                rows.put(body, time.time_ns())

    def steps(self, alert):
        with Rows.for_reading(self.data) as rows:
            return alert_steps(rows, alert.alert)

    def end_all(self):
        """Close what stands, so that the next test begins with an empty desk."""
        from gateway.services.alerts import standing_alerts

        with Rows.for_reading(self.data) as rows:
            standing = standing_alerts(rows)
        now = time.time_ns()
        for _, state in standing:
            self.put(AlertEvent(state.alert, state.version + 1, AlertStep.CLOSED, now, "room", "t", detail="t"))


def raised(seat="A 座", ago_s=65, tier="red", cause="risk_item"):
    at = time.time_ns() - ago_s * S
    rules = handoff.load()
    return handoff.raised(rules, alert=new_id(), tier=tier, cause=cause, seat=seat, level="room", at_utc_ns=at)


@pytest.fixture(scope="module")
def duty_console(tmp_path_factory, room):
    process = DutyConsole(tmp_path_factory.mktemp("duty"), room.path)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def duty_tabs(browser, duty_console, room):
    return Tabs(browser, duty_console.url, room)


@pytest.fixture
def desk(duty_tabs, duty_console, room):
    """`desk(events…)` stores them and gives the page."""
    room.commands.clear()
    room.stops.clear()

    def open_with(*bodies):
        page = duty_tabs("paced")
        duty_console.put(*bodies)
        return page

    yield open_with
    duty_console.end_all()
    expect(banner(duty_tabs("paced"))).to_be_hidden()
    duty_tabs.close_new()


def banner(page):
    return page.locator("[data-banner]")


def test_while_alerts_cannot_be_seen_the_page_says_so(duty_tabs, duty_console):
    page = duty_tabs("paced")
    expect(page.locator(".rail-blind")).to_have_text("暂时看不到求助，请用 xinyi duty 查看")
    duty_console.put(DutyRoster(1, [DutyEntry("s1", "王老师", "counsellor", 0, 1 << 62)]))
    expect(page.locator(".rail-blind")).to_be_hidden()
    expect(banner(page)).to_be_hidden()


def test_banner_says_where_how_long_and_how_much_time_is_left_and_no_answers(desk):
    page = desk(raised())
    expect(banner(page).locator(".banner-title")).to_have_text("A 座 有人想请您过去")
    expect(banner(page)).to_contain_text(re.compile(r"已等 1:\d\d"))
    expect(banner(page)).to_contain_text(re.compile(r"1:\d\d 后叫街镇"))
    for word in ("红", "risk", "回答"):
        expect(banner(page)).not_to_contain_text(word)
    left = banner(page).locator("[data-left]")
    before = left.inner_text()
    expect(left).not_to_have_text(before)


def test_banner_never_covers_or_moves_the_emergency_stop_which_works(desk, duty_tabs, room):
    page = duty_tabs("paced")
    expect(banner(page)).to_be_hidden()
    stop = page.locator("[data-press=stop]")
    before = stop.bounding_box()
    desk(raised(seat="靠窗的放松椅，就是门边书架后面的那一张，名字特别长的座位 " * 3))
    expect(banner(page)).to_be_visible()
    assert stop.bounding_box() == before
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('[data-press=stop]') !== null", [x, y])
    red = page.evaluate("getComputedStyle(document.querySelector('[data-press=stop]')).backgroundColor")
    shown = page.evaluate(
        "[...document.querySelectorAll('[data-banner], [data-banner] *')].flatMap((one) => "
        "{ const look = getComputedStyle(one); return [look.color, look.backgroundColor, look.borderTopColor]; })"
    )
    assert red not in shown, "red is the emergency stop's alone"
    stop.click()
    until(page, lambda: room.stops, "the stop")


def test_it_is_taken_on_by_name_and_closed_with_what_was_done(desk, duty_console):
    alert = raised()
    page = desk(alert)
    expect(banner(page).locator(".banner-name")).to_have_value("王老师")  # alone on duty
    banner(page).locator(".banner-name").fill("李老师")
    banner(page).locator("[data-press=take]").click()
    expect(banner(page)).to_have_class(re.compile("is-taken"))
    expect(banner(page).locator(".banner-title")).to_have_text("A 座 · 李老师正在处理")
    expect(banner(page).locator("[data-press=finish]")).to_be_disabled()
    banner(page).locator(".banner-done").fill("陪着说了一会儿话，家属来接")
    banner(page).locator("[data-press=finish]").click()
    expect(banner(page)).to_be_hidden()
    assert [(str(step.step), step.actor, step.detail) for step in duty_console.steps(alert)[1:]] == [
        ("acknowledged", "李老师", ""),
        ("closed", "李老师", "陪着说了一会儿话，家属来接"),
    ]


def test_nobody_answers_without_a_name(desk):
    page = desk(raised())
    banner(page).locator(".banner-name").fill(" ")
    expect(banner(page).locator("[data-press=take]")).to_be_disabled()


def test_space_in_the_field_is_a_space_and_marks_nothing(desk, room):
    page = desk(raised())
    banner(page).locator(".banner-name").fill("")
    banner(page).locator(".banner-name").press_sequentially("Li Na")
    expect(banner(page).locator(".banner-name")).to_have_value("Li Na")
    assert not room.commands


@pytest.mark.validation
def test_chime_waits_for_a_touch_says_so_and_ends_with_the_answer(desk, duty_tabs):
    page = duty_tabs("paced", new=True)
    expect(page.locator(".rail-sound")).to_have_text("点一下开启提示音")
    desk(raised())
    expect(banner(page).locator(".banner-sound")).to_be_visible()
    assert page.evaluate("document.body.dataset.chimes") is None
    banner(page).locator(".banner-sound").click()
    expect(page.locator("body")).to_have_attribute("data-chimes", "1")
    expect(page.locator(".rail-sound")).to_be_hidden()
    banner(page).locator("[data-press=take]").click()
    expect(banner(page)).to_have_class(re.compile("is-taken"))
    expect(banner(page)).not_to_have_attribute("data-ring", re.compile("."))
    page.evaluate("delete document.body.dataset.chimes")
    desk(raised(seat="B 座"))
    expect(page.locator("body")).to_have_attribute("data-chimes", "1")  # another one rings at once


def test_next_one_is_shown_as_soon_as_the_first_has_somebody(desk):
    page = desk(raised(seat="A 座", ago_s=90), raised(seat="B 座", ago_s=30))
    expect(banner(page).locator(".banner-title")).to_have_text("A 座 有人想请您过去")
    expect(banner(page)).to_contain_text("另有 1 位在等")
    banner(page).locator("[data-press=take]").click()
    expect(banner(page).locator(".banner-title")).to_have_text("B 座 有人想请您过去")


def test_what_the_level_above_does_not_know_is_said(desk):
    alert = raised()
    undelivered = AlertEvent(alert.alert, 2, AlertStep.UNDELIVERED, alert.at_utc_ns + 20 * S, "room", "system")
    page = desk(alert, undelivered)
    expect(banner(page)).to_contain_text("上级还不知道，要请人时请打电话")


def test_it_works_while_the_room_service_is_down(desk, duty_console, room):
    page = desk()
    room.go_away()
    try:
        expect(page.locator(".strip.is-away")).to_be_visible()
        duty_console.put(raised())
        banner(page).locator("[data-press=take]").click()
        expect(banner(page)).to_have_class(re.compile("is-taken"))
    finally:
        room.come_back()
    expect(page.locator("[data-console]")).to_have_attribute("data-room", "here")


def test_follow_up_is_a_quiet_line_and_no_banner(desk):
    page = desk(raised(tier="orange", cause="score"))
    expect(page.locator(".rail-duty")).to_contain_text("有 1 位等着跟进，用 xinyi duty 查看")
    expect(banner(page)).to_be_hidden()


def test_whoever_closes_says_so_and_never_in_the_name_of_whoever_took_it_on(desk, duty_console):
    alert = raised()
    taken = AlertEvent(alert.alert, 2, AlertStep.ACKNOWLEDGED, alert.at_utc_ns, "room", "赵老师")
    page = desk(alert, taken)
    expect(banner(page).locator(".banner-title")).to_have_text("A 座 · 赵老师正在处理")
    expect(banner(page).locator(".banner-name")).not_to_have_value("赵老师")
    banner(page).locator(".banner-name").fill("")
    banner(page).locator(".banner-done").fill("陪同")
    expect(banner(page).locator("[data-press=finish]")).to_be_disabled()
    banner(page).locator(".banner-name").fill("周老师")
    banner(page).locator("[data-press=finish]").click()
    expect(banner(page)).to_be_hidden()
    assert (duty_console.steps(alert)[-1].actor, duty_console.steps(alert)[-1].detail) == ("周老师", "陪同")


def test_late_word_about_the_alert_before_is_not_said_of_the_next(desk):
    first, second = raised(seat="A 座", ago_s=90), raised(seat="B 座", ago_s=30)
    taken = [
        AlertEvent(each.alert, 2, AlertStep.ACKNOWLEDGED, each.at_utc_ns, "room", "li") for each in (first, second)
    ]
    page = desk(first, second, *taken)
    expect(banner(page).locator(".banner-title")).to_have_text("B 座 · li正在处理")
    top, other = second.alert.hex, first.alert.hex
    banner(page).locator(".banner-name").fill("李老师")
    said = """([alert, text]) => {
        const banner = document.querySelector('[data-banner]'), field = banner.querySelector('.banner-done');
        const shown = banner.dataset.alert;
        banner.dataset.alert = alert; field.value = text; field.dispatchEvent(new Event('input'));
        banner.dataset.alert = shown;
    }"""
    page.evaluate(said, [top, "陪同"])
    expect(banner(page).locator("[data-press=finish]")).to_be_enabled()
    page.evaluate(said, [other, ""])
    for name, on in (("", False), ("李", True)):
        banner(page).locator(".banner-name").fill(name)
        expect(banner(page).locator("[data-press=finish]")).to_be_enabled(enabled=on)


def test_alert_without_its_beginning_is_shown_with_its_site(desk):
    page = desk(AlertEvent(new_id(), 2, AlertStep.NOTED, time.time_ns(), "room", "resident"))
    expect(banner(page).locator(".banner-title")).to_have_text(f"{SITE} 有人想请您过去")
    expect(banner(page)).to_have_attribute("data-ring", re.compile("."))


def test_what_a_page_shows_is_marked_as_seen(desk, duty_console):
    alert = raised()
    page = desk(alert)
    expect(banner(page)).to_be_visible()
    until(page, lambda: is_seen(duty_console.data, alert.alert, time.time_ns()), "the mark")
