"""Which sounds there are to rest by, and each as the bytes of a WAV file; who keeps them where is the face's business.

Names and lengths are data (`care/sounds.toml`); making one takes one to five seconds of computing.
"""

import io
import tomllib
import wave
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from signals import music, soundscapes
from signals.soundscapes import RATE_HZ, Stereo

RECIPE = "1"
"""Changes when the mathematics changes, so that what was made before is not taken."""


class SoundsError(ValueError):
    """The list of sounds is not as it must be; one line with file and sound."""


class Sound(Struct, frozen=True, forbid_unknown_fields=True):
    """A sound.

    Attributes:
        shelf: "nature" and "music" are offered to people; a "bell" belongs to a pacer or an exercise.
        seconds: of one round.
        ends: begins and ends in silence; otherwise it flows on and is faded into itself.
    """

    key: Annotated[str, Meta(pattern=r"^[a-z]+$")]
    shelf: Literal["nature", "music", "bell"]
    title_zh: Annotated[str, Meta(min_length=1)]
    title_en: Annotated[str, Meta(min_length=1)]
    seconds: Annotated[float, Meta(ge=1, le=600)]
    seed: int = 0
    ends: bool = False

    @property
    def stem(self) -> str:
        """Name of its file: other numbers, another name."""
        return f"{self.key}-{RECIPE}-{self.seconds:g}s-{self.seed}"


_MADE: dict[str, Callable[[float, int], Stereo]] = {
    "rain": soundscapes.rain,
    "sea": soundscapes.sea,
    "stream": soundscapes.stream,
    "wind": soundscapes.wind,
    "brown": soundscapes.brown,
    "bamboo": music.bamboo,
    "moon": music.moon,
    "bowl": music.bowl,
}
_BELLS = ("inhale", "exhale", "end")


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    sound: list[Sound]


def parse(text: str, name: str) -> dict[str, Sound]:
    """Sounds out of TOML text, by key.

    Raises:
        SoundsError: naming `name` and the sound.
    """
    try:
        listed = msgspec.convert(tomllib.loads(text), _File).sound
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SoundsError(f"{name}: {error}") from None
    sounds: dict[str, Sound] = {}
    for sound in listed:
        if sound.key in sounds:
            raise SoundsError(f"{name}: {sound.key}: stands twice")
        if sound.key not in _MADE and sound.key not in _BELLS:
            raise SoundsError(f"{name}: {sound.key}: nothing makes it; there are: {', '.join([*_MADE, *_BELLS])}")
        sounds[sound.key] = sound
    return sounds


@cache
def sounds() -> dict[str, Sound]:
    """The sounds of the house, by key, in the order in which they are shown."""
    return parse(files("care").joinpath("sounds.toml").read_text("utf-8"), "care/sounds.toml")


def samples(sound: Sound) -> Stereo:
    """The sound itself, shape (n, 2) at `RATE_HZ`."""
    return music.bell(sound.key) if sound.key in _BELLS else _MADE[sound.key](sound.seconds, sound.seed)


def wav(sound: Sound) -> bytes:
    """The sound as a WAV file: 16 bits, two channels."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(samples(sound) * 32767).astype("<i2").tobytes())
    return out.getvalue()
