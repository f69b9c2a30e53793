"""Reading aloud with the real espeak-ng and the real aplay; what the card would play lands in a file or a pipe.

Only the headset is made up: `ask` says what the card would say.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from kiosk.headset import Headset, look, plugged
from kiosk.voice import Voice, recording_key

PATIENCE_S = 30
TEXT = "夜里睡不着，先定一个起床的时间。打 12356 也可以。"
LONG = TEXT * 40

CARD = """
pcm.sysdefault {{
  @args [ CARD ]
  @args.CARD {{ type string default "none" }}
  type plug
  slave.pcm {{
    type file
    format "wav"
    file {{ @func concat strings [ "{folder}/" $CARD ".wav" ] }}
    slave.pcm {{ type null }}
  }}
}}
"""


@pytest.fixture
def sound_system(tmp_path, monkeypatch):
    """ALSA with cards that write into this folder."""
    (tmp_path / "asound.conf").write_text(CARD.format(folder=tmp_path))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    return tmp_path


class Socket:
    """The headset's socket."""

    def __init__(self, state=Headset.WORN):
        self.state = state
        self.cards = []

    def __call__(self, card):
        self.cards.append(card)
        return self.state


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


async def read_out(voice, text, language="zh"):
    voice.say(text, language)
    assert voice.speaking
    await until(lambda: not voice.speaking)


def heard(path):
    """Seconds and loudness; the head of a stream does not know its length."""
    samples = np.frombuffer(path.read_bytes()[44:], "<i2").astype(float)
    return len(samples) / 22050, float(np.sqrt(np.mean(samples**2)))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("text", "language"), [(TEXT, "zh"), ("Breathe out slowly, then call 12356.", "en")])
async def test_a_text_becomes_sound_on_the_headset_and_only_there(sound_system, text, language):
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        assert voice.available
        await read_out(voice, text, language)
        assert voice.problem == ""
    assert [path.name for path in sound_system.glob("*.wav")] == ["Headset.wav"]
    seconds, loudness = heard(sound_system / "Headset.wav")
    assert 2.5 < seconds < 20
    assert loudness > 500


async def test_rate_makes_it_faster_within_its_limits(sound_system):
    lengths = []
    for rate in (0.2, 0.8, 1.2, 9.0):
        async with Voice("headset", "Headset", rate, ask=Socket()) as voice:
            await read_out(voice, TEXT)
        lengths.append(heard(sound_system / "Headset.wav")[0])
    assert lengths[0] == lengths[1] > lengths[2] == lengths[3]


async def test_a_recording_takes_the_place_of_the_voice(sound_system):
    recordings = sound_system / "recordings"
    recordings.mkdir()
    with wave.open(str(recordings / f"{recording_key(TEXT)}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes((np.ones(22050) * 1234).astype("<i2").tobytes())
    async with Voice("headset", "Headset", recordings=recordings, ask=Socket()) as voice:
        await read_out(voice, TEXT)
        played = np.frombuffer((sound_system / "Headset.wav").read_bytes()[44:], "<i2")
        assert np.count_nonzero(played == 1234) == 22050
        assert not np.any(played[22050:]), "the rest of the card's last period is silence"
        await read_out(voice, "没有录音的一句话，照常念出来。")
    assert heard(sound_system / "Headset.wav")[0] > 2


async def test_again_repeats_the_last_text_until_it_is_forgotten(sound_system):
    path = sound_system / "Headset.wav"
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        await read_out(voice, TEXT)
        first = path.read_bytes()
        path.unlink()
        voice.again()
        await until(lambda: not voice.speaking)
        assert path.read_bytes() == first
        voice.forget()
        voice.again()
        assert not voice.speaking
        assert TEXT not in repr(vars(voice))


async def test_nothing_of_a_text_stands_on_a_command_line_and_stop_ends_the_programs(sound_system):
    os.mkfifo(sound_system / "Headset.wav")  # a card that never takes anything: both programs wait
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        voice.say(LONG, "zh")
        await until(lambda: len(voice._running) == 2)
        pids = [process.pid for process in voice._running]
        await until(lambda: {_name(pid) for pid in pids} == {"espeak-ng", "aplay"})
        for pid in pids:
            line = Path(f"/proc/{pid}/cmdline").read_text("utf-8")
            assert not any(character in line for character in TEXT if not character.isascii())
            assert "夜里" not in Path(f"/proc/{pid}/environ").read_text("utf-8")
        voice.stop()
        assert not any(alive(pid) for pid in pids)
        assert not voice.speaking


def _name(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


async def test_a_new_text_ends_the_one_before(sound_system):
    os.mkfifo(sound_system / "Headset.wav")
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        voice.say(LONG, "zh")
        await until(lambda: len(voice._running) == 2)
        before = [process.pid for process in voice._running]
        voice.say(TEXT, "zh")
        assert not any(alive(pid) for pid in before)
        await until(lambda: len(voice._running) == 2)
    assert not voice._running


@pytest.mark.parametrize("state", [Headset.UNPLUGGED, Headset.NO_CARD, Headset.CANNOT_TELL])
async def test_without_a_headset_nothing_is_said(sound_system, state):
    socket = Socket(state)
    async with Voice("headset", "Headset", ask=socket) as voice:
        assert not voice.available
        assert voice.problem == state
        looked = len(socket.cards)
        voice.say(TEXT, "zh")
        await until(lambda: not voice.speaking)
        assert len(socket.cards) > looked, "the card is asked anew before anything is said"
    assert not list(sound_system.glob("*.wav"))


async def test_a_headset_that_is_pulled_out_ends_the_reading(sound_system):
    os.mkfifo(sound_system / "Headset.wav")
    socket = Socket()
    async with Voice("headset", "Headset", ask=socket) as voice:
        voice.say(LONG, "zh")
        await until(lambda: len(voice._running) == 2)
        pids = [process.pid for process in voice._running]
        socket.state = Headset.UNPLUGGED
        await until(lambda: not voice.speaking)
        assert not any(alive(pid) for pid in pids)
        assert voice.problem == "unplugged"
        socket.state = Headset.WORN
        await until(lambda: voice.available)


async def test_a_card_that_will_not_play_is_told_and_tried_again_with_the_next_text(sound_system):
    (sound_system / "Headset.wav").mkdir()  # cannot be opened for writing
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        await read_out(voice, TEXT)
        await until(lambda: voice.problem == "no_output")
        (sound_system / "Headset.wav").rmdir()
        await read_out(voice, TEXT)
        assert heard(sound_system / "Headset.wav")[0] > 2


async def test_off_and_a_missing_program_are_told_apart(tmp_path, monkeypatch):
    async with Voice("off", "Headset", ask=Socket()) as voice:
        voice.say(TEXT, "zh")
        assert (voice.available, voice.problem, voice.speaking) == (False, "off", False)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Voice("headset", "Headset", ask=Socket()) as voice:
        voice.say(TEXT, "zh")
        assert (voice.available, voice.problem, voice.speaking) == (False, "no_program", False)


KIOSK = """
import asyncio, json
from kiosk.headset import Headset
from kiosk.voice import Voice
async def main():
    async with Voice("headset", "Headset", ask=lambda card: Headset.WORN) as voice:
        voice.say("夜里睡不着。" * 99, "zh")
        while len(voice._running) < 2:
            await asyncio.sleep(0.01)
        print(json.dumps([process.pid for process in voice._running]), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_when_the_kiosk_dies_the_voice_falls_silent(sound_system):
    os.mkfifo(sound_system / "Headset.wav")
    kiosk = subprocess.Popen([sys.executable, "-c", KIOSK], stdout=subprocess.PIPE)
    pids = json.loads(await asyncio.to_thread(kiosk.stdout.readline))
    await until(lambda: {_name(pid) for pid in pids} == {"espeak-ng", "aplay"})
    kiosk.send_signal(signal.SIGKILL)
    kiosk.wait()
    kiosk.stdout.close()
    await until(lambda: not any(alive(pid) for pid in pids))


def test_a_usb_headset_is_there_while_its_card_is(tmp_path):
    assert look("Headset", tmp_path) is Headset.NO_CARD
    (tmp_path / "Headset" / "pcm0p").mkdir(parents=True)
    (tmp_path / "Headset" / "usbid").write_text("0d8c:0014\n")
    assert look("Headset", tmp_path) is Headset.WORN


def test_a_card_that_only_records_is_no_headset(tmp_path):
    (tmp_path / "Webcam" / "pcm0c").mkdir(parents=True)
    (tmp_path / "Webcam" / "usbid").write_text("046d:0825\n")
    assert look("Webcam", tmp_path) is Headset.NO_CARD


@pytest.mark.parametrize("card", ["", "../asound/Headset"])
def test_a_card_without_a_name_is_none(tmp_path, card):
    (tmp_path / "asound" / "Headset" / "pcm0p").mkdir(parents=True)
    assert look(card, tmp_path / "asound") is Headset.NO_CARD


def test_a_card_that_amixer_cannot_ask_is_not_spoken_to(tmp_path):
    (tmp_path / "NoSuchCard" / "pcm0p").mkdir(parents=True)
    assert look("NoSuchCard", tmp_path) is Headset.CANNOT_TELL


def control(number, name, value):
    return f"numid={number},iface=CARD,name='{name}'\n  ; type=BOOLEAN,access=r-------,values=1\n  : values={value}\n"


VOLUME = "numid=1,iface=MIXER,name='Headphone Playback Switch'\n  ; type=BOOLEAN,values=2\n  : values=on,on\n"


@pytest.mark.parametrize(
    ("contents", "state"),
    [
        (control(9, "Headphone Jack", "on"), Headset.WORN),
        (control(9, "Headphone Jack", "off"), Headset.UNPLUGGED),
        (control(9, "Front Headphone Jack", "on") + control(10, "Line Out Jack", "off"), Headset.WORN),
        (control(9, "Headphone Jack", "off") + control(10, "Speaker Phantom Jack", "on"), Headset.UNPLUGGED),
        (control(9, "Headphone Phantom Jack", "on"), Headset.CANNOT_TELL),  # always on: nothing is measured
        (control(9, "Headphone Mic Jack", "on"), Headset.CANNOT_TELL),
        (VOLUME, Headset.CANNOT_TELL),
        ("", Headset.CANNOT_TELL),
    ],
)
def test_only_a_socket_that_says_on_is_a_headset(contents, state):
    assert plugged(VOLUME + contents) is state
