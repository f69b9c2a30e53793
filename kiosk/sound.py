"""The one module of the kiosk that plays: sounds to rest by, and bells over them.

Kivy's SDL player (Kivy 3 will call it `kivy.core.audio_output`) leaves 40 to 140 ms of silence when it loops
[measured], so what flows on is faded from one round into the next here. Loading and making files happen in a thread; a
machine without an audio output is said to be so and breaks nothing. Speech is another matter: `kiosk/voice.py`.
"""

import contextlib
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from care.sounds import Sound, sounds
from kiosk import sound_files

OVERLAP_S = 10.0
"""One round into the next: as long as a wave of the sea, so that the waves stay in step."""

PAUSE_S = 6.0
"""Silence before something that ends begins again."""

TICKS_PER_S = 20
LOUDEST = 0.85
"""Of the machine's own volume, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Track:
    """A file to be played."""

    path: Path
    seconds: float
    ends: bool
    overlap_s: float = OVERLAP_S


class NoSound(RuntimeError):
    """There is nothing to hear: no audio output, or no file; `code` is "no_output" or "no_file"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def track(key: str) -> Track:
    """A sound of the house; made now, by another process, if it was never made. Takes seconds then: not for the screen.

    Raises:
        NoSound: it can neither be found nor made.
    """
    sound: Sound = sounds()[key]
    path = sound_files.place(sound)
    if not path.is_file():
        made = subprocess.run([sys.executable, "-m", "kiosk.sound_files", key], check=False, stdin=subprocess.DEVNULL)
        if made.returncode or not path.is_file():
            raise NoSound("no_file")
    return Track(path, sound.seconds, sound.ends)


class Player:
    """Plays one thing at a time, and bells over it.

    Attributes:
        playing: key of what sounds, or is being prepared; "" is silence.
        problem: "" or why nothing is heard: "no_output", "no_file".
    """

    def __init__(self, find: Callable[[str], Track] = track, *, volume: float = 0.6) -> None:
        os.environ.setdefault("KIVY_AUDIO", "sdl2")
        from kivy.clock import Clock

        self.playing = ""
        self.problem = ""
        self._find = find
        self._clock = Clock
        self._volume = min(1.0, max(0.0, volume))
        self._track: Track | None = None
        self._wish = 0
        self._next_s = math.inf
        self._strands: list[_Strand] = []
        self._bells: dict[str, Any] = {}
        self._tick: Any = None

    @property
    def volume(self) -> float:
        """0-1, as people hear it."""
        return self._volume

    @volume.setter
    def volume(self, value: float) -> None:
        self._volume = min(1.0, max(0.0, value))
        for strand in self._strands:
            strand.show(self._gain)

    @property
    def _gain(self) -> float:
        return LOUDEST * self._volume**2

    def probe(self) -> None:
        """Find out whether this machine can be heard at all, and have the last bell ready; then look at `problem`."""
        self._load("end", lambda made: self._bells.update(end=made[1]), lambda code: self._fail(-1, code))

    def play(self, key: str, *, fade_s: float = 2.0) -> None:
        """Begin a sound, and let go of what sounds now. Returns at once; `problem` says if nothing comes of it."""
        self.stop(fade_s=fade_s)
        self.playing, self.problem = key, ""
        wish = self._wish
        self._load(key, lambda made: self._begin(wish, made, fade_s), lambda code: self._fail(wish, code))

    def ring(self, key: str) -> None:
        """A bell over what sounds. The first time it waits for its file; then it comes at once."""
        if key in self._bells:
            bell = self._bells[key]
            bell.volume = self._gain
            bell.play()
            return
        wish = self._wish

        def ready(made: tuple[Track, Any]) -> None:
            self._bells[key] = made[1]
            self.ring(key)

        self._load(key, ready, lambda code: self._fail(wish, code))

    def stop(self, *, fade_s: float = 1.5) -> None:
        """Let it fade; 0 is at once."""
        self._wish += 1
        self.playing, self._track, self._next_s = "", None, math.inf
        for strand in self._strands:
            strand.fade_to(0.0, fade_s)
        if not fade_s:
            self._move(0.0)

    def close(self) -> None:
        """Silence at once, and nothing is kept."""
        self.stop(fade_s=0.0)
        for bell in self._bells.values():
            bell.stop()
            bell.unload()
        self._bells.clear()

    def _load(self, key: str, ready: Callable[[tuple[Track, Any]], None], failed: Callable[[str], None]) -> None:
        def work() -> None:
            try:
                found = self._find(key)
                made = _open(found.path)
            except NoSound as error:
                code = error.code
                self._clock.schedule_once(lambda _: failed(code))
            else:
                self._clock.schedule_once(lambda _: ready((found, made)))

        threading.Thread(target=work, name=f"sound {key}", daemon=True).start()

    def _fail(self, wish: int, code: str) -> None:
        self.problem = code
        if wish == self._wish:
            self.playing = ""

    def _begin(self, wish: int, made: tuple[Track, Any], fade_s: float) -> None:
        if wish != self._wish:
            made[1].unload()
            return
        self._track = made[0]
        self._add(_Strand(made[1]), 0.0 if made[0].ends else fade_s)

    def _add(self, strand: "_Strand", fade_s: float) -> None:
        strand.fade_to(1.0, fade_s)
        strand.show(self._gain)
        strand.sound.play()
        self._strands.append(strand)
        running = self._track
        if running:
            self._next_s = time.monotonic() + running.seconds + (PAUSE_S if running.ends else -running.overlap_s)
        if self._tick is None:
            self._last_s = time.monotonic()
            self._tick = self._clock.schedule_interval(lambda _: self._ticked(), 1 / TICKS_PER_S)

    def _ticked(self) -> None:
        now_s = time.monotonic()
        passed_s, self._last_s = now_s - self._last_s, now_s
        if self._track and now_s >= self._next_s:
            self._repeat(self._track)
        self._move(passed_s)

    def _repeat(self, running: Track) -> None:
        """The next round over the end of this one."""
        self._next_s, wish = math.inf, self._wish

        def ready(made: tuple[Track, Any]) -> None:
            if wish != self._wish:
                made[1].unload()
                return
            fade_s = 0.0 if running.ends else running.overlap_s
            for strand in self._strands:
                strand.fade_to(0.0, fade_s)
            self._add(_Strand(made[1]), fade_s)

        self._load(self.playing, ready, lambda code: self._fail(wish, code))

    def _move(self, passed_s: float) -> None:
        for strand in list(self._strands):
            strand.move(passed_s)
            strand.show(self._gain)
            if strand.is_over:
                strand.sound.stop()
                strand.sound.unload()
                self._strands.remove(strand)
        if not self._strands and self._track is None and self._tick is not None:
            self._tick.cancel()
            self._tick = None


class _Strand:
    """A Kivy sound whose loudness moves; equal power, because two rounds of a noise are strangers to each other."""

    def __init__(self, sound: Any) -> None:
        self.sound = sound
        self._at, self._goal, self._per_s = 0.0, 0.0, math.inf

    def fade_to(self, goal: float, seconds: float) -> None:
        self._goal, self._per_s = goal, 1.0 / seconds if seconds > 0 else math.inf
        if seconds <= 0:
            self._at = goal

    def move(self, passed_s: float) -> None:
        most = self._per_s * passed_s if passed_s > 0 else 0.0
        self._at += max(-most, min(most, self._goal - self._at))

    def show(self, gain: float) -> None:
        self.sound.volume = gain * math.sin(0.5 * math.pi * self._at)

    @property
    def is_over(self) -> bool:
        return self._goal == 0.0 and self._at <= 0.0


def _open(path: Path) -> Any:
    """A Kivy sound, ready to play.

    Raises:
        NoSound: no audio output, or no such file.
    """
    with contextlib.suppress(ImportError):
        from kivy.core.audio import SoundLoader

        made = SoundLoader.load(str(path)) if path.is_file() else None
        if made is not None and made.length > 0:
            return made
    raise NoSound("no_output" if path.is_file() else "no_file")
