"""Writes down what a room was asked, by whom, and whether it was done: one sealed line each in the audit log.

After the deed and before the answer; of an emergency stop after both. A disk that refuses must not keep anybody from
pausing or ending a session, so then the line is missing and the log of the service says so. What a counsellor marks in
words is the session's and not repeated here.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.keeping.audit_log import note
from gateway.keys import Keyring
from gateway.live import Command, MarkMoment, Reply

_LONGEST = 64

log = logging.getLogger(__name__)


class Witness:
    """Of one room.

    Args:
        data: data folder.
        keyring: its keys.
        session: id of the open session, or "".
    """

    def __init__(self, data: Path, keyring: Keyring, session: Callable[[], str]) -> None:
        self._data, self._keyring, self._session = data, keyring, session

    async def command(self, command: Command, reply: Reply) -> None:
        """A command of a face and its reply."""
        asked = "" if isinstance(command.action, MarkMoment) else msgspec.json.encode(command.action).decode()
        name = str(command.action.__struct_config__.tag)
        await self.write(command.actor, f"room.{name}", self._session(), outcome(reply.code, ok=reply.ok), asked)

    async def write(self, actor: str, action: str, what: str, said: str, asked: str = "") -> None:
        """One line; never raises."""
        line = (actor[:_LONGEST], action[:_LONGEST], what[:_LONGEST], f"{said} {asked}".strip())
        try:
            await asyncio.to_thread(note, self._data, self._keyring, *line)
        except Exception:
            log.exception("%s is not in the audit log", action)


def outcome(code: str, *, ok: bool) -> str:
    """What became of it: "done", or "refused: <code>"."""
    return "done" if ok else f"refused: {code}"
