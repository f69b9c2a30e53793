"""What the plots and the one line that matters make of a picture of the room; no browser needed."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scripted_picture import SCENES
from scripted_room import ScriptedRoom

from dashboards.console import plots
from dashboards.console.cards import crosses, interval_words, metric_now
from dashboards.console.fonts import page_face
from dashboards.console.head import reached
from dashboards.console.log import said
from dashboards.console.now import now_line, signal_words
from dashboards.console.summary import figures
from dashboards.console.words import Language, Texts, TextsError, table
from gateway.live import LogLine, Metric, PacerView, SignalView, TachogramPoint, Trace

ZH, EN = Texts("zh"), Texts("en")
S = 1_000_000_000


def frame(tmp_path, scene):
    room = ScriptedRoom(tmp_path / "unused.sock")
    room.show(scene)
    return room.frame()


def test_both_languages_have_the_same_words_with_the_same_gaps():
    assert table("zh").keys() == table("en").keys()
    gaps = {language: {key: set(text.split("{")[1:]) and _gaps(text) for key, text in table(language).items()}
            for language in get_args(Language)}  # fmt: skip
    assert gaps["zh"] == gaps["en"]


def _gaps(text):
    return {part.split("}")[0] for part in text.split("{")[1:]}


def test_no_words_shout_or_diagnose():
    for language in get_args(Language):
        for key, text in table(language).items():
            assert "!" not in text, key
            assert "！" not in text, key
            assert "异常" not in text, key


def test_a_missing_word_names_its_file_and_key(monkeypatch):
    table.cache_clear()
    monkeypatch.setattr("dashboards.console.words.tomllib.loads", lambda _: {"page": {"title": ""}})
    with pytest.raises(TextsError, match=r"texts/en\.toml: page\.title"):
        table("en")
    monkeypatch.undo()
    table.cache_clear()


def test_the_small_font_holds_every_character_of_our_words():
    from io import BytesIO

    from fontTools.ttLib import TTFont

    held = set(map(chr, TTFont(BytesIO(page_face().data)).getBestCmap()))
    words = {character for language in get_args(Language) for text in table(language).values() for character in text}
    assert words - held == set()


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("texts", [ZH, EN])
def test_every_scene_has_a_line_with_a_title(tmp_path, scene, texts):
    line = now_line(frame(tmp_path, scene), texts, met=True)
    assert line.title
    assert line.tone == {
        "empty": "care", "weak": "care", "device_lost": "care", "chair_fault": "care", "stopped": "stopped",
    }.get(scene, "calm")  # fmt: skip


def test_a_stop_outranks_everything_but_a_room_that_is_away(tmp_path):
    stopped = frame(tmp_path, "stopped")
    worse = replace(stopped, signal=SignalView(0.1, "weak"))
    assert now_line(worse, ZH, met=True).title == "已停止"
    assert now_line(None, ZH, met=True).title == "房间服务正在恢复，数据没有丢"
    assert now_line(None, ZH, met=False).title == "正在连接房间服务"


@pytest.mark.parametrize(("score", "words"), [(0.98, "信号良好 98%"), (0.6, "信号一般 60%"), (0.2, "信号偏弱 20%")])
def test_signal_words_follow_the_score(tmp_path, score, words):
    assert signal_words(replace(frame(tmp_path, "paced"), signal=SignalView(score)), ZH) == words


def test_heart_rate_is_sixty_thousand_over_the_interval():
    line, out = plots.rhythm(
        [TachogramPoint(59 * S, 800.0, "normal"), TachogramPoint(60 * S, 1000.0, "waiting")], 60 * S
    )
    assert line == [[-1.0, 75.0], [0.0, 60.0]]
    assert out == []


def test_a_beat_left_out_breaks_the_line_and_stays_in_the_frame():
    beats = [
        TachogramPoint(i * S, 900.0 if i != 30 else 300.0, "normal" if i != 30 else "ectopic") for i in range(1, 61)
    ]
    line, out = plots.rhythm(beats, 60 * S)
    assert [t for t, y in line if y is None] == [-30.0]
    assert [(t, label) for t, _, label in out] == [(-30.0, "ectopic")]
    (dot,) = plots._dots(out, 55, 75, ZH)
    assert 55 < dot["value"][1] < 75


def test_labels_of_beats_left_out_do_not_overlap():
    dots = plots._dots([(t, 70.0, "ectopic") for t in (-50.0, -48.0, -47.0, -30.0, -2.0)], 60, 80, ZH)
    assert [dot["label"]["show"] for dot in dots] == [True, False, False, True, True]
    assert dots[-1]["label"]["position"] == "left"


def test_an_interval_without_length_is_not_drawn():
    assert plots.rhythm([TachogramPoint(60 * S, 0.0, "normal")], 60 * S) == ([], [])


@given(st.lists(st.floats(25, 220), max_size=40))
def test_scale_holds_all_values_in_whole_steps(values):
    low, high = plots.scale(values, 5, 20)
    assert high - low >= 20
    assert low % 5 == 0
    assert high % 5 == 0
    assert all(low <= value <= high for value in values)


@given(st.floats(4, 7), st.floats(0.3, 0.6), st.integers(0, 10**12))
def test_breath_is_empty_at_its_beginning_and_full_at_the_end_of_breathing_in(rate, share, began):
    pacer = PacerView(rate, share, began)
    period_ns = 60e9 / rate
    assert plots.breath(began, pacer) == pytest.approx(0, abs=1e-9)
    assert plots.breath(began + share * period_ns, pacer) == pytest.approx(1, abs=1e-3)
    assert 0 <= plots.breath(began + 12.3e9, pacer) <= 1


def test_the_guide_follows_the_pacer_and_looks_ahead(tmp_path):
    guide = plots.tachogram(frame(tmp_path, "paced"), ZH)["series"][0]["data"]
    assert guide[0][0] >= -plots.WINDOW_S
    assert guide[-1][0] == pytest.approx(plots.AHEAD_S, abs=0.3)
    assert plots.tachogram(frame(tmp_path, "stopped"), ZH)["series"][0]["data"] == []


def test_traces_find_their_clock_also_after_the_session(tmp_path):
    over = frame(tmp_path, "finished")
    news = plots.skin_and_breath(over)
    assert -1 < news["series"][0]["data"][-1][0] <= 0.5


def test_a_trace_keeps_its_gaps_and_a_flat_one_looks_flat():
    points = plots.trace(Trace(0, S, [1.0, None, 1.0], "µS"), 2 * S)
    assert points == [[-2.0, 1.0], [-1.0, None], [0.0, 1.0]]
    low, high = plots.span(points, 0.2)
    assert high - low > 0.2
    assert plots.span([], 0.2) == (0.0, 1.0)


def test_the_line_is_broken_where_time_is_missing():
    beats = [TachogramPoint(second * S, 1000, "normal") for second in (1, 2, 3, 23, 24)]
    line, _ = plots.rhythm(beats, 25 * S)
    assert line == [[-24.0, 60.0], [-23.0, 60.0], [-22.0, 60.0], [-2.0, None], [-2.0, 60.0], [-1.0, 60.0]]


def test_traces_that_go_on_after_a_session_still_end_at_the_right_edge(tmp_path):
    over = frame(tmp_path, "finished")
    end = over.session.now_ns + 300 * S
    late = replace(over, now_ns=9000 * S, respiration=Trace(end - 59 * S, S, [0.0, 1.0] * 30, "1"))
    points = plots.skin_and_breath(late)["series"][1]["data"]
    assert points[-1][0] == 0
    assert len(points) == 60


def test_a_heart_signal_that_stopped_does_not_reach_the_right_edge(tmp_path):
    now = frame(tmp_path, "paced")
    now_ns = now.session.now_ns
    for age_s, reaches in ((1, True), (4, False)):
        heart = Trace(now_ns - (age_s + 1) * S, S, [0.0, 1.0], "mV")
        assert (plots.heart(replace(now, heart=heart))["xAxis"]["max"] == -age_s) is reaches


def test_a_relaxation_score_whose_interval_holds_no_change_claims_nothing(tmp_path):
    summary = frame(tmp_path, "finished").session.summary
    assert figures(summary, ZH)["relaxation"] == "64（58–70）"
    assert figures(replace(summary, relaxation_low=33), ZH)["relaxation"] == "33–70，看不出明显变化"
    assert crosses(Metric(98, "", 0.4, low=33, high=100))
    assert not crosses(Metric(98, "", 0.4, low=55, high=100))


def test_no_relaxation_score_is_shown_without_a_signal(tmp_path):
    live = frame(tmp_path, "paced")
    assert metric_now(live, "relaxation").value == 64
    gone = replace(live, signal=SignalView(0.0, "no_contact"))
    assert metric_now(gone, "relaxation").value is None
    assert metric_now(gone, "relaxation").reason == "no_contact"


def test_a_number_without_quality_is_a_dash_in_the_summary(tmp_path):
    summary = frame(tmp_path, "finished").session.summary
    weak = replace(summary, mean_hr_bpm=None, relaxation=None, artefact_share=None)
    assert figures(weak, ZH) | {} == figures(summary, ZH) | {"heart_rate": "—", "relaxation": "—", "excluded": "—"}
    assert math.isclose(summary.duration_s, 480)
    assert figures(summary, EN)["duration"] == "8:00"


def test_log_names_parts_devices_and_faces(tmp_path):
    session = frame(tmp_path, "paced").session
    names = {"berry-1": "指夹传感器"}
    assert said(session, LogLine(0, "segment_began", "breathing"), ZH, names) == "进入 · 跟着呼吸"
    assert said(session, LogLine(0, "device_back", "berry-1"), ZH, names) == "设备已接上 · 指夹传感器"
    assert said(session, LogLine(0, "stop_released", "console:wang"), ZH, names) == "已解除锁定 · 控制台"
    assert said(session, LogLine(0, "stop_asked", "console"), ZH, names) == "紧急停止 · 控制台"
    assert said(session, LogLine(0, "paused", "person_left"), ZH, names) == "暂停 · 来访者离开了椅子"
    assert said(session, LogLine(0, "paused", "asked"), ZH, names) == "暂停"
    assert said(session, LogLine(0, "pace_changed", "6.1"), ZH, names) == "呼吸节奏调整 · 6.1 次/分"
    assert said(session, LogLine(0, "mark", "asked"), ZH, names) == "标记 · asked"


def test_parts_that_never_began_are_not_ticked_when_a_session_ends_early(tmp_path):
    session = frame(tmp_path, "finished").session
    early = replace(session, log=[LogLine(0, "segment_began", part.key) for part in session.segments[:2]])
    assert [part.state for part in reached(early)] == ["done", "done", *["next"] * (len(session.segments) - 2)]
    assert reached(replace(session, log=[])) == session.segments


def test_an_interval_that_is_not_even_shows_both_ends():
    assert interval_words(64, 58, 70) == "±6"
    assert interval_words(97, 30, 100) == "30–100"
