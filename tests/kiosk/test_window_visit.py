"""A finger in a real window, no centre: a visit from the welcome to goodbye, codes and PINs, touches that miss."""

import re

import pytest

from care.codes import ALPHABET, LENGTH, new_code, shown

_VALUES = iter(range(3, 30, 2))
CODE = new_code(lambda _: next(_VALUES))
"""No sign of it stands twice in a row: a key that is pressed twice at once was trembling."""


def texts(seen):
    return " ".join(word["text"] for word in seen["words"])


def says(text):
    return lambda seen: text in texts(seen)


async def to_consents(face):
    await face.at("welcome")
    await face.tap("开始")
    await face.at("privacy")
    await face.tap("知道了")
    return await face.at("consent")


async def to_codes(face):
    """To the choice of a code: it is asked once somebody wants their answers kept; being asked comes first."""
    await to_consents(face)
    for number, consent in enumerate(("回答几道题", "记在 8 位码下面"), 1):
        await face.tap(consent)
        await face.until(lambda seen, number=number: texts(seen).count("同意 ") >= number)
    await face.tap("下一步")
    await face.at("who")
    await face.tap("60 岁以上")
    await face.at("file")


def by_place(seen):
    """Words from the top left on, as one reads them."""
    return sorted(seen["words"], key=lambda word: (round(word["ink"][1] / 20), word["ink"][0]))


async def typed(face, signs):
    """One key after another, as fast as a hand can."""
    for sign in signs:
        seen = await face.look()
        x, y, wide, high = [word["ink"] for word in seen["words"] if word["text"] == sign][-1]
        await face.xdotool("mousemove", str(round(x + wide / 2)), str(round(y + high / 2)), "click", "1")


async def test_a_visit_goes_from_the_welcome_to_goodbye(room, kiosk):
    async with kiosk() as face:
        await to_consents(face)
        await face.tap("回答几道题")
        await face.until(says("同意 "))
        await face.tap("下一步")
        await face.at("who")
        await face.tap("18 到 59 岁")
        await face.at("home")
        await face.tap("了解自己")
        await face.at("tests")
        await face.tap("快速了解自己")
        await face.at("intro")
        await face.tap("开始")
        seen = await face.until(says("第 1 题，共 5 题"))
        assert "下一题" not in texts(seen)
        await face.tap("大部分时间")
        await face.until(says("第 2 题"))
        await face.tap("上一题")
        seen = await face.until(says("第 1 题"))
        assert "下一题" in texts(seen)  # it was answered before
        await face.tap("下一题")
        for number in range(2, 6):
            await face.until(says(f"第 {number} 题"))
            await face.tap("大部分时间")
        seen = await face.at("intro")
        assert "接着再答几道" in texts(seen)
        await face.tap("先答到这里")
        seen = await face.at("result")
        assert not re.search(r"\d", texts(seen))
        await face.tap("带走一份")
        seen = await face.at("take")
        assert "12356" in texts(seen)
        await face.tap("好了")
        await face.at("home")
        await face.tap("用完了")
        await face.at("bye")
        await face.tap("好")
        await face.at("welcome")


@pytest.mark.validation
async def test_in_large_text_an_answer_waits_and_is_marked_where_it_stands(room, kiosk):
    async with kiosk() as face:
        await to_consents(face)
        await face.tap("大字")
        await face.until(lambda seen: seen["text"] > 1)
        await face.tap("回答几道题")
        await face.until(says("同意 "))
        await face.tap("下一步")
        await face.at("who")
        await face.tap("18 到 59 岁")
        await face.at("home")
        await face.tap("了解自己")
        await face.at("tests")
        await face.tap("快速了解自己")
        await face.at("intro")
        await face.tap("开始")
        before = await face.until(says("第 1 题"))
        await face.tap("下一题")  # pale: nothing is marked
        await face.tap("大部分时间")
        after = await face.until(lambda seen: seen["ready"])
        assert "第 1 题" in texts(after)
        assert [word["text"] for word in after["words"]] == [word["text"] for word in before["words"]]
        await face.tap("下一题")
        await face.until(says("第 2 题"))


async def test_a_new_code_gets_a_pin_that_is_never_on_the_screen(room, kiosk):
    async with kiosk() as face:
        await to_codes(face)
        await face.tap("要一个新的码")
        seen = await face.at("new_code")
        code = [word["text"] for word in seen["words"] if word["text"] in ALPHABET]
        assert len(code) == LENGTH
        await face.tap("抄好了")
        await face.at("new_pin")
        await typed(face, "1234")
        await face.until(lambda seen: texts(seen).count("•") == 4)
        await face.tap("下一步")
        await face.until(says("太好猜"))
        await typed(face, "2749")
        seen = await face.until(lambda seen: texts(seen).count("•") == 4)
        assert all(texts(seen).count(digit) == 1 for digit in "279")  # the keys themselves
        await face.tap("下一步")
        await face.at("pin_again")
        await typed(face, "2748")
        await face.tap("下一步")
        await face.until(says("两次不一样"))
        for place in ("new_pin", "pin_again"):
            await face.at(place)
            await typed(face, "2749")
            await face.until(lambda seen: texts(seen).count("•") == 4)
            await face.tap("下一步")
        await face.at("home")
        await face.tap("看我的变化")
        seen = await face.at("trend")
        assert "还没有记录" in texts(seen)


@pytest.mark.validation
async def test_a_code_is_typed_erased_and_asked_for_and_nobody_answers(room, kiosk):
    async with kiosk() as face:
        await to_codes(face)
        await face.tap("我已经有码")
        await face.at("code")
        other = next(sign for sign in ALPHABET if sign not in CODE)
        await typed(face, CODE[:-1] + other)
        await face.tap("下一步")
        await face.until(says("有一位不对"))
        await face.tap("删除")
        await typed(face, CODE[-1])
        await face.until(lambda seen: shown(CODE) in "".join(word["text"] for word in by_place(seen)))
        await face.tap("下一步")
        await face.at("pin")
        await typed(face, "2749")
        await face.tap("下一步")
        seen = await face.until(lambda seen: seen["place"] == "code" and "连不上" in texts(seen))
        assert "您的记录还在" in texts(seen)


async def test_a_touch_beside_a_target_is_taken_for_it_and_one_between_two_for_none(room, kiosk):
    async with kiosk() as face:
        await to_consents(face)
        seen = await face.until(lambda seen: seen["ready"])
        first, second = [box for box in seen["targets"] if box[2] > 1000][:2]
        between = str(round((first[1] + first[3] + second[1]) / 2))
        await face.xdotool("mousemove", "640", between, "click", "1")
        beside = str(round(first[0] + first[2] + 12))
        await face.xdotool("mousemove", beside, str(round(first[1] + 60)), "click", "1")
        seen = await face.until(says("同意 "))
        assert [word["text"] for word in seen["words"]].count(
            "先不"
        ) == 2  # only the one beside which the finger came down
