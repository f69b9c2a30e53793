"""What is promised to be durable was synced: the content after its last byte, and the folder after each new name."""

import os
from pathlib import Path

import msgspec
import pytest
from gateway_parts import placement

from gateway.disk import OneWriter, make_folder, write_durably
from gateway.errors import StoreBusy, StoreUnwritable
from gateway.journal import Journal
from gateway.keys import Keyring
from gateway.outbox import Outbox
from gateway.rows import Rows


class Entry(msgspec.Struct, frozen=True, tag="entry"):
    number: int


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int]]:
    """Each fsync of this process: what, and how long it was then."""
    calls: list[tuple[Path, int]] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        calls.append((Path(f"/proc/self/fd/{handle}").readlink(), os.fstat(handle).st_size))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    return calls


def folders(synced: list[tuple[Path, int]]) -> set[Path]:
    return {path for path, _ in synced if path.is_dir()}


def test_every_sync_of_a_journal_reaches_the_disk_with_its_last_byte(
    tmp_path: Path, keyring: Keyring, synced: list[tuple[Path, int]]
) -> None:
    path = tmp_path / "journals" / "a.journal"
    with Journal.create(path, keyring) as journal:
        assert (path, path.stat().st_size) in synced
        assert {tmp_path, path.parent} <= folders(synced)
        for number in range(3):
            synced.clear()
            journal.append(Entry(number))
            journal.sync()
            assert synced == [(path, path.stat().st_size)]


def test_a_torn_tail_is_safe_aside_before_the_journal_is_cut(
    tmp_path: Path, keyring: Keyring, synced: list[tuple[Path, int]]
) -> None:
    path = tmp_path / "a.journal"
    Journal.create(path, keyring).close()
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"torn")
    synced.clear()
    Journal.reopen(path, keyring).close()
    assert synced == [(path.with_name("a.journal.torn"), 4), (path, whole), (tmp_path, synced[-1][1])]


def test_a_new_key_and_its_folder_are_synced_before_anything_is_sealed(
    tmp_path: Path, synced: list[tuple[Path, int]]
) -> None:
    Keyring.open(tmp_path / "keys")
    assert 32 in [size for path, size in synced if not path.is_dir()]
    assert {tmp_path, tmp_path / "keys"} <= folders(synced)


def test_the_folders_of_new_databases_are_synced(
    tmp_path: Path, keyring: Keyring, synced: list[tuple[Path, int]]
) -> None:
    Outbox(tmp_path / "o" / "outbox.sqlite", keyring, site="a.b.c", producer="room", boot="1").close()
    Rows.for_writing(tmp_path / "r", placement(tmp_path / "r")).close()
    assert {tmp_path, tmp_path / "o", tmp_path / "r"} <= folders(synced)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.disk.write_all", full)
    with pytest.raises(StoreUnwritable, match="No space left on device"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="choose a data folder"):
        make_folder(tmp_path / "file" / "data")


def test_a_writer_that_has_closed_lets_the_next_one_in(tmp_path: Path) -> None:
    first = OneWriter(tmp_path / "x")
    with pytest.raises(StoreBusy):
        OneWriter(tmp_path / "x")
    first.close()
    first.close()
    OneWriter(tmp_path / "x").close()
