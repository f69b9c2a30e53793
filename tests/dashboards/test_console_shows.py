"""The console in a real browser, fed over the real room socket: what a counsellor sees.

Nothing here waits for time; every step waits for what it names. The console's own reaction times are not asserted.
"""

import re
from urllib.parse import urlsplit

import pytest
from console_steps import NUMBER, card, chart_series
from playwright.sync_api import expect


@pytest.mark.validation
def test_a_console_that_restarts_is_noticed_and_comes_back_by_itself(tab, console):
    page = tab("paced", new=True)
    console.stop()
    expect(page.locator(".lost-note")).to_be_visible()
    expect(page.locator(".lost-note")).to_contain_text("控制台正在恢复")
    expect(page.locator(".stop-cut")).to_be_visible()
    expect(card(page, "heart_rate").locator(".number")).to_be_hidden()
    console.start()
    expect(page.locator("body")).not_to_have_class(re.compile("lost"), timeout=20_000)
    expect(card(page, "heart_rate").locator(".number")).to_have_text(NUMBER)


def test_shows_heart_rate_with_its_quality(tab):
    page = tab("paced")
    expect(card(page, "heart_rate").locator(".number")).to_have_text(re.compile(r"^(6[4-9]|7[0-2])$"))
    expect(card(page, "heart_rate").locator(".unit")).to_have_text("次/分")
    expect(card(page, "heart_rate").locator(".quality")).to_have_attribute("aria-label", "信号质量 97%")
    expect(card(page, "relaxation").locator(".interval")).to_have_text("±6")
    expect(page.locator("[data-signal]")).to_have_text("信号良好 98%")
    expect(page.locator(".facts")).to_contain_text("已保存到服务站")


def test_below_the_floor_there_is_a_reason_and_no_number(tab):
    page = tab("weak")
    heart_rate = card(page, "heart_rate")
    expect(heart_rate.locator(".reason")).to_have_text("信号偏弱，手指再放稳一点，手暖一暖")
    expect(heart_rate).not_to_have_text(NUMBER)
    expect(card(page, "skin_conductance").locator(".number")).to_have_text("3.2")
    expect(page.locator(".strip.is-care")).to_contain_text("手指再放稳一点")
    expect(page.locator("[data-signal]")).to_have_text("信号偏弱 31%")


def test_parts_of_the_programme_are_done_now_and_next(tab):
    page = tab("paced")
    parts = page.locator(".segment")
    expect(parts).to_have_count(4)
    expect(page.locator(".segment.is-done")).to_have_count(2)
    expect(page.locator(".segment.is-now")).to_contain_text(re.compile(r"跟着呼吸 6\.0 次/分.*还有 3:\d\d"))
    expect(page.locator(".segment.is-next")).to_contain_text("慢慢回来")


def test_beats_left_out_are_marked_and_not_part_of_the_line(tab):
    page = tab("artefacts")
    expect(page.locator(".key-out")).to_be_visible()
    dots = chart_series(page, "rhythm", "out")
    assert dots
    assert any(dot["label"]["show"] and dot["label"]["formatter"] == "早到 · 已剔除" for dot in dots)
    heart = chart_series(page, "rhythm", "heart")
    assert any(point[1] is None for point in heart), "the line breaks where a beat was left out"
    assert not {dot["value"][0] for dot in dots} & {point[0] for point in heart if point[1] is not None}
    assert len(chart_series(page, "rhythm", "guide")) > 200


def test_room_goes_away_and_comes_back(tab, room):
    page = tab("paced")
    room.go_away()
    expect(page.locator(".strip.is-away")).to_contain_text("房间服务正在恢复，数据没有丢")
    expect(card(page, "heart_rate")).not_to_have_text(NUMBER)
    expect(page.locator("[data-row=recline] .chair-value")).to_have_text("—")
    for press in ("pause", "next", "slower", "mark", "end"):
        expect(page.locator(f"[data-press={press}]")).to_be_disabled()
    expect(page.locator("[data-press=stop]")).to_be_enabled()
    expect(page.locator(".still").first).to_contain_text("画面停在")
    room.come_back()
    expect(page.locator(".strip.is-calm")).to_contain_text("一切正常")
    expect(card(page, "heart_rate").locator(".number")).to_have_text(NUMBER)
    expect(page.locator("[data-press=pause]")).to_be_enabled()


def test_a_room_that_falls_silent_counts_as_away(tab, room):
    page = tab("paced")
    room.silent = True
    expect(page.locator("[data-console]")).to_have_attribute("data-room", "away")
    expect(card(page, "rmssd_60s")).not_to_have_text(re.compile(r"\d\d ?ms"))
    room.silent = False
    expect(page.locator("[data-console]")).to_have_attribute("data-room", "here")


def test_a_device_that_is_lost_says_what_to_do(tab):
    page = tab("device_lost")
    expect(page.locator(".device", has_text="指夹传感器")).to_contain_text("连接断开，请检查线，接上后自动恢复")
    expect(page.locator(".strip.is-care")).to_contain_text("设备断开了接上后会自动继续")


def test_a_station_out_of_reach_is_said_calmly(tab):
    page = tab("uplink_down")
    expect(page.locator(".rail-uplink")).to_contain_text("数据先存在本机")
    expect(page.locator(".facts")).to_contain_text("已保存到本机")


def test_english_by_a_switch(tab):
    switch = tab("weak").locator(".language")
    expect(switch).to_have_text("English")
    page = tab("weak", switch.get_attribute("href"))
    expect(page.locator("[data-signal]")).to_have_text("Signal weak 31%")
    expect(page.locator("[data-press=stop]")).to_contain_text("Emergency stop")
    expect(card(page, "heart_rate").locator(".reason")).to_contain_text("warm the hand")
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator(".language")).to_have_attribute("href", "/?lang=zh")


def test_no_request_leaves_the_machine_and_the_small_font_is_enough(tab):
    page = tab("paced", new=True)
    expect(page.locator("[data-chart=rhythm] canvas").first).to_be_visible()
    page.evaluate("document.fonts.ready.then(() => true)")
    assert {urlsplit(url).hostname for url in page.asked if not url.startswith("data:")} == {"127.0.0.1"}
    fonts = [url for url in page.asked if "/fonts/noto" in url]
    assert any("page" in url for url in fonts)
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "default-src 'self'" in policy


def test_survives_a_reload_and_serves_several_browsers(tab):
    first, second = tab("paced"), tab("paced", "/?lang=en")
    first.reload()
    expect(card(first, "heart_rate").locator(".number")).to_have_text(NUMBER)
    expect(card(second, "heart_rate").locator(".number")).to_have_text(NUMBER)
    before = first.locator("[data-console]").get_attribute("data-pulse")
    expect(first.locator("[data-console]")).not_to_have_attribute("data-pulse", before)


def test_nothing_is_cut_off_and_the_stop_is_in_view(tab):
    page = tab("weak", "/?lang=en")
    for width, height in ((1280, 800), (1440, 900), (1920, 1080), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        box = page.locator("[data-press=stop]").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        cut = page.evaluate("""[...document.querySelectorAll('.card, .side .button, .strip')]
            .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1).map((one) => one.className)""")
        assert cut == [], width


CONTRAST = """(least) => {
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
            const [r, g, b, a = 1] = parts(getComputedStyle(e).backgroundColor);
            if (a > 0) layers.push([r, g, b, a]);
            if (a === 1) break;
        }
        return layers.reverse().reduce((low, [r, g, b, a]) => [r, g, b].map((c, i) => c * a + low[i] * (1 - a)),
                                       [255, 255, 255]);
    };
    const weak = [];
    for (const element of document.querySelectorAll('.console *')) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility({checkVisibilityCSS: true})) continue;
        if (element.closest('button:disabled')) continue;
        const [a, b] = [light(parts(getComputedStyle(element).color).slice(0, 3)), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < least) weak.push(`${element.className}: ${ratio.toFixed(2)}`);
    }
    return weak;
}"""


@pytest.mark.parametrize("scene", ["idle", "artefacts", "weak", "device_lost", "stopped", "finished"])
def test_all_words_have_a_contrast_of_at_least_four_and_a_half(tab, scene):
    page = tab(scene)
    expect(page.locator("[data-signal]")).to_contain_text(NUMBER)
    assert page.evaluate(CONTRAST, 4.5) == []
    assert len(page.evaluate(CONTRAST, 22)) > 20, "no words have been looked at"
