"""The player in a process of its own, on SDL's disk driver: what the loudspeaker would get lies in a file.

The driver writes in real time, so a test lasts as long as what it hears; the machine that has no audio output is the
real one, without a driver that takes everything.
"""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from care.sounds import sounds
from kiosk import sound_files

RATE_HZ = 44_100
BUFFER = 2048
"""A few of SDL's buffers; anything shorter is its own business."""


@pytest.fixture
def folder(tmp_path):
    """Three sounds that can be told apart: a steady hiss, a low tone with an end, a high bell."""
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    hiss = 0.4 * np.random.default_rng(5).uniform(-1, 1, len(t))
    tone, bell = (0.4 * np.sin(2 * np.pi * pitch * t) for pitch in (200, 1600))
    for key, seconds, sound in (("hiss", 3.0, hiss), ("tone", 2.0, tone), ("bell", 0.5, bell)):
        with wave.open(str(tmp_path / f"{key}.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            samples = (sound[: int(seconds * RATE_HZ)] * 32767).astype("<i2")
            file.writeframes(np.repeat(samples, 2).tobytes())
    return tmp_path


def play(folder, *steps, driver="disk"):
    """What the player said, and what was heard of the left channel."""
    heard = folder / "heard.raw"
    command = [sys.executable, str(Path(__file__).with_name("sound_under_test.py")), driver, heard, folder]
    done = subprocess.run([*command, json.dumps(steps)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    samples = np.fromfile(heard, "<i2").reshape(-1, 2)[:, 0] / 32767 if heard.exists() else np.zeros(0)
    return json.loads(done.stdout.splitlines()[-1]), samples


def loudness(samples, window=BUFFER):
    return np.sqrt(np.mean(samples[: len(samples) // window * window].reshape(-1, window) ** 2, axis=1))


def pitch_share(samples, pitch):
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    f = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return power[np.abs(f - pitch) < 30].sum() / power.sum()


def test_what_flows_on_is_repeated_without_a_hole_and_never_too_loud(folder):
    said, heard = play(folder, ["play", "hiss", 0.1], ["settle"], ["wait", 4.0])
    assert (said["playing"], said["problem"]) == ("hiss", "")
    levels = loudness(heard)
    sounding = np.flatnonzero(levels > 0.01)
    assert (sounding[-1] - sounding[0]) * BUFFER / RATE_HZ > 3.2, "more than one round"
    assert levels[sounding[0] + 4 : sounding[-1] - 4].min() > 0.05, "no hole between two rounds"
    assert np.abs(heard).max() <= 0.85 * 0.4 * 1.45  # two rounds at equal power, in step at worst


def test_a_stop_fades_and_is_silent_afterwards(folder):
    said, heard = play(folder, ["play", "hiss", 0], ["settle"], ["wait", 0.3], ["stop", 1.0], ["wait", 1.6])
    assert said["playing"] == ""
    levels = loudness(heard)
    loud = levels.max()
    fading = levels[(levels > 0.02 * loud) & (levels < 0.9 * loud)]
    assert len(set(np.round(fading, 2))) >= 3, "it goes down by steps and is not cut off"
    assert levels[-4:].max() == 0


def test_another_sound_takes_over_and_a_bell_rings_over_it(folder):
    said, heard = play(
        folder,
        ["play", "hiss", 0],
        ["settle"],
        ["wait", 0.4],
        ["play", "tone", 0.2],
        ["wait", 1.0],
        ["ring", "bell"],
        ["wait", 0.6],
    )
    assert said["playing"] == "tone"
    pieces = heard[: len(heard) // 4096 * 4096].reshape(-1, 4096)
    shares = [(pitch_share(each, 200), pitch_share(each, 1600)) for each in pieces if each.any()]
    assert shares[0][0] < 0.1, "first the hiss alone"
    together = [low + high for low, high in shares if low > 0.2 and high > 0.2]
    assert len(together) >= 3, "the bell over the tone"
    assert np.median(together) > 0.95, "and nothing of the hiss is left"


def test_volume_has_limits_and_follows_the_ear(folder):
    loud, heard_loud = play(folder, ["volume", 7.0], ["play", "hiss", 0], ["settle"], ["wait", 0.6])
    half, heard_half = play(folder, ["volume", 0.5], ["play", "hiss", 0], ["settle"], ["wait", 0.6])
    assert (loud["volume"], half["volume"]) == (1.0, 0.5)
    assert np.abs(heard_loud).max() <= 0.85 * 0.4 + 0.01
    assert np.abs(heard_half).max() / np.abs(heard_loud).max() == pytest.approx(0.25, abs=0.02)


def test_a_wish_that_was_withdrawn_while_it_was_prepared_is_never_heard(folder):
    said, heard = play(folder, ["play", "hiss", 0], ["stop", 0], ["wait", 0.5])
    assert said["playing"] == ""
    assert not heard.any()


def test_a_file_that_cannot_be_had_is_told(folder):
    said, _ = play(folder, ["play", "snow", 0], ["settle"])
    assert (said["playing"], said["problem"]) == ("", "no_file")


def test_a_machine_without_audio_output_says_so_and_goes_on(folder, monkeypatch):
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")  # no card, whatever the machine has
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    said, heard = play(folder, ["play", "hiss", 0], ["settle"], ["ring", "bell"], ["stop", 0], ["wait", 0.2], driver="")
    assert said["problem"] == "no_output"
    assert not len(heard)


def test_files_are_made_once_and_old_ones_are_put_away(tmp_path):
    bell = sounds()["inhale"]
    path = sound_files.make(bell, tmp_path)
    before = path.stat().st_mtime_ns
    (tmp_path / "inhale-0-1s-9.wav").write_bytes(b"older")
    assert sound_files.main(["inhale"], tmp_path) == ""
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    said = sound_files.main(["inhale"], tmp_path / "file")
    assert said.startswith(f"xinyi kiosk: sounds cannot be kept in {tmp_path}/file (")
    assert "\n" not in said
