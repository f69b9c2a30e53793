"""The console in a real browser, fed over the real room socket: what a counsellor can do.

Nothing here waits for time; every step waits for what it names. The console's own reaction times are not asserted.
"""

import re
import subprocess
import sys

import pytest
from console_steps import until
from playwright.sync_api import expect

from gateway.live import (
    AdjustPace,
    ArmChair,
    EndSession,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    ResumeSession,
    StartSession,
)


def test_emergency_stop_arrives_and_is_confirmed_and_released(tab, room):
    page = tab("paced")
    page.locator("[data-press=stop]").click()
    until(page, lambda: room.stops, "the stop")
    expect(page.locator(".stop-done")).to_contain_text("已停止")
    expect(page.locator(".strip.is-stopped")).to_be_visible()
    expect(page.locator("[data-press=pause]")).to_be_disabled()
    page.locator("[data-press=release]").click()
    until(page, lambda: ReleaseChair() in room.commands, "the release")
    expect(page.locator(".stop-done")).to_be_hidden()
    expect(page.locator(".strip")).to_contain_text("已解除锁定")
    expect(page.locator("[data-press=pause]")).to_be_enabled()


def test_stop_cannot_be_released_before_somebody_pressed_the_reset_at_the_chair(tab, room):
    page = tab("stopped_uncleared")
    expect(page.locator(".stop-reset")).to_contain_text("复位键")
    expect(page.locator("[data-press=release]")).to_be_disabled()
    room.show("stopped")
    expect(page.locator("[data-press=release]")).to_be_enabled()
    expect(page.locator(".stop-reset")).to_be_hidden()


def test_chair_that_lost_its_leave_to_move_is_enabled_by_a_press(tab, room):
    page = tab("unarmed")
    page.locator("[data-press=arm]").click()
    until(page, lambda: ArmChair() in room.commands, "the word for the chair")
    expect(page.locator("[data-press=arm]")).to_be_hidden()


def test_emergency_stop_works_from_every_state(tab, room):
    for number, scene in enumerate(("empty", "idle", "device_lost", "weak", "finished"), 1):
        page = tab(scene)
        page.keyboard.press("Escape")
        until(page, lambda stops=number: len(room.stops) == stops, f"the stop in {scene}")


def test_escape_in_the_note_leaves_the_note_and_stops_nothing(tab, room):
    page = tab("paced")
    page.locator(".note .field").click()
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    until(page, lambda: room.commands, "the mark that follows")
    assert not room.stops


def test_emergency_stop_needs_nothing_of_the_pages_own_connection(tab, room):
    page = tab("paced", new=True)
    page.evaluate("window.socket.disconnect()")
    expect(page.locator("body")).to_have_class(re.compile("lost"))
    page.locator("[data-press=stop]").click()
    until(page, lambda: room.stops, "the stop")
    expect(page.locator("body")).to_have_attribute("data-stop", "done")


def test_a_stop_that_is_not_confirmed_says_what_to_do(tab, room):
    page = tab("paced")
    page.route("**/stop*", lambda route: route.abort())
    page.locator("[data-press=stop]").click()
    expect(page.locator(".stop-failed")).to_contain_text("请马上按椅子上的急停按钮")
    expect(page.locator(".stop-failed")).to_contain_text("控制台没有应答")
    page.unroute("**/stop*")
    page.locator("[data-press=stop]").click()
    expect(page.locator(".stop-failed")).to_be_hidden()
    until(page, lambda: room.stops, "the stop has arrived")  # else it arrives in the next test


def test_a_page_from_elsewhere_cannot_press_the_stop(tab, room):
    page = tab("paced")
    assert page.evaluate("fetch('/stop', {method: 'POST'}).then((answer) => answer.status)") == 400
    assert not room.stops


def test_start_in_two_presses_then_pause_and_go_on(tab, room):
    page = tab("idle")
    page.locator("[data-programme=resonance]").click()
    page.locator("[data-press=start]").click()
    until(page, lambda: StartSession(programme="resonance") in room.commands, "the start")
    pause = page.locator("[data-press=pause]")
    expect(pause).to_have_text("暂停")
    pause.click()
    expect(pause).to_have_text("继续")
    expect(page.locator(".strip")).to_contain_text("已暂停随时可以按“继续”")
    pause.click()
    expect(pause).to_have_text("暂停")
    assert [type(one) for one in room.commands] == [StartSession, PauseSession, ResumeSession]


def test_next_part_pace_mark_and_chair_are_asked_of_the_room(tab, room):
    page = tab("paced")
    page.locator("[data-press=slower]").click()
    expect(page.locator(".segment.is-now")).to_contain_text("5.9 次/分")
    page.locator("[data-press=faster]").click()
    page.locator("[data-row=light] .step").last.dblclick()
    page.locator(".note .field").fill("肩膀松了")
    page.locator(".note .field").press("Enter")
    expect(page.locator("[data-panel=log]")).to_contain_text("标记 · 肩膀松了")
    expect(page.locator(".note .field")).to_have_value("")
    page.locator("[data-press=next]").click()
    expect(page.locator(".segment.is-now")).to_contain_text("慢慢回来")
    assert room.commands == [
        AdjustPace(-0.1),
        AdjustPace(0.1),
        MoveChair(light_percent=40),
        MoveChair(light_percent=50),
        MarkMoment("肩膀松了"),
        NextSegment(),
    ]


def test_a_double_click_on_next_part_goes_one_part_on(tab, room):
    page = tab("baseline")
    page.locator("[data-press=next]").dblclick()
    expect(page.locator(".segment.is-now")).to_contain_text("跟着呼吸")
    page.keyboard.press(" ")
    until(page, lambda: len(room.commands) == 2, "next and mark")
    assert room.commands == [NextSegment(), MarkMoment("")]


def test_space_marks_a_moment_even_right_after_another_button(tab, room):
    page = tab("paced")
    page.locator("[data-press=faster]").click()
    page.keyboard.press(" ")
    until(page, lambda: len(room.commands) == 2, "pace and mark")
    assert room.commands == [AdjustPace(0.1), MarkMoment("")]


def test_ending_is_asked_about_and_shows_the_summary(tab, room):
    page = tab("paced")
    page.locator("[data-press=end]").click()
    page.locator("[data-press=end-no]").click()
    assert not room.commands
    page.locator("[data-press=end]").click()
    page.locator("[data-press=end-yes]").click()
    summary = page.locator("[data-panel=summary]")
    expect(summary).to_contain_text("都是身体在自然调节")
    expect(summary.locator("[data-figure=relaxation]")).to_have_text("64（58–70）")
    expect(summary.locator(".next-words")).to_have_text("请来访者慢慢坐起来，喝口水，坐稳了再走。")
    assert room.commands == [EndSession()]
    page.locator("[data-press=again]").click()
    expect(page.locator("[data-press=start]")).to_be_enabled()


def test_a_refusal_is_said_in_words(tab, room):
    page = tab("paced")
    room.refuse = "out_of_range"
    page.locator("[data-row=recline] .step").last.click()
    expect(page.locator(".toast")).to_contain_text("没有做成：超出允许范围")


@pytest.mark.validation
def test_a_port_that_is_taken_is_said_in_one_line(console):
    code = f"from pathlib import Path; from dashboards.console import run; run(Path('none'), port={console.port})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{console.port} cannot be used" in ended.stderr
