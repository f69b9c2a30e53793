"""Words for every code that a face may have to show: events, device problems, pauses, refusals, signal reasons.

One data file, `codes.toml`, Chinese first; reasons of the signal core keep their words in `signals/reasons.py`. A code
without words is shown as it is, and a test sees to it that no code of the house is without.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from signals.reasons import Reason

Language = Literal["zh", "en"]


class WordsError(ValueError):
    """The file of words is not as it must be; the message names file and code."""


@cache
def _codes() -> dict[str, dict[str, str]]:
    table = tomllib.loads(files("care.words").joinpath("codes.toml").read_text("utf-8"))
    for code, words in table.items():
        if set(words) != {"zh", "en"} or not all(isinstance(text, str) and text for text in words.values()):
            raise WordsError(f"care/words/codes.toml: [{code}] needs exactly zh and en, both not empty")
    return table


def known(code: str) -> bool:
    """Whether there are words for this code."""
    return code in _codes() or code in Reason.__members__.values()


def say(code: str, lang: Language = "zh") -> str:
    """The words for a code.

    >>> say("device_lost")
    '设备断开了，接上后会自动继续'
    >>> say("no_contact", "en")
    'Place the finger or the electrodes again'
    """
    if code in _codes():
        return _codes()[code][lang]
    try:
        reason = Reason(code)
    except ValueError:
        return code
    return reason.zh if lang == "zh" else reason.en
