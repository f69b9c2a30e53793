"""Nothing of the last person remains: screen, memory, files, words of the process, clipboard."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from tests.kiosk.test_window_visit import CODE, says, texts, to_codes, typed
from tests.kiosk.traces import Selections, in_files, in_memory

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "xinyi-kiosk.service"
PIN = "2749"
IDLE = {"dim_s": 5.0, "ask_s": 7.0, "forget_s": 15.0, "help_factor": 1.0}


def memory_settings():
    """What the unit of a real kiosk says of memory."""
    said = " ".join(re.findall(r"^Environment=(.*MALLOC.*)$", UNIT.read_text("utf-8"), re.MULTILINE))
    return dict(pair.split("=", 1) for pair in said.split())


@pytest.fixture
def home(tmp_path, cuts):
    """A home, a cache and a folder for temporary files of this kiosk alone; the typeface is that of all."""
    cache = tmp_path / "cache" / "xinyi"
    cache.mkdir(parents=True)
    (cache / "fonts").symlink_to(cuts.regular.parent)
    (tmp_path / "tmp").mkdir()
    return {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache.parent), "TMPDIR": str(tmp_path / "tmp")}


async def picture(face):
    """Every pixel of the welcome page once nothing changes any more, the pointer out of the way."""
    await face.xdotool("mousemove", "1279", "799")
    before = None
    async with asyncio.timeout(30):
        while True:
            await face.until(lambda seen: seen["place"] == "welcome" and seen["faded"] and "新华社区" in texts(seen))
            shown = await asyncio.create_subprocess_exec(
                "import", "-display", face._display, "-window", "root", "-depth", "8", "rgb:-", stdout=subprocess.PIPE
            )
            now = (await shown.communicate())[0]
            if now == before:
                return now
            before = now


async def says_who_they_are(face):
    """Somebody types their code and PIN, and answers a question; then their code is nowhere on the screen."""
    await to_codes(face)
    await face.tap("我已经有码")
    await face.at("code")
    await typed(face, CODE)
    await face.tap("下一步")
    await face.at("pin")
    await typed(face, PIN)
    await face.until(lambda seen: texts(seen).count("•") == 4)
    assert in_memory(face._process.pid, CODE) > 0, "the search finds what is there"
    assert in_memory(face._process.pid, PIN) > 0
    await face.tap("下一步")
    await face.until(lambda seen: seen["place"] == "code" and "连不上" in texts(seen))
    await face.tap("返回")
    await face.at("file")
    await face.tap("这次不用")
    await face.at("home")
    await face.tap("了解自己")
    await face.at("tests")
    await face.tap("快速了解自己")
    await face.at("intro")
    await face.tap("开始")
    await face.until(says("第 1 题"))
    await face.tap("大部分时间")
    await face.until(says("第 2 题"))


async def test_whoever_goes_leaves_nothing_behind(room, kiosk, display, home, tmp_path):
    data, said = tmp_path / "data", tmp_path / "said"
    data.mkdir()
    selections = Selections(display)
    with said.open("wb") as stderr:
        async with kiosk(idle=IDLE, data=str(data), environment=home | memory_settings(), stderr=stderr) as face:
            fresh = await picture(face)
            await says_who_they_are(face)
            selections.take(CODE)
            await face.at("welcome")
            assert await picture(face) == fresh
            assert in_memory(face._process.pid, CODE) == 0
            assert in_memory(face._process.pid, PIN) == 0
            assert selections.owned() == ([], 0)
    for word in (CODE, PIN, "who5"):  # what was answered waits for the centre, sealed
        assert in_files(tmp_path, word) == []
    assert (data / "outbox-kiosk-1.sqlite").exists()
    assert CODE.encode() not in said.read_bytes()
    selections.close()
