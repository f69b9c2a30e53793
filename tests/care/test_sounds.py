"""The list of sounds: what is offered can be made, what is wrong is named."""

import io
import wave

import numpy as np
import pytest

from care.sounds import Sound, SoundsError, parse, samples, sounds, wav
from signals.soundscapes import RATE_HZ, SWELL_S

ONE = '[[sound]]\nkey = "{key}"\nshelf = "{shelf}"\ntitle_zh = "雨"\ntitle_en = "Rain"\nseconds = {seconds}\n'


def one(key="rain", shelf="nature", seconds="60"):
    return ONE.format(key=key, shelf=shelf, seconds=seconds)


def test_the_house_has_sounds_of_nature_music_of_its_own_and_bells():
    shelves = [sound.shelf for sound in sounds().values()]
    assert (shelves.count("nature"), shelves.count("music"), shelves.count("bell")) == (5, 3, 3)
    assert all(sound.ends == (sound.shelf != "nature") for sound in sounds().values())
    assert sounds()["sea"].seconds % SWELL_S == 0


def test_names_change_when_numbers_do():
    assert len({sound.stem for sound in sounds().values()}) == len(sounds())
    assert Sound("sea", "nature", "海", "Sea", 60).stem != Sound("sea", "nature", "海", "Sea", 70).stem


def test_a_wav_file_holds_the_samples():
    bell = sounds()["inhale"]
    with wave.open(io.BytesIO(wav(bell))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE_HZ)
        assert file.getnframes() == bell.seconds * RATE_HZ
        read = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32767
    assert np.abs(read - samples(bell)).max() < 1e-4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (one() + one(), "sounds.toml: rain: stands twice"),
        (one("snow"), "sounds.toml: snow: nothing makes it; there are: rain, sea, stream, wind, brown, bamboo, moon, "),
        (one(shelf="noise"), "sounds.toml: Invalid enum value 'noise' - at `$.sound[0].shelf`"),
        (one(seconds="0"), "sounds.toml: Expected `float` >= 1.0 - at `$.sound[0].seconds`"),
    ],
)
def test_an_error_names_the_file_and_the_sound(text, problem):
    with pytest.raises(SoundsError) as caught:
        parse(text, "sounds.toml")
    assert str(caught.value).startswith(problem)
