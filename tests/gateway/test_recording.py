"""A disk that refuses for a while costs a session nothing: what could not be written is written when it can."""

from pathlib import Path

import pytest
from gateway_parts import BEGAN_UTC_NS, S, a_session, closed, opened, waiting

from gateway.errors import StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import BeatRow, SessionChunk, SessionClosed, decode_body
from gateway.outbox import Outbox
from gateway.room.ledger import Heard
from gateway.room.recording import Recording, recover


class RefusingDisk:
    """Makes one function of a store fail as a full disk does, while `full`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, target: type, name: str) -> None:
        self.full = False
        work = getattr(target, name)

        def refuse(*args: object, **kwargs: object) -> object:
            if self.full:
                raise StoreUnwritable("disk", "is full", "free space")
            return work(*args, **kwargs)

        monkeypatch.setattr(target, name, refuse)


async def a_recording(folder: Path, keyring: Keyring, outbox: Outbox) -> Recording:
    return await Recording.begin(folder, keyring, outbox, opened(a_session()), began_ns=0, kernel="k")


def hear(recording: Recording, second: int) -> None:
    recording.keep(Heard(second * S, None, 1.0))


def sent(outbox: Outbox) -> tuple[list[BeatRow], list[SessionChunk], list[SessionClosed]]:
    bodies = [decode_body(each.record.kind, each.record.body) for each in waiting(outbox, 1000)]
    chunks = [body for body in bodies if isinstance(body, SessionChunk)]
    ends = [body for body in bodies if isinstance(body, SessionClosed)]
    return [beat for chunk in chunks for beat in chunk.beats], chunks, ends


@pytest.mark.parametrize("place", ["sync", "put"])
async def test_a_chunk_that_the_disk_refused_is_sent_by_the_next_cut(
    place: str, tmp_path: Path, keyring: Keyring, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.journal import Journal

    disk = RefusingDisk(monkeypatch, Journal if place == "sync" else Outbox, place)
    recording = await a_recording(tmp_path / "journal", keyring, outbox)
    for second in range(1, 7):
        hear(recording, second)
        disk.full = second in {2, 3, 4}
        if disk.full:
            with pytest.raises(StoreUnwritable):
                await recording.cut(second * S, BEGAN_UTC_NS)
        else:
            await recording.cut(second * S, BEGAN_UTC_NS)
    beats, chunks, _ = sent(outbox)
    assert [beat.t_ns for beat in beats] == [second * S for second in range(1, 7)]
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    await recording.abandon()


@pytest.mark.parametrize("place", ["sync", "put"])
async def test_an_end_that_the_disk_refused_is_written_once(
    place: str, tmp_path: Path, keyring: Keyring, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.journal import Journal

    disk = RefusingDisk(monkeypatch, Journal if place == "sync" else Outbox, place)
    recording = await a_recording(tmp_path / "journal", keyring, outbox)
    hear(recording, 1)
    await recording.cut(S, BEGAN_UTC_NS)
    disk.full = True
    for _ in range(3):
        with pytest.raises(StoreUnwritable):
            await recording.close(closed(recording.opened.body.session, 1), BEGAN_UTC_NS)
    disk.full = False
    await recording.cut(2 * S, BEGAN_UTC_NS)
    await recording.close(closed(recording.opened.body.session, 1), BEGAN_UTC_NS)
    beats, _, ends = sent(outbox)
    assert (len(beats), len(ends)) == (1, 1)
    assert list((tmp_path / "journal").glob("*.journal")) == []


async def test_a_crash_while_the_disk_refused_loses_only_what_was_never_synced(
    tmp_path: Path, keyring: Keyring, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await a_recording(tmp_path / "journal", keyring, outbox)
    disk = RefusingDisk(monkeypatch, Outbox, "put")
    hear(recording, 1)
    disk.full = True
    with pytest.raises(StoreUnwritable):
        await recording.cut(S, BEGAN_UTC_NS)
    disk.full = False
    await recording.abandon()
    (path,) = (tmp_path / "journal").glob("*.journal")
    again = await recover(path, keyring, outbox, BEGAN_UTC_NS)
    assert again is not None
    hear(again, 2)
    await again.cut(2 * S, BEGAN_UTC_NS)
    assert [beat.t_ns for beat in sent(outbox)[0]] == [S, 2 * S]
    await again.abandon()


async def test_a_journal_whose_beginning_was_spoilt_is_set_aside_and_not_deleted(
    tmp_path: Path, keyring: Keyring, outbox: Outbox
) -> None:
    recording = await a_recording(tmp_path / "journal", keyring, outbox)
    first = recording._journal.path.stat().st_size
    hear(recording, 1)
    await recording.abandon()
    path = recording._journal.path
    data = bytearray(path.read_bytes())
    data[first - 1] ^= 1
    path.write_bytes(data)
    assert await recover(path, keyring, outbox, BEGAN_UTC_NS) is None
    assert path.with_suffix(".spoilt").read_bytes() == data
