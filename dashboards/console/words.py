"""The console's own words: two data files, Chinese first, with exactly the same keys.

`Texts("zh")("head.elapsed", time="3:20")`. Words for codes of the room come from `care.words`; both through this one
object, so that a part of the page never asks which language it speaks.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from care.words import known, say

Language = Literal["zh", "en"]


class TextsError(ValueError):
    """A file of words is not as it must be; the message names file and key."""


@cache
def table(language: Language) -> dict[str, str]:
    """All words of a language by dotted key.

    Raises:
        TextsError: something in the file is not a section of non-empty strings.
    """
    words: dict[str, str] = {}
    for section, entries in tomllib.loads(
        files("dashboards.console").joinpath("texts", f"{language}.toml").read_text("utf-8")
    ).items():
        for key, text in entries.items():
            if not isinstance(text, str) or not text:
                raise TextsError(f"dashboards/console/texts/{language}.toml: {section}.{key} needs words")
            words[f"{section}.{key}"] = text
    return words


class Texts:
    """Words in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._words = table(language)

    def __call__(self, key: str, **values: object) -> str:
        """The words of the console itself."""
        return self._words[key].format(**values)

    def named(self, section: str, name: str) -> str:
        """The word for a name that a device reported; the name itself where there is none."""
        return self._words.get(f"{section}.{name}", name)

    def code(self, code: str) -> str:
        """The words for a code of the room."""
        return say(code, self.language)

    def pick(self, zh: str, en: str) -> str:
        """The right one of a pair of titles that the room sent."""
        return zh if self.language == "zh" else en or zh

    def advice(self, code: str, line: str) -> str:
        """What is wrong with a device, in words: the code's where there are any, else the driver's own line."""
        return self.code(code) if known(code) or not line else line


def clock(seconds: float) -> str:
    """Minutes and seconds as people write them.

    >>> clock(200.4)
    '3:20'
    """
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
