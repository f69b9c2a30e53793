"""A small socket beside the simulated site, for what hands would do: sit down, pull a plug, press the stop button.

One JSON object per line over a Unix socket, one line back:

    {"do": "unplug", "device": "chair-1"}   ->   {"ok": true}
    {"do": "sing"}                          ->   {"ok": false, "error": "..."}

What can be done to any device stands in `hands.py`, to a chair besides in `chair_hands.py`.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

Act = Callable[[str, Mapping[object, object]], None]


class ControlError(Exception):
    """The site could not do it. One line: what and why."""


@contextlib.asynccontextmanager
async def listening(path: Path, act: Act) -> AsyncIterator[None]:
    """Serve `path` for the length of the block; `act(do, fields)` does one thing or raises `ControlError`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            async for line in reader:
                writer.write(_answer(line, act))
                await writer.drain()
        writer.close()

    _clear(path)
    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        _clear(path)


def _clear(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def _answer(line: bytes, act: Act) -> bytes:
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    match request:
        case {"do": str(do), **fields}:
            try:
                act(do, fields)
            except ControlError as error:
                return _refusal(str(error))
            return b'{"ok": true}\n'
        case _:
            return _refusal('one JSON object a line, such as {"do": "sit", "device": "chair-1"}')


def _refusal(error: str) -> bytes:
    return json.dumps({"ok": False, "error": error}, ensure_ascii=False).encode() + b"\n"


async def tell(path: Path, do: str, **fields: object) -> None:
    """Have the simulated site at `path` do something.

    Raises:
        ControlError: it did not, or there is no site listening.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise ControlError(f"{path}: no simulated site listens there; start it first") from error
    try:
        writer.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        answer = json.loads(await reader.readline() or b'{"ok": false, "error": "the site has ended"}')
    finally:
        writer.close()
    if not answer.get("ok"):
        raise ControlError(str(answer.get("error", "refused")))
