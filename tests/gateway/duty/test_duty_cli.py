"""`xinyi duty`: what is open in the site's own time, an answer by name, one line for every mistake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from duty_parts import S, an_alert, state
from gateway_parts import ROOT, placement
from levels import ROOM, TOWN

from care.alerts import AlertEvent, AlertStep
from gateway.config import CentreConfig, Config, PathsConfig, SiteConfig, UpConfig, load, to_toml
from gateway.duty.config import CareConfig
from gateway.eyes import is_seen
from gateway.rows import Rows
from gateway.services.alerts import acknowledge_alert, timeliness
from xinyi import main
from xinyi_duty import _picture

ROSTER = """
[[shift]]
person = "li"
name = "李老师"
from = 2020-01-01T08:30:00
to = 2090-01-01T17:30:00
reach = ["mailto:li@example.org"]
"""


class Desk:
    """A site without a centre, and its command line."""

    def __init__(self, folder: Path, site: str = ROOM, level: str = "room") -> None:
        self.data = folder / "data"
        self.file = folder / "xinyi.toml"
        config = Config(
            site=SiteConfig(site),
            paths=PathsConfig(str(self.data)),
            centre=CentreConfig(level),
            up=UpConfig(TOWN, "127.0.0.1"),
            care=CareConfig(hotline_days=30_000),
        )
        self.file.write_text(to_toml(config), "utf-8")
        with Rows.for_writing(self.data, placement(self.data, site, TOWN)):
            pass

    def put(self, *events: AlertEvent) -> None:
        with Rows.for_writing(self.data, placement(self.data, ROOM, TOWN)) as rows:
            for event in events:
                rows.put(event, event.at_utc_ns)

    def run(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["duty", *words, "--config", str(self.file)], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.output


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def now_alert(*, ago_s: int = 60, **more: str) -> AlertEvent:
    return an_alert(at=time.time_ns() - ago_s * S, **more)


def test_nothing_to_do_is_said_and_so_is_that_nobody_is_there(desk):
    assert desk.run().splitlines() == ["现在没有人值班", "没有要处理的求助"]


def test_open_alert_shows_seat_colour_cause_and_a_clock_that_counts_down(desk):
    alert = now_alert()
    undelivered = AlertEvent(alert.alert, 2, AlertStep.UNDELIVERED, alert.at_utc_ns + 20 * S, "room", "system")
    desk.put(alert, undelivered)
    (line,) = desk.run().splitlines()[1:]
    for word in (
        str(alert.alert)[:13],
        "A 座",
        "红",
        "按了“我现在需要帮助”",
        "已等 1:0",
        "叫到服务站, 还剩 1:5",
        "[上级还不知道]",
    ):
        assert word in line
    assert "called room, left 1:5" in desk.run("--language", "en")
    desk.put(now_alert(ago_s=300))
    assert "超时 2:0" in desk.run()


def test_alert_is_taken_on_and_closed_by_name_and_its_story_can_be_read(desk):
    alert = now_alert()
    desk.put(alert)
    assert "接手: 王老师" in desk.run("ack", "latest", "--actor", "王老师")
    assert "接手 王老师" in desk.run()
    assert "已结束" in desk.run("close", str(alert.alert)[:13], "--actor", "王老师", "--done", "陪同到家属到来")
    assert desk.run().splitlines()[-1] == "没有要处理的求助"
    story = desk.run("show", alert.alert.hex).splitlines()
    assert [line.split("  ")[1] for line in story] == ["求助", "接手", "结束"]
    assert story[-1].endswith("王老师  陪同到家属到来")


def test_times_are_those_of_the_site(desk):
    alert = an_alert(at=1_790_000_000 * S)
    desk.put(alert)
    assert desk.run("show", alert.alert.hex).startswith("2026-09-21 22:13:20  求助")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ack", "latest", "--actor", "li"), "no alert is open; list them with: xinyi duty"),
        (("ack", "ffff", "--actor", "li"), "there is no alert 'ffff'"),
        (("ack", "", "--actor", "li"), "there is no alert ''"),
        (("show", "latest"), "no alert is open"),
        (("roster", "--file", "gone.toml"), "gone.toml: cannot be read"),
        (("roster", "--file", "/dev/null"), "docs/duty.md shows one"),
    ],
)
def test_mistake_is_one_line_with_the_remedy(desk, words, says):
    said = desk.run(*words, code=1)
    assert says in said
    assert len(said.splitlines()) == 1


def test_answer_needs_a_name_and_an_end_needs_a_word_on_what_was_done(desk):
    desk.put(now_alert())
    assert "nobody says who answers" in desk.run("ack", "latest", "--actor", " ", code=1)
    assert "say what was done" in desk.run("close", "latest", "--actor", "li", "--done", " ", code=1)


def test_roster_of_a_file_stands_and_says_who_is_on_duty(desk, tmp_path):
    file = tmp_path / "roster.toml"
    file.write_text(ROSTER, "utf-8")
    assert "没有值班表" in desk.run("roster")
    assert "李老师 (counsellor)  mailto:li@example.org" in desk.run("roster", "--file", str(file))
    assert desk.run().startswith("值班: 李老师 (counsellor), 到 01-01 17:30")
    file.write_text("version = 3\n" + ROSTER, "utf-8")
    assert "give the new one a higher version" in desk.run("roster", "--file", str(file), code=1)


def test_in_the_town_the_alert_names_its_room_and_the_answer_is_addressed_to_it(tmp_path):
    desk = Desk(tmp_path, TOWN, "town")
    alert = now_alert()
    desk.put(alert)
    assert f"A 座  {ROOM}  红" in desk.run()
    desk.run("ack", "latest", "--actor", "李老师")
    with Rows.for_reading(desk.data) as rows, rows.reading() as db:
        targets = list(db.exec_driver_sql("SELECT target FROM records WHERE site = ?", (TOWN,)).scalars())
        assert state(rows, alert.alert).owner == "李老师"
    assert targets == [ROOM]


def test_share_that_was_answered_in_time(desk):
    in_time, late, never, running = (now_alert(ago_s=ago) for ago in (4000, 3000, 2000, 10))
    follow_up = now_alert(ago_s=500, tier="orange", cause="score")
    desk.put(in_time, late, never, running, follow_up)

    def answer(of: AlertEvent, after_s: int) -> AlertEvent:
        return AlertEvent(of.alert, 2, AlertStep.ACKNOWLEDGED, of.at_utc_ns + after_s * S, "room", "li")

    desk.put(answer(in_time, 180), answer(late, 181), answer(follow_up, 3))
    said = desk.run("report", "--since", "2020-01-01")
    assert said.strip() == "响应及时率: 50.0 %（4 次中 2 次及时；超时 2；还在计时 1）"
    assert "33.3 %" in desk.run("report", "--since", "2020-01-01", "--tier", "red")
    assert "100.0 % (1 of 1" in desk.run("report", "--since", "2020-01-01", "--tier", "orange", "--language", "en")
    assert "响应及时率: –" in desk.run("report", "--since", "2020-01-01", "--site", "huadu.other")
    with Rows.for_reading(desk.data) as rows:
        assert timeliness(rows, never.at_utc_ns, time.time_ns()).alerts == 3


def test_watch_rings_the_bell_until_somebody_has_it(desk):
    alert = now_alert()
    desk.put(alert)
    command = [sys.executable, "-u", str(ROOT / "xinyi.py"), "duty", "watch", "--config", str(desk.file)]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"TERM": "dumb"})
    try:
        heard = ""
        while "\a" not in heard:
            heard += watch.stdout.read(1)
        assert "A 座" in heard
        from gateway.keeping.asking import Place

        acknowledge_alert(Place.of(load(desk.file)), alert.alert, "王老师", "room")
        heard = ""
        while "接手 王老师" not in heard:
            heard += watch.stdout.read(1)
        assert "\a" not in heard
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 0
    finally:
        watch.kill()
        watch.stdout.close()
        watch.wait()


def test_alert_of_newer_rules_is_shown_by_its_codes(desk):
    desk.put(msgspec.structs.replace(now_alert(), tier="violet", cause="new_cause"))
    assert "violet  new_cause" in desk.run()


def test_latest_is_the_most_urgent_and_not_the_newest(desk):
    red, orange = now_alert(ago_s=60), now_alert(ago_s=5, tier="orange", cause="score")
    desk.put(red, orange)
    assert str(red.alert)[:13] in desk.run("ack", "latest", "--actor", "li")
    assert str(orange.alert)[:13] in desk.run("ack", "latest", "--actor", "li")


def test_of_several_red_ones_nobody_guesses_which_is_meant(desk):
    alerts = [now_alert(ago_s=60), now_alert(ago_s=50)]
    desk.put(*alerts, now_alert(tier="orange", cause="score"))
    said = desk.run("ack", "latest", "--actor", "li", code=1)
    assert "2 urgent alerts wait for an answer; name one of " in said
    assert all(f"{str(alert.alert)[:13]} (A 座)" in said for alert in alerts)
    assert len(said.splitlines()) == 1
    desk.run("ack", alerts[1].alert.hex, "--actor", "li")
    assert str(alerts[0].alert)[:13] in desk.run("ack", "latest", "--actor", "li")


def test_latest_to_close_is_the_one_that_somebody_has_taken_on(desk):
    taken, waits = now_alert(ago_s=60), now_alert(ago_s=50)
    desk.put(taken, waits)
    desk.run("ack", taken.alert.hex, "--actor", "li")
    assert str(taken.alert)[:13] in desk.run("close", "latest", "--actor", "li", "--done", "陪同")


def test_what_was_done_may_come_from_the_standard_input(desk):
    alert = now_alert()
    desk.put(alert)
    words = ["duty", "close", "latest", "--actor", "li", "--done", "-", "--config", str(desk.file)]
    assert CliRunner().invoke(main, words, input="陪着说了话\n家属来接\n").exit_code == 0
    assert desk.run("show", alert.alert.hex).rstrip().endswith("陪着说了话 家属来接")


def test_alert_whose_beginning_is_missing_is_listed_and_rings(desk):
    alert = now_alert()
    desk.put(AlertEvent(alert.alert, 2, AlertStep.NOTED, alert.at_utc_ns, "room", "resident"))
    (line,) = desk.run().splitlines()[1:]
    assert "还没收到开头" in line
    seen = _picture(load(desk.file), "zh")
    assert seen.ringing == {alert.alert.hex}


def test_watch_goes_on_and_rings_while_the_store_does_not_answer(desk):
    store = desk.data / "rows.sqlite"
    away = store.rename(desk.data / "away")
    command = [sys.executable, "-u", str(ROOT / "xinyi.py"), "duty", "watch", "--config", str(desk.file)]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"TERM": "dumb"})
    try:
        heard = ""
        while "\a" not in heard:
            heard += watch.stdout.read(1)
        assert "there is no store here" in heard
        away.rename(store)
        alert = now_alert()
        desk.put(alert)
        while "A 座" not in heard or heard.count("\a") < 2:
            heard += watch.stdout.read(1)
        while not is_seen(desk.data, alert.alert, time.time_ns()):
            time.sleep(0.02)
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 0
        assert not is_seen(desk.data, alert.alert, time.time_ns())
    finally:
        watch.kill()
        watch.stdout.close()
        watch.wait()
