"""Which sounds there are to rest by, and each as the bytes of a WAV file; who keeps them where is the face's business.

Names and lengths are data (`care/sounds.toml`); making one takes one to five seconds of computing. The mathematics is
loaded when one is made: a kiosk that only plays what is there starts without it.
"""

import io
import wave
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from care.shipped import convert

if TYPE_CHECKING:
    from signals.soundscapes import Stereo

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


_NATURE = ("rain", "sea", "stream", "wind", "brown")
_MUSIC = ("bamboo", "moon", "bowl")
_BELLS = ("inhale", "exhale", "end")


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    sound: list[Sound]


def parse(text: str, name: str) -> dict[str, Sound]:
    """Sounds out of TOML text, by key.

    Raises:
        SoundsError: naming `name` and the sound.
    """
    listed = convert(text, name, _File, SoundsError).sound
    sounds: dict[str, Sound] = {}
    for sound in listed:
        if sound.key in sounds:
            raise SoundsError(f"{name}: {sound.key}: stands twice")
        if sound.key not in (made := (*_NATURE, *_MUSIC, *_BELLS)):
            raise SoundsError(f"{name}: {sound.key}: nothing makes it; there are: {', '.join(made)}")
        sounds[sound.key] = sound
    return sounds


@cache
def sounds() -> dict[str, Sound]:
    """The sounds of the house, by key, in the order in which they are shown."""
    return parse(files("care").joinpath("sounds.toml").read_text("utf-8"), "care/sounds.toml")


def samples(sound: Sound) -> "Stereo":
    """The sound itself, shape (n, 2) at `signals.soundscapes.RATE_HZ`."""
    from signals import music, soundscapes

    if sound.key in _BELLS:
        return music.bell(sound.key)
    made: Stereo = getattr(soundscapes if sound.key in _NATURE else music, sound.key)(sound.seconds, sound.seed)
    return made


def wav(sound: Sound) -> bytes:
    """The sound as a WAV file: 16 bits, two channels."""
    from signals.soundscapes import RATE_HZ

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples(sound) * 32767).round().astype("<i2").tobytes())
    return out.getvalue()
