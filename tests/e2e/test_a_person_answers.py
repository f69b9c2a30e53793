"""From a finger on a risk answer to a counsellor's answer on the same screen: real kiosk, broker, centre, command."""

import asyncio
import os
import sys

import pytest
from counter_parts import Room
from gateway_parts import until

from gateway.messages import RecordKind
from gateway.services.alerts import alert_steps, find_alerts
from gateway.sockets_folder import sockets_folder
from tests.kiosk.conftest import open_display, open_kiosk


@pytest.fixture
async def site(tmp_path):
    """A room's broker and centre; no room service, no internet."""
    with sockets_folder() as sockets:
        room = Room(tmp_path, sockets)
        try:
            await room.broker.start()
            await room.centre.start()
            yield room
        finally:
            await room.centre.stop()
            room.broker.kill()


@pytest.fixture
def screen():
    with open_display() as name:
        yield name


async def xinyi(site, *arguments):
    """A command of staff, as they type it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "xinyi",
        *arguments,
        env={**os.environ, "XINYI_CONFIG": str(site.file), "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def kiosk_of(site, screen, **more):
    options = {
        "data": str(site.config.data),
        "counter": str(site.config.centre_socket),
        "broker": site.config.broker.port,
        "house": {"seat": "3"},
        "secret": str(site.config.broker.secret),
    }
    return open_kiosk(screen, site.config.room_socket, **options | more)


async def to_home(face, *, consents=("回答几道题",), age="60"):
    """Through the first screens, as somebody does who reads them."""
    await face.at("welcome")
    await face.tap("开始")
    await face.at("privacy")
    await face.tap("知道了")
    await face.at("consent")
    for each in consents:
        await face.tap(each)
    await face.tap("下一步")
    await face.at("who")
    await face.tap(age)
    await face.at("home")


async def test_a_risk_answer_reaches_staff_and_their_answer_reaches_the_screen(site, screen):
    async with kiosk_of(site, screen) as face:
        await to_home(face)
        await face.tap("了解自己")
        await face.at("tests")
        await face.tap("快速")
        for instrument, option in (("who5", "从未"), ("phq4", "几乎每天"), ("phq9", "完全不会")):
            await face.at("intro")
            await face.tap("开始")
            seen = await face.at("question")
            number, count = 0, {"who5": 5, "phq4": 4, "phq9": 9}[instrument]
            while number < count:
                number += 1
                last = instrument == "phq9" and number == count
                before = [word["text"] for word in seen["words"]]
                await face.tap("好几天" if last else option)
                if last:
                    await face.tap("下一题")
                    break
                seen = await face.until(
                    lambda seen, before=before: (
                        seen["place"] != "question" or [word["text"] for word in seen["words"]] != before
                    )
                )
        await face.at("hand_off")
        await until(lambda: site.stored(RecordKind.ALERT_EVENT) >= 1, "the alert is at the centre")
        await face.tap("请工作人员过来")
        await face.at("staff")
        listed = await xinyi(site, "duty")
        assert "3" in listed
        await xinyi(site, "duty", "ack", "latest", "--actor", "王老师")
        await face.until(lambda seen: any("看到了" in word["text"] for word in seen["words"]))
        with site.reading() as rows:
            (row,) = (each for each in find_alerts(rows) if each.tier == "red")
            steps = [str(step.step) for step in alert_steps(rows, row.alert)]
        assert row.status == "acknowledged"
        assert steps[0] == "raised"
        assert "acknowledged" in steps
        assert site.stored(RecordKind.ASSESSMENT) == 3
        await xinyi(site, "duty", "close", str(row.alert), "--actor", "王老师", "--done", "陪着坐了一会儿，家人来接")
        with site.reading() as rows:
            assert find_alerts(rows, statuses=("closed",))[0].alert == row.alert


async def test_with_the_centre_away_the_numbers_come_first_and_the_call_goes_out_when_it_is_back(site, screen):
    await site.centre.stop()
    async with kiosk_of(site, screen) as face:
        await face.at("welcome")
        await face.tap("帮助")
        seen = await face.at("hand_off")
        assert any("12356" in word["text"] for word in seen["words"])
        await face.until(lambda seen: any("没有送到" in word["text"] for word in seen["words"]))
        await site.centre.start()
        await until(lambda: site.stored(RecordKind.ALERT_EVENT) >= 1, "the alert is at the centre")
        await face.until(lambda seen: not any("没有送到" in word["text"] for word in seen["words"]))


async def test_the_broker_dead_a_call_still_reaches_staff(site, screen):
    async with kiosk_of(site, screen) as face:
        await face.at("welcome")
        site.broker.kill()
        await face.tap("帮助")
        await face.at("hand_off")
        await until(lambda: site.stored(RecordKind.ALERT_EVENT) >= 1, "the alert is at the centre")
