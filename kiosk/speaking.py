"""What is heard: sounds to rest by on the loudspeaker, words in the headset and nowhere else. Follows the flow; says
nothing by itself.

Words of a page are read when somebody has asked for it, and a piece that was written for the ear when it is opened.
Whoever goes takes the last text along.
"""

from typing import Protocol

from kiosk.flow import Flow, Place
from kiosk.texts import Language


class Heard(Protocol):
    """A player of sounds (`kiosk.sound.Player`)."""

    playing: str
    problem: str

    def play(self, key: str) -> None: ...
    def stop(self) -> None: ...


class Read(Protocol):
    """A voice (`kiosk.voice.Voice`)."""

    @property
    def available(self) -> bool: ...
    def say(self, text: str, language: Language) -> None: ...
    def again(self) -> None: ...
    def stop(self) -> None: ...
    def forget(self) -> None: ...


class Speaking:
    """Sounds and voice of one kiosk; either may be missing."""

    def __init__(self, sound: Heard | None, voice: Read | None) -> None:
        self._sound, self._voice = sound, voice
        self._said: tuple[str, Language] | None = None

    @property
    def speaks(self) -> bool:
        """Whether a headset is there to read into, now."""
        return self._voice is not None and self._voice.available

    @property
    def sounds(self) -> bool:
        """Whether this machine can be heard."""
        return self._sound is not None and not self._sound.problem

    def follow(self, flow: Flow, words: list[str]) -> None:
        """A page stands; `words` are what is read on it, in order."""
        place, visit = flow.place, flow.visit
        if self._sound:
            wanted = visit.chosen if place is Place.SOUND else ""
            if wanted and wanted != self._sound.playing:
                self._sound.play(wanted)
            elif not wanted and self._sound.playing:
                self._sound.stop()
        if self._voice is None:
            return
        piece = flow.house.piece(visit.chosen) if place is Place.PIECE else None
        by_ear = piece is not None and piece.kind == "audio"
        text = "\n".join(words) if (visit.aloud or by_ear) and words else ""
        said = (text, visit.language) if text else None
        if said == self._said:
            return
        self._said = said
        if said:
            self._voice.say(*said)
        else:
            self._voice.stop()

    def again(self) -> None:
        """Read the last words once more."""
        if self._voice:
            self._voice.again()

    def forget(self) -> None:
        """Silence, and nothing of the last person is left to be read again."""
        self._said = None
        if self._sound:
            self._sound.stop()
        if self._voice:
            self._voice.forget()
