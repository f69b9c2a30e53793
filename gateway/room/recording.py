"""One session on disk: journal, ledger and outbox kept in step, so that nothing of it can be lost or stored twice.

Order is everything: an entry is in the journal before it is cut into a chunk, a cut is in the journal before its chunk
is in the outbox, and the journal goes only when the closing record is in the outbox. Record ids are in the journal, so
putting them again after a crash is a no-op.
"""

import asyncio
import contextlib
from pathlib import Path
from uuid import UUID

import msgspec

from care.programme import load as load_programme
from care.session import Began
from gateway.box import new_id
from gateway.errors import StoreError
from gateway.journal import Journal, read_journal
from gateway.keys import Keyring
from gateway.messages import SessionChunk, SessionClosed, SessionOpened
from gateway.outbox import Outbox
from gateway.room.ledger import Closed, Cut, Entry, Happened, Ledger, Opened

_decoder = msgspec.msgpack.Decoder[Entry](Entry)


class Recording:
    """A session that is being written. Made by `begin` or `recover`."""

    def __init__(self, journal: Journal, outbox: Outbox, ledger: Ledger) -> None:
        self._journal, self._outbox, self.ledger = journal, outbox, ledger
        self._turn = asyncio.Lock()
        self.began_ns = ledger.opened.began_ns if ledger.opened else 0
        """Room clock at session time 0; another number after a restart of the machine."""
        self._unsent: tuple[UUID, SessionChunk, int] | None = None
        self._closing: Closed | None = None

    @classmethod
    async def begin(
        cls,
        folder: Path,
        keyring: Keyring,
        outbox: Outbox,
        body: SessionOpened,
        *,
        began_ns: int,
        kernel: str,
        limit_s: float | None = None,
        began_by: str = "",
    ) -> "Recording":
        """Begin a session; it is on disk and on its way when this returns, and the ledger holds what is to be done.

        Raises:
            StoreError: the disk refused; there is no session then.
        """
        path = folder / f"{body.session}.journal"
        journal = await asyncio.to_thread(Journal.create, path, keyring)
        recording = cls(journal, outbox, Ledger(load_programme(body.programme)))
        opened = Opened(new_id(), body, began_ns, kernel, began_by)
        recording.keep(opened)
        recording.keep(Happened(Began(0, limit_s)))
        recording.began_ns = began_ns
        try:
            await recording.sync()
            await asyncio.to_thread(outbox.put, body, made_utc_ns=body.began_utc_ns, id=opened.record)
        except StoreError:
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(journal.close)
            _remove(path)
            raise
        return recording

    @property
    def opened(self) -> Opened:
        assert self.ledger.opened
        return self.ledger.opened

    def keep(self, entry: Entry) -> None:
        """Write an entry down and take it into the ledger. It is on disk after the next `sync`."""
        self._journal.append(entry)
        self.ledger.apply(entry)

    async def sync(self) -> None:
        """Everything that was kept so far is on disk when this returns."""
        await asyncio.to_thread(self._journal.sync)

    async def cut(self, to_ns: int, made_utc_ns: int) -> None:
        """Send what was gathered since the last cut on its way, as one chunk.

        Raises:
            StoreError: the disk refused. A chunk that was cut waits, and the next `cut` or `close` sends it first.
        """
        async with self._turn:
            await self._send()
            if self._closing:
                return
            cut = Cut(new_id(), self.ledger.chunks + 1, to_ns)
            self._journal.append(cut)
            chunk = self.ledger.apply(cut)
            assert chunk
            self._unsent = cut.record, chunk, made_utc_ns
            await self._send()

    async def _send(self) -> None:
        """The journal to disk, then the chunk that waits to the outbox."""
        await self.sync()
        if self._unsent:
            record, chunk, made_utc_ns = self._unsent
            await asyncio.to_thread(self._outbox.put, chunk, made_utc_ns=made_utc_ns, id=record)
            self._unsent = None

    async def close(self, body: SessionClosed, made_utc_ns: int) -> None:
        """Write the end. The journal is no longer needed when the outbox has it.

        Raises:
            StoreError: the disk refused. Called again it goes on with the end that it was given first.
        """
        async with self._turn:
            await self._send()
            if self._closing is None:
                self._closing = Closed(new_id(), body)
                self.keep(self._closing)
            await self.sync()
            closed = self._closing
            await asyncio.to_thread(self._outbox.put, closed.body, made_utc_ns=made_utc_ns, id=closed.record)
            await asyncio.to_thread(self._journal.close)
            _remove(self._journal.path)

    async def abandon(self) -> None:
        """The process ends while the session is open: everything is on disk, the next start goes on with it."""
        await asyncio.to_thread(self._journal.close)


def _remove(path: Path) -> None:
    """A journal that is no longer needed, and the file of its lock."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)


async def recover(path: Path, keyring: Keyring, outbox: Outbox, now_utc_ns: int) -> Recording | None:
    """A session out of its journal, after a crash; whatever had not reached the outbox is put there.

    Returns:
        The recording, ready to go on; None when the journal holds a session that had already ended, or nothing.

    Raises:
        StoreError: the journal or the outbox cannot be used.
    """
    reading = await asyncio.to_thread(read_journal, path, keyring, _decoder)
    opened = reading.entries[0] if reading.entries else None
    if not isinstance(opened, Opened):
        if reading.entries or reading.damaged_blocks:
            path.rename(path.with_suffix(".spoilt"))  # noqa: ASYNC240 - once, at the start
        else:
            _remove(path)  # begun, and nothing was ever synced
        return None
    ledger = Ledger(load_programme(opened.body.programme))
    for entry in reading.entries:
        chunk = ledger.apply(entry)
        match entry:
            case Opened():
                await asyncio.to_thread(outbox.put, entry.body, made_utc_ns=entry.body.began_utc_ns, id=entry.record)
            case Cut():
                assert chunk
                await asyncio.to_thread(outbox.put, chunk, made_utc_ns=now_utc_ns, id=entry.record)
            case Closed():
                await asyncio.to_thread(outbox.put, entry.body, made_utc_ns=now_utc_ns, id=entry.record)
                _remove(path)
                return None
            case _:
                pass
    journal = await asyncio.to_thread(Journal.reopen, path, keyring)
    return Recording(journal, outbox, ledger)
