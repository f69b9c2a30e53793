"""The last warnings of this process, fit to leave the room: the programme's own words, nothing that was filled in.

A log line of ours is a constant sentence with places. Numbers stay, an exception becomes the name of its class, any
other value a dash: so no name, code, path or word of a person is in it, whatever somebody logs one day.
"""

import logging
import time
from collections import deque
from typing import Self

from gateway.remote import LONGEST_LINE, MOST_LINES

OURS = ("gateway", "devices", "care", "signals")


class Lines(logging.Handler):
    """Context manager: listens at the root logger while it is open."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is ours."""
        if record.name.partition(".")[0] in OURS:
            self._lines.append(_bare(record)[:LONGEST_LINE])

    @property
    def last(self) -> list[str]:
        """Oldest first."""
        return list(self._lines)


def _bare(record: logging.LogRecord) -> str:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
    raised = record.exc_info[0] if record.exc_info else None
    given = record.args if isinstance(record.args, tuple) else ()
    try:
        said = str(record.msg) % tuple(_place(value) for value in given) if given else str(record.msg)
    except (TypeError, ValueError):  # a place for a number that got a text
        said = str(record.msg)
    return " ".join([when, record.levelname, record.name, said, raised.__name__ if raised else ""]).strip()


def _place(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return type(value).__name__ if isinstance(value, BaseException) else "-"
