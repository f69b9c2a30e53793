"""The real kiosk in a real window (Xvfb), in front of the real room socket; a pointer for a finger."""

import asyncio
import subprocess
import sys

import pytest

from gateway.live import EndSession, PacerView, PauseSession, ResumeSession, SignalView, StartSession

PAPER, DEEP, INNER = "F6F3EC", "16302D", "CFE8E0"


def texts(seen):
    return " ".join(word["text"] for word in seen["words"])


async def asked(room, kiosk, action):
    """The window goes on being drawn until the room has been asked for this."""
    await kiosk.until(lambda _: any(isinstance(one, action) for one in room.asked))


async def to_the_chair(face):
    """Through the first screens, to what is said before a session."""
    for place, text in (
        ("welcome", "开始"),
        ("privacy", "知道了"),
        ("consent", "下一步"),
        ("who", "18 到 59"),
        ("home", "放松一会儿"),
        ("relax", "坐椅子"),
    ):
        await face.at(place)
        await face.tap(text)
    await face.at("how")


async def test_a_start_asks_the_room_once_even_when_the_hand_trembles_and_not_when_the_finger_slides_off(
    room, kiosk, made
):
    room.show(made.chair())
    async with kiosk() as face:
        await to_the_chair(face)
        await face.xdotool("mousemove", *await face.spot("现在开始"), "mousedown", "1")
        await face.xdotool("mousemove", "640", "20", "mouseup", "1")
        await face.until(lambda seen: seen["ready"])
        assert room.asked == []
        await face.tap("现在开始", clicks=3)
        await asked(room, face, StartSession)
        await face.until(lambda seen: seen["ready"])
        assert room.asked == [StartSession(programme="resonance")]


async def test_a_refused_start_is_said_in_words_with_what_works_meanwhile(room, kiosk, made):
    room.show(made.chair())
    room.reply_code = "motion_locked"
    async with kiosk() as face:
        await to_the_chair(face)
        await face.tap("现在开始")
        await face.at("refused")
        await face.tap("跟着圆圈呼吸")
        seen = await face.at("solo")
        assert "还有" in texts(seen)


@pytest.mark.parametrize(
    ("second", "word", "fullness"), [(2.0, "慢慢吸气", 0.5), (7.0, "慢慢呼气", 0.5), (4.2, "慢慢呼气", 1.0)]
)
async def test_the_figure_is_where_the_pacer_is(room, kiosk, made, second, word, fullness):
    began_ns = 60_000_000_000
    room.show(made.paced(began_ns + round(second * 1e9), breath_began_ns=began_ns, speed=0.0))
    async with kiosk() as face:
        seen = await face.at("paced")
        assert word in texts(seen)
        assert seen["fullness"] == pytest.approx(fullness, abs=0.02)
        assert "68" in texts(seen)
        assert "次/分" in texts(seen)
        await face.until_colour(640, 400, INNER)
        await face.until_colour(5, 5, DEEP)


async def test_the_figure_breathes_with_the_clock_of_the_room_between_frames(room, kiosk, made):
    room.show(lambda passed_ns: made.paced(60_000_000_000 + 4 * passed_ns, speed=4.0))
    async with kiosk() as face:
        await face.at("paced")
        await face.until(lambda seen: "慢慢吸气" in texts(seen) and seen["fullness"] > 0.8)
        await face.until(lambda seen: "慢慢呼气" in texts(seen) and seen["fullness"] < 0.2)


async def test_without_motion_the_figure_stands_still_and_counts(room, kiosk, made):
    room.show(made.paced(61_000_000_000, breath_began_ns=60_000_000_000, speed=0.0))
    async with kiosk(motion=False) as face:
        seen = await face.at("paced")
        assert "3" in [word["text"] for word in seen["words"]]
        assert seen["fullness"] == pytest.approx(0.55)


async def test_a_weak_signal_shows_what_to_do_and_no_number(room, kiosk, made):
    weak = {
        "heart_rate": made.metric(None, "bpm", 0.2, "weak"),
        "coherence": made.metric(None, "%", 0.2, "too_many_artefacts"),
        "signal": SignalView(0.3, "weak"),
    }
    room.show(made.paced(62_000_000_000, speed=0.0, **weak))
    async with kiosk() as face:
        seen = await face.at("paced")
        assert "手指再放稳一点" in texts(seen)
        assert "信号稳了再显示" in texts(seen)
        assert "次/分" not in texts(seen)
        assert "100" not in texts(seen)


async def test_help_shows_a_number_and_holds_the_session(room, kiosk, made):
    room.show(made.frame(made.session(1, left_s=42.0)))
    async with kiosk() as face:
        await face.at("baseline")
        await face.tap("我需要帮助")
        seen = await face.at("hand_off")
        assert "12356" in texts(seen)
        await asked(room, face, PauseSession)
        room.show(made.frame(made.session(1, state="paused", reason="asked")))
        await face.tap("按错了")
        await face.at("paused_page")
        await face.tap("继续")
        await asked(room, face, ResumeSession)


async def test_ending_is_asked_for_twice_and_a_second_tap_at_the_same_place_keeps_going(room, kiosk, made):
    pacer = PacerView(6.0, 0.4, 0)
    room.show(made.frame(made.session(2, pacer=pacer)))
    async with kiosk() as face:
        await face.at("paced")
        await face.tap("结束")
        await face.at("end")
        same_place = await face.spot("接着做")
        await face.until(lambda seen: seen["ready"])
        await face.xdotool("mousemove", *same_place, "click", "1")
        await face.at("paced")
        assert room.asked == []
        await face.tap("结束")
        await face.at("end")
        await face.tap("结束")
        await asked(room, face, EndSession)
        room.show(made.frame(made.session(2, state="finished", ended="ended_early")))
        seen = await face.at("after")
        assert "停在这里也很好" in texts(seen)
        await face.tap("回到首页")
        await face.at("welcome")


async def test_the_room_goes_away_and_comes_back_by_itself(room, kiosk, made):
    room.show(made.frame(made.session(1)))
    async with kiosk() as face:
        await face.at("baseline")
        await room.close()
        seen = await face.at("away")
        assert "椅子会自己停稳" in texts(seen)
        await face.tap("我现在需要帮助")
        seen = await face.at("hand_off")
        assert "12356" in texts(seen)
        await face.tap("按错了")
        await face.at("away")
        room.show(made.frame())
        await room.open()
        await face.at("welcome")


async def test_large_text_and_language_change_the_page_and_are_forgotten_when_nobody_is_there(room, kiosk):
    idle = {"dim_s": 1.5, "ask_s": 2.0, "forget_s": 4.5, "help_factor": 1.0}
    async with kiosk(idle=idle) as face:
        await face.at("welcome")
        await face.until_colour(5, 5, PAPER)
        await face.tap("大字")
        await face.until(lambda seen: seen["text"] == pytest.approx(1.3))
        await face.tap("English")
        await face.until(lambda seen: seen["language"] == "en")
        await face.tap("Start")
        await face.at("privacy")
        seen = await face.until(lambda seen: seen["veil"] and "Are you still there?" in texts(seen))
        await face.xdotool("mousemove", *await face.spot("I am here"), "click", "1")
        seen = await face.until(lambda seen: not seen["veil"])
        assert seen["place"] == "privacy"
        seen = await face.until(lambda seen: seen["place"] == "welcome")
        assert (seen["language"], seen["text"]) == ("zh", 1.0)


async def test_keys_open_nothing_and_close_nothing(room, kiosk):
    async with kiosk() as face:
        await face.at("welcome")
        await face.xdotool("key", "F1", "Escape", "F11", "ctrl+e")
        await face.tap("开始")
        await face.at("privacy")


async def test_without_a_window_size_it_takes_the_whole_screen_and_works_there(room, kiosk):
    async with kiosk(fullscreen=True) as face:
        seen = await face.at("welcome")
        assert seen["size"] == [1280, 800]
        await face.tap("开始")
        await face.at("privacy")


async def test_the_process_ends_when_it_is_asked_to(room, kiosk):
    async with kiosk() as face:
        await face.at("welcome")
        face._process.terminate()
        async with asyncio.timeout(20):
            assert await face._process.wait() == 0


@pytest.mark.parametrize("display_name", ["", ":7654"])
def test_without_a_display_there_is_one_line_and_no_traceback(tmp_path, display_name):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "DISPLAY": display_name}
    ended = subprocess.run(
        [sys.executable, "-m", "xinyi", "kiosk"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "no display: " in ended.stderr
