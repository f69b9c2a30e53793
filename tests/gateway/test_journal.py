"""The journal: whatever the end of the file looks like, everything that was synced is read back."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from gateway_parts import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import KeyLost, StoreBusy, StoreCorrupt, StoreMissing, StoreUnwritable
from gateway.journal import Journal, read_journal
from gateway.keys import Keyring


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    t_ns: int
    rr_ms: float | None


class Note(msgspec.Struct, frozen=True, tag="note"):
    text: str


Entry = Beat | Note
DECODER = msgspec.msgpack.Decoder[Entry](Entry)


def write(path: Path, keyring: Keyring, syncs: list[list[Entry]]) -> list[int]:
    """Write a journal; the file's length after each sync."""
    lengths = []
    with Journal.create(path, keyring) as journal:
        for entries in syncs:
            for entry in entries:
                journal.append(entry)
            journal.sync()
            lengths.append(path.stat().st_size)
    return lengths


SYNCS: list[list[Entry]] = [[Beat(1, None), Beat(2, 801.5)], [Note("您好")], [Beat(n, 800.0) for n in range(3, 9)]]
FLAT = [entry for entries in SYNCS for entry in entries]


def test_what_was_appended_is_read_back_in_order(tmp_path: Path, keyring: Keyring) -> None:
    write(tmp_path / "a.journal", keyring, SYNCS)
    reading = read_journal(tmp_path / "a.journal", keyring, DECODER)
    assert reading.entries == FLAT
    assert (reading.torn_bytes, reading.damaged_blocks) == (0, 0)


def test_nothing_can_be_read_in_the_file_itself(tmp_path: Path, keyring: Keyring) -> None:
    write(tmp_path / "a.journal", keyring, [[Note("she cried")]])
    assert b"cried" not in (tmp_path / "a.journal").read_bytes()
    assert (tmp_path / "a.journal").stat().st_mode & 0o777 == 0o600


def test_what_was_not_synced_is_not_there_until_it_is(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "a.journal"
    journal = Journal.create(path, keyring)
    journal.append(Beat(1, None))
    assert read_journal(path, keyring, DECODER).entries == []
    assert journal.sync() == 1
    assert journal.sync() == 0
    assert read_journal(path, keyring, DECODER).entries == [Beat(1, None)]
    journal.close()


def test_a_tail_torn_at_any_byte_costs_only_what_was_not_synced(tmp_path: Path, keyring: Keyring) -> None:
    path, torn = tmp_path / "a.journal", tmp_path / "torn.journal"
    lengths = write(path, keyring, SYNCS)
    data = path.read_bytes()
    begin = _length_of_head(tmp_path, keyring)
    for cut in range(begin, len(data) + 1):
        torn.write_bytes(data[:cut])
        whole = sum(length <= cut for length in lengths)
        reading = read_journal(torn, keyring, DECODER)
        assert reading.entries == [entry for entries in SYNCS[:whole] for entry in entries]
        assert reading.torn_bytes == cut - (lengths[whole - 1] if whole else begin)


def _length_of_head(tmp_path: Path, keyring: Keyring) -> int:
    Journal.create(tmp_path / "head.journal", keyring).close()
    return (tmp_path / "head.journal").stat().st_size


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_journal_reopened_after_any_tear_goes_on_as_if_it_had_never_happened(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    keyring = Keyring.open(tmp_path_factory.getbasetemp() / "journal-keys")
    path = folder / "a.journal"
    lengths = write(path, keyring, SYNCS)
    cut = data.draw(st.integers(min_value=lengths[0], max_value=lengths[-1]), "cut")
    filler = data.draw(st.sampled_from([b"", b"\0" * 40, b"\xff" * 9, bytes(range(64))]), "filler")
    path.write_bytes(path.read_bytes()[:cut] + filler)
    kept = [entry for entries, length in zip(SYNCS, lengths, strict=True) if length <= cut for entry in entries]
    torn = read_journal(path, keyring, DECODER).torn_bytes
    with Journal.reopen(path, keyring) as journal:
        journal.append(Note("after"))
    reading = read_journal(path, keyring, DECODER)
    assert reading.entries == [*kept, Note("after")]
    assert (reading.torn_bytes, reading.damaged_blocks) == (0, 0)
    aside = path.with_name("a.journal.torn")
    assert (aside.stat().st_size if aside.exists() else 0) == torn


def test_a_block_that_the_disk_changed_does_not_hide_what_stands_after_it(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "a.journal"
    lengths = write(path, keyring, SYNCS)
    data = bytearray(path.read_bytes())
    data[lengths[1] - 3] ^= 1
    path.write_bytes(data)
    reading = read_journal(path, keyring, DECODER)
    assert reading.entries == [*SYNCS[0], *SYNCS[2]]
    assert (reading.torn_bytes, reading.damaged_blocks) == (0, 1)


def test_blocks_cannot_be_moved_to_another_journal_or_place(tmp_path: Path, keyring: Keyring) -> None:
    (head, first, second) = (
        _length_of_head(tmp_path, keyring),
        *write(tmp_path / "a.journal", keyring, [[Beat(1, None)], [Beat(2, None)]]),
    )
    write(tmp_path / "b.journal", keyring, [[Beat(7, None)]])
    a, b = (tmp_path / "a.journal").read_bytes(), (tmp_path / "b.journal").read_bytes()
    (tmp_path / "a.journal").write_bytes(a[:first] + b[head:])
    assert read_journal(tmp_path / "a.journal", keyring, DECODER).entries == [Beat(1, None)]
    (tmp_path / "a.journal").write_bytes(a[:head] + a[first:second] + a[head:first])
    assert read_journal(tmp_path / "a.journal", keyring, DECODER).entries == []


def test_a_lost_key_is_not_mistaken_for_a_torn_tail(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path / "keys")
    with Journal.create(tmp_path / "a.journal", keyring) as journal:
        journal.append(Beat(1, None))
        journal.sync()
        lost = keyring.rotate()
        journal.append(Beat(2, None))
    (tmp_path / "keys" / f"0002-{lost}.key").unlink()
    poorer = Keyring.open(tmp_path / "keys")
    with pytest.raises(KeyLost, match=lost):
        read_journal(tmp_path / "a.journal", poorer, DECODER)
    with pytest.raises(KeyLost):
        Journal.reopen(tmp_path / "a.journal", poorer)


def test_two_processes_cannot_write_one_journal(tmp_path: Path, keyring: Keyring) -> None:
    with Journal.create(tmp_path / "a.journal", keyring), pytest.raises(StoreBusy, match="another process"):
        Journal.reopen(tmp_path / "a.journal", keyring)


def test_errors_of_journals_are_plain(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "a.journal"
    with pytest.raises(StoreMissing, match=r"a\.journal: the journal cannot be read"):
        read_journal(path, keyring, DECODER)
    path.write_bytes(b"something else")
    with pytest.raises(StoreCorrupt, match="not one of our journals"):
        read_journal(path, keyring, DECODER)
    with pytest.raises(StoreUnwritable, match="reopen the one that is there"):
        Journal.create(path, keyring)
    write(tmp_path / "b.journal", keyring, SYNCS)
    with pytest.raises(StoreCorrupt, match="an entry is not understood"):
        read_journal(tmp_path / "b.journal", keyring, msgspec.msgpack.Decoder[Beat](Beat))


def test_a_full_disk_keeps_the_entries_and_the_next_sync_writes_them(
    tmp_path: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.journal"
    with Journal.create(path, keyring) as journal:
        journal.append(Beat(1, None))
        journal.sync()
        journal.append(Beat(2, None))
        with monkeypatch.context() as patch:

            def half(handle: int, data: bytes, offset: int) -> int:
                os.lseek(handle, offset, os.SEEK_SET)
                os.write(handle, bytes(data)[:20])
                raise OSError(28, "No space left on device")

            patch.setattr("gateway.journal.write_all", half)
            with pytest.raises(StoreUnwritable, match="No space left"):
                journal.sync()
        assert read_journal(path, keyring, DECODER).entries == [Beat(1, None)]
        journal.append(Beat(3, None))
        assert journal.sync() == 2
    assert read_journal(path, keyring, DECODER).entries == [Beat(1, None), Beat(2, None), Beat(3, None)]


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import msgspec
from gateway.journal import Journal
from gateway.keys import Keyring

class Beat(msgspec.Struct, frozen=True, tag="beat"):
    t_ns: int
    rr_ms: float | None

folder = Path(sys.argv[2])
journal = Journal.create(folder / "a.journal", Keyring.open(folder / "keys"))
number = 0
while True:
    for _ in range(3):
        number += 1
        journal.append(Beat(number, None))
    journal.sync()
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_had_synced(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITER, ROOT, tmp_path], stdout=subprocess.PIPE, text=True)
    promised = [int(child.stdout.readline()) for _ in range(40)]
    child.kill()
    rest = child.stdout.read().split("\n")[:-1]
    child.wait()
    last = int(rest[-1]) if rest else promised[-1]
    entries = read_journal(tmp_path / "a.journal", Keyring.open(tmp_path / "keys"), DECODER).entries
    assert [beat.t_ns for beat in entries] == list(range(1, len(entries) + 1))
    assert len(entries) >= last
    with Journal.reopen(tmp_path / "a.journal", Keyring.open(tmp_path / "keys")) as journal:
        journal.append(Note("the killed one held no lock"))
