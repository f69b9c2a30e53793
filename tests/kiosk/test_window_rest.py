"""A finger in a real window, no centre: being called for, numbers, an exercise, an article, an appointment."""

import pytest

from gateway.live import StartSession, SummaryView

EXERCISE = """
key = "short"
version = 1
title_zh = "歇一歇"
title_en = "A pause"
about_zh = "两步"
about_en = "Two steps"

[[steps]]
seconds = 3
zh = "双手握住"
en = "Make fists"
part = "hands"
act = "tense"

[[steps]]
seconds = 3
zh = "慢慢松开"
en = "Let go slowly"
part = "hands"
act = "release"
"""


def texts(seen):
    return " ".join(word["text"] for word in seen["words"])


def says(text):
    return lambda seen: text in texts(seen)


async def to_home(face, *, age="18 到 59", agrees=False):
    """Through the first screens."""
    await face.at("welcome")
    await face.tap("开始")
    await face.at("privacy")
    await face.tap("知道了")
    await face.at("consent")
    if agrees:
        await face.tap("回答几道题")
        await face.until(says("同意 "))
    await face.tap("下一步")
    await face.at("who")
    await face.tap(age)
    await face.at("home")


async def test_help_between_two_questions_puts_the_numbers_first_and_leads_back_to_the_question(room, kiosk):
    """From a risk answer it is the same way: tests/e2e/test_a_person_answers.py, with staff who answer."""
    async with kiosk() as face:
        await to_home(face, agrees=True)
        await face.tap("了解自己")
        await face.at("tests")
        await face.tap("最近的压力")
        await face.at("intro")
        await face.tap("开始")
        await face.until(says("第 1 题"))
        await face.tap("很少时候")
        await face.until(says("第 2 题"))
        await face.tap("我需要帮助")
        seen = await face.at("hand_off")
        assert "谢谢您愿意说出来" in texts(seen)
        seen = await face.until(says("没有送到"))
        cards = [word["text"] for word in seen["words"]]
        assert cards.index("给我一个电话") < cards.index("请工作人员过来")
        await face.tap("请工作人员过来")
        seen = await face.at("staff")
        assert "先别一个人等" in texts(seen)
        assert "12356" in texts(seen)
        await face.tap("返回")
        await face.at("hand_off")
        await face.tap("我先看看")
        seen = await face.at("question")
        assert "第 2 题" in texts(seen)


@pytest.mark.validation
async def test_help_shows_numbers_with_what_they_are_for_and_a_mistake_is_said_with_one_tap(room, kiosk):
    async with kiosk() as face:
        await face.at("welcome")
        await face.tap("帮助")
        await face.at("hand_off")
        await face.until(says("没有送到"))
        await face.tap("给我一个电话")
        seen = await face.at("help")
        for said in ("12356", "12345", "120", "110", "24 小时", "不会替您拨号"):
            assert said in texts(seen)
        await face.tap("返回")
        await face.at("hand_off")
        await face.tap("按错了")
        await face.at("welcome")


@pytest.mark.validation
async def test_an_exercise_goes_through_its_steps_and_ends_by_itself(room, kiosk):
    async with kiosk(exercise=EXERCISE) as face:
        await to_home(face)
        await face.tap("放松一会儿")
        await face.at("relax")
        await face.tap("歇一歇")
        seen = await face.at("exercise")
        assert "双手握住" in texts(seen)
        assert "收紧" in texts(seen)
        await face.until(says("慢慢松开"))
        await face.until(says("做完了"))
        await face.at("relax")


@pytest.mark.validation
async def test_an_article_is_read_page_by_page_and_back_leads_to_the_shelf(room, kiosk):
    async with kiosk() as face:
        await to_home(face)
        await face.tap("看一看")
        await face.at("read")
        await face.tap("夜里睡不着")
        seen = await face.at("piece")
        assert "第 1 页" in texts(seen)
        first = texts(seen)
        await face.tap("下一页")
        seen = await face.until(says("第 2 页"))
        assert texts(seen) != first
        await face.tap("上一页")
        await face.until(says("第 1 页"))
        while True:
            seen = await face.look()
            if "看完了" in texts(seen):
                break
            await face.tap("下一页")
            before = texts(seen)
            await face.until(lambda seen, before=before: texts(seen) != before)
        assert "一件小事" in texts(seen)
        await face.tap("看完了")
        await face.at("read")


async def test_an_appointment_is_asked_for_with_three_taps_and_leaves_a_code_and_no_promise(room, kiosk):
    async with kiosk() as face:
        await to_home(face)
        await face.tap("约一位咨询师")
        await face.at("book")
        await face.tap("和咨询师谈谈")
        await face.at("book_day")
        await face.tap("星期一到星期五")
        await face.at("book_part")
        await face.tap("上午")
        seen = await face.at("booked")
        assert "请记住这个号码" in texts(seen)
        code = [word["text"] for word in seen["words"] if len(word["text"]) == 9 and word["text"][4] == "-"]
        assert len(code) == 1
        await face.tap("好的")
        await face.at("home")


@pytest.mark.validation
async def test_the_rhythm_minute_is_led_by_the_room_and_ends_in_words(room, kiosk, made):
    summary = SummaryView(66.0, 70, 68.0, 44.0, 0.01, None, None, None, None, "")
    async with kiosk() as face:
        await to_home(face, agrees=True)
        await face.tap("测一测压力")
        await face.at("rhythm_how")
        await face.tap("现在开始")
        await face.until(lambda _: room.asked == [StartSession(programme="rhythm_check")])
        room.show(made.frame(made.session(0, programme="rhythm_check")))
        seen = await face.at("check")
        assert "椅子不会动" in texts(seen)
        room.show(made.frame(made.session(1, programme="rhythm_check")))
        seen = await face.at("baseline")
        assert "心率" not in texts(seen)
        room.show(
            made.frame(made.session(2, programme="rhythm_check", state="finished", ended="completed", summary=summary))
        )
        seen = await face.at("rhythm")
        assert "是正常的" in texts(seen)
        assert not [word for word in seen["words"] if any(sign.isdigit() for sign in word["text"])]
        await face.tap("回到首页")
        await face.at("home")
