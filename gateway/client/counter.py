"""One question at the centre's counter: a connection of its own, so that nothing is left over from the one before."""

import asyncio
import itertools
import logging
from pathlib import Path

import msgspec

from gateway.counter.messages import Answer, Asked, NotNow, Question, Told
from gateway.socket import pack, read_message

PATIENCE_S = 5.0
"""A try to open a file may stand behind others, each of a twentieth of a second."""
_LIMIT = 1 << 21

_ids = itertools.count(1)
_told = msgspec.msgpack.Decoder(Told)

log = logging.getLogger(__name__)


async def ask_counter(path: Path, actor: str, question: Question, patience_s: float = PATIENCE_S) -> Answer | None:
    """The answer, or None when the centre is out of reach or cannot answer now."""
    answer = await hear_counter(path, actor, question, patience_s)
    if isinstance(answer, NotNow):
        log.warning("the centre does not answer a %s: %s", type(question).__name__, answer.reason)
        return None
    return answer


async def hear_counter(path: Path, actor: str, question: Question, patience_s: float = PATIENCE_S) -> Answer | None:
    """Whatever the centre says, also that it cannot answer now; None: it is out of reach."""
    asked = Asked(next(_ids), actor, question)
    writer = None
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_unix_connection(path, limit=_LIMIT)
            writer.write(pack(asked))
            return _told.decode(await read_message(reader)).answer
    except (OSError, asyncio.IncompleteReadError, TimeoutError, msgspec.DecodeError, ValueError):
        return None
    finally:
        if writer is not None:
            writer.close()
