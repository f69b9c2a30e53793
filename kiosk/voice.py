"""Reads aloud, into a headset and nowhere else: espeak-ng or a recording on one side of a pipe, aplay on the other.

Both are programs of their own (espeak-ng is GPL: it is run, never linked). Texts go through pipes, never onto a command
line, where `ps` would show them, and into no log. Why this voice: docs/decisions/0020-the-voice.md. Where recordings
lie: docs/library.md. Whether there is a headset is asked anew before and while it speaks.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from kiosk.headset import Headset, look
from kiosk.texts import Language

WORDS_PER_MIN = 175
"""At rate 1: about 135 Chinese characters a minute with the pauses [measured], as one reads to somebody old."""

SLOWEST, FASTEST = 0.8, 1.2
LONGEST = 12_000
"""Characters; more would not fit into a pipe that nobody has emptied yet."""

LOOK_S = 2.0
LOOK_SPEAKING_S = 0.4
VOICES: dict[Language, str] = {"zh": "cmn", "en": "en-gb"}

_DIGITS = re.compile(r"\d{3,}(?=(\s*年)?)")
_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")


class Voice:
    """One voice for one kiosk.

    Args:
        mode: "off", or "headset".
        card: id of the ALSA card of the headset.
        rate: 0.8-1.2 of the usual speed; recordings keep their own.
        recordings: folder with `<sha256 of the text>.wav`.
        ask: what tells whether a headset is there.

    Attributes:
        problem: "" or why it does not speak: "off", "no_program", one of `Headset`, or "no_output"
            when the card would not play (until the next text).
        speaking: whether something is being read.
    """

    def __init__(
        self,
        mode: Literal["off", "headset"] = "off",
        card: str = "",
        rate: float = 1.0,
        recordings: Path | None = None,
        *,
        ask: Callable[[str], Headset] = look,
    ) -> None:
        self.problem: str = "off" if mode == "off" else "" if _programs() else "no_program"
        self.speaking = False
        self._fixed = bool(self.problem)
        self._refused = False
        self._card, self._ask, self._recordings = card, ask, recordings
        self._rate = 1.0
        self.rate = rate
        self._last: tuple[str, Language] | None = None
        self._wish: tuple[str, Language] | None = None
        self._wake = asyncio.Event()
        self._running: list[subprocess.Popen[bytes]] = []
        self._watching: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Whether it would speak now."""
        return not self.problem

    @property
    def rate(self) -> float:
        """Of the usual speed; what is being read goes on as it began."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = min(FASTEST, max(SLOWEST, value))

    async def __aenter__(self) -> Self:
        if not self._fixed:
            await self._look()
            self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()
        if self._watching:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    def say(self, text: str, language: Language) -> None:
        """Read this, instead of what is being read. Returns at once."""
        self.stop()
        self._last = self._wish = (text, language)
        self.speaking, self._refused = not self._fixed, False
        self._wake.set()

    def again(self) -> None:
        """Read the last text once more."""
        if self._last:
            self.say(*self._last)

    def stop(self) -> None:
        """Silence, now."""
        self._wish, self.speaking = None, False
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()
        self._running.clear()

    def forget(self) -> None:
        """Silence, and the last text is gone."""
        self.stop()
        self._last, self._refused = None, False

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SPEAKING_S if self._running else LOOK_S):
                    await self._wake.wait()
            self._wake.clear()
            await self._look()
            if self.problem:
                self.stop()
            elif self._wish:
                wish, self._wish = self._wish, None
                self._start(*wish)
            elif self._running and all(process.poll() is not None for process in self._running):
                self._refused = self._running[-1].returncode > 0  # aplay; the card is taken, or has gone
                self.stop()

    async def _look(self) -> None:
        state = await asyncio.to_thread(self._ask, self._card)
        self.problem = state if state is not Headset.WORN else "no_output" if self._refused else ""

    def _start(self, text: str, language: Language) -> None:
        recording = self._recording(text)
        try:
            if recording:
                with recording:
                    self._play(recording)
                return
            reading, writing = os.pipe()
            with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb") as writer:
                speed = str(round(WORDS_PER_MIN * self._rate))
                speaker = _run(
                    ["espeak-ng", "-v", VOICES[language], "-s", speed, "--stdin", "--stdout"],
                    stdin=subprocess.PIPE,
                    stdout=writer,
                )
                self._running.append(speaker)
                self._play(reader)
            if speaker.stdin:
                with speaker.stdin as line, contextlib.suppress(BrokenPipeError):
                    line.write(spoken(text[:LONGEST], language).encode())
        except OSError:
            self.stop()
            self.problem = "no_program"

    def _play(self, source: BinaryIO) -> None:
        # sysdefault lets others use the same card at the same time, where the card can.
        self._running.append(_run(["aplay", "-q", "-D", f"sysdefault:CARD={self._card}", "-"], stdin=source))

    def _recording(self, text: str) -> BinaryIO | None:
        """Opened here and handed over, so that no command line tells what is read."""
        if self._recordings is None:
            return None
        try:
            return (self._recordings / f"{recording_key(text)}.wav").open("rb")
        except OSError:
            return None


def recording_key(text: str) -> str:
    """Name of a text's recording, without `.wav`."""
    return hashlib.sha256(text.encode()).hexdigest()


def spoken(text: str, language: Language) -> str:
    """A text as it is said: telephone numbers and years digit by digit.

    >>> spoken("打 12356，或者 110。", "zh")
    '打 幺二三五六，或者 幺幺零。'
    >>> spoken("2019年，第 20 页", "zh")
    '二零一九年，第 20 页'
    >>> spoken("call 12356", "en")
    'call 1 2 3 5 6'
    """

    def digits(found: re.Match[str]) -> str:
        if language == "en":
            return " ".join(found.group())
        chinese = found.group().translate(_CHINESE)
        return chinese if found.group(1) else chinese.replace("一", "幺")

    return _DIGITS.sub(digits, text)


def _programs() -> bool:
    return bool(shutil.which("espeak-ng") and shutil.which("aplay"))


def _run(
    command: list[str], *, stdin: BinaryIO | int, stdout: BinaryIO | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """A program that dies with the kiosk, where the system can see to it."""
    guard = shutil.which("setpriv")
    guarded = [guard, "--pdeathsig", "KILL", "--", *command] if guard else command
    return subprocess.Popen(guarded, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL)
