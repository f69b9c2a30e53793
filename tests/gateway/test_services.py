"""Reading what is stored: merged, counted and exported the same, from a folder that may be alive, dead or read-only."""

import csv
import io
import os
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from gateway_parts import BEGAN_UTC_NS, SITE, S, a_session, chunk, closed, judge_all, opened, placement, whole_session

from gateway.errors import StoreCorrupt, StoreError, StoreMissing, StoreUnwritable, UnknownSession
from gateway.export import COLUMNS, write_csv, write_sessions
from gateway.keys import KEYS_FOLDER
from gateway.messages import BeatRow, Body, EventRow, SessionChunk
from gateway.rows import ROWS_FILE, Rows
from gateway.services import StoredSession, find_sessions, open_store, read_session, resolve_session, session_figures

FIXED = UUID("01900000-0000-7000-8000-00000000abcd")
SIBLING = UUID("01900000-0000-7000-8000-00000000abce")


def site_with(data: Path, bodies: list[Body]) -> Path:
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all(bodies), 1)
    return data


def a_chunk_of(*beats: BeatRow, number: int = 1) -> SessionChunk:
    return SessionChunk(FIXED, number, 0, 10 * S, list(beats), [], [], [])


def stored_with(*chunks: SessionChunk) -> StoredSession:
    return StoredSession(FIXED, SITE, opened(FIXED), None, chunks, ())


def table(stored: StoredSession) -> list[dict[str, str]]:
    out = io.StringIO()
    lines = write_csv(stored, out)
    out.seek(0)
    found = list(csv.DictReader(out))
    assert len(found) == lines
    return found


def test_a_session_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    bodies = whole_session(FIXED, 3)
    with open_store(site_with(tmp_path, bodies[::-1])) as rows:
        stored = read_session(rows, FIXED)
    assert [stored.opened, *stored.chunks, stored.closed] == bodies
    assert (stored.site, stored.missing_chunks, stored.complete) == (SITE, (), True)
    assert [beat.t_ns for beat in stored.beats] == [number * S for number in range(30)]
    assert len(stored.features) == len(stored.events) == 3
    assert len(stored.gaps) == 1


def test_the_highest_version_of_a_chunk_replaces_the_others(tmp_path: Path) -> None:
    bodies = [opened(FIXED), chunk(FIXED, 1, 2, 700.0), chunk(FIXED, 1, 3, 600.0), chunk(FIXED, 1, 1, 800.0)]
    with open_store(site_with(tmp_path, bodies)) as rows:
        (found,) = read_session(rows, FIXED).chunks
    assert (found.version, found.beats[1].rr_ms) == (3, 601.0)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    bodies = [chunk(FIXED, 2), closed(FIXED, 4)]
    with open_store(site_with(tmp_path, bodies)) as rows:
        stored = read_session(rows, FIXED)
    assert (stored.opened, stored.missing_chunks, stored.complete) == (None, (1, 3, 4), False)


def test_figures_use_only_normal_intervals_that_follow_each_other() -> None:
    beats = [
        BeatRow(0, None, "first", 1.0),
        BeatRow(1, 800.0, "normal", 1.0),
        BeatRow(2, 810.0, "normal", 1.0),
        BeatRow(3, 400.0, "extra", 1.0),
        BeatRow(4, 900.0, "normal", 1.0),
        BeatRow(5, None, "first", 1.0),
        BeatRow(6, 700.0, "normal", 1.0),
        BeatRow(7, 730.0, "normal", 1.0),
    ]
    figures = session_figures(stored_with(a_chunk_of(*beats)))
    assert figures.beats_stored == 8
    assert figures.rmssd_ms == pytest.approx(((10**2 + 30**2) / 2) ** 0.5)
    assert figures.mean_hr_bpm == pytest.approx(60_000 / ((800 + 810 + 900 + 700 + 730) / 5))
    assert figures.artefact_share == pytest.approx(1 / 6)


def test_differences_run_on_over_the_border_of_two_chunks() -> None:
    first = a_chunk_of(BeatRow(0, None, "first", 1.0), BeatRow(1, 800.0, "normal", 1.0))
    second = a_chunk_of(BeatRow(2, 840.0, "normal", 1.0), number=2)
    assert session_figures(stored_with(first, second)).rmssd_ms == pytest.approx(40.0)


def test_without_beats_there_are_no_figures() -> None:
    assert session_figures(stored_with())[:4] == (0, None, None, None)


def test_sessions_are_found_by_place_device_and_time_newest_first(tmp_path: Path) -> None:
    ids = [a_session() for _ in range(3)]
    bodies: list[Body] = []
    for number, session in enumerate(ids):
        import msgspec

        bodies.append(
            msgspec.structs.replace(opened(session, f"chair-{number}"), began_utc_ns=BEGAN_UTC_NS + number * S)
        )
    with open_store(site_with(tmp_path, bodies)) as rows:
        assert [row.session for row in find_sessions(rows)] == ids[::-1]
        assert [row.session for row in find_sessions(rows, device="chair-1")] == [ids[1]]
        assert [row.session for row in find_sessions(rows, since_utc_ns=BEGAN_UTC_NS + S, limit=1)] == [ids[2]]
        assert [row.session for row in find_sessions(rows, until_utc_ns=BEGAN_UTC_NS + S)] == [ids[0]]
        assert find_sessions(rows, site="a.b.c") == []
        assert resolve_session(rows, "latest") == ids[2]


@pytest.mark.parametrize("text", [str(FIXED), FIXED.hex, str(FIXED).upper(), "01900000-0000-7000-8000-00000000abcd"])
def test_a_session_is_named_by_its_id_in_any_spelling(tmp_path: Path, text: str) -> None:
    with open_store(site_with(tmp_path, [opened(FIXED), opened(SIBLING)])) as rows:
        assert read_session(rows, text).session == FIXED


@pytest.mark.parametrize(
    ("text", "said"),
    [("0190", "2 sessions begin with '0190'; give more"), ("ffff", "there is no session 'ffff'"), ("", "no session")],
)
def test_an_unclear_session_is_one_line_with_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    data = site_with(tmp_path, [opened(FIXED), opened(SIBLING)])
    with open_store(data) as rows, pytest.raises(UnknownSession, match=said) as caught:
        read_session(rows, text)
    assert "\n" not in str(caught.value)
    with open_store(data) as rows, pytest.raises(UnknownSession, match="xinyi sessions"):
        read_session(rows, a_session())


def test_a_session_can_be_read_while_the_centre_writes(tmp_path: Path) -> None:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        whole = judge_all(whole_session(FIXED, 2))
        rows.store(whole[:2], 1)
        with open_store(tmp_path) as reader:
            assert len(read_session(reader, FIXED).chunks) == 1
            rows.store(whole[2:], 2)
            assert read_session(reader, FIXED).complete


def test_a_folder_without_a_store_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match=r"rows\.sqlite: there is no store here; point to"):
        open_store(tmp_path)
    site_with(tmp_path, [opened(FIXED)])
    for key in (tmp_path / KEYS_FOLDER).iterdir():
        key.unlink()
    with pytest.raises(StoreMissing, match="there are no keys"):
        open_store(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"text, not a database" * 50])
def test_a_file_that_is_no_store_is_one_line(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / ROWS_FILE).write_bytes(damage)
    with pytest.raises(StoreCorrupt, match="not a healthy store") as caught:
        open_store(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_store_whose_pages_were_overwritten_is_one_line(tmp_path: Path) -> None:
    path = site_with(tmp_path, whole_session(FIXED, 40)) / ROWS_FILE
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught, open_store(tmp_path) as rows:
        read_session(rows, FIXED)
    assert "\n" not in str(caught.value)


def test_a_store_locked_by_somebody_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.database.BUSY_S", 0.05)
    site_with(tmp_path, [opened(FIXED)])
    holder = sqlite3.connect(tmp_path / ROWS_FILE, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="another process holds the store"):
        open_store(tmp_path)
    holder.close()


@pytest.fixture
def folder_that_nobody_may_write() -> Iterator[Path]:
    """A folder outside of pytest's private one, made read-only for `as_somebody_else`."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o700)


def as_somebody_else(folder: Path, work: Callable[[], None]) -> None:
    """Run `work` in a child that owns the files but may not write the folder (root may write everywhere)."""
    work()  # imports everything that the child may not be able to read
    for path in [folder, *folder.rglob("*")]:
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
    for path in (folder, folder / KEYS_FOLDER):
        path.chmod(0o555)
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            work()
        except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_session_is_read_from_a_folder_that_cannot_be_written(folder_that_nobody_may_write: Path) -> None:
    data = site_with(folder_that_nobody_may_write, whole_session(FIXED, 2))

    def read() -> None:
        with open_store(data) as rows:
            assert read_session(rows, FIXED).complete

    as_somebody_else(data, read)


def test_a_log_that_was_not_merged_is_said_and_not_ignored(folder_that_nobody_may_write: Path, tmp_path: Path) -> None:
    source, data = tmp_path / "alive", folder_that_nobody_may_write
    with Rows.for_writing(source, placement(source)) as rows:
        rows.store(judge_all(whole_session(FIXED, 2)), 1)
        (data / KEYS_FOLDER).mkdir()
        for file in [source / ROWS_FILE, source / f"{ROWS_FILE}-wal", *(source / KEYS_FOLDER).iterdir()]:
            copy = data / file.relative_to(source)
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o600)
    assert (data / f"{ROWS_FILE}-wal").stat().st_size
    tries: list[int] = []

    def read() -> None:
        tries.append(1)
        if len(tries) == 1:
            return
        with pytest.raises(StoreUnwritable, match="copy the folder to a writable place"):
            open_store(data)

    open_store(source).close()
    as_somebody_else(data, read)


def test_the_table_holds_every_row_with_its_exact_value(tmp_path: Path) -> None:
    with open_store(site_with(tmp_path, whole_session(FIXED, 2))) as rows:
        stored = read_session(rows, "latest")
    found = table(stored)
    assert tuple(found[0]) == COLUMNS
    beats = [row for row in found if row["kind"] == "beat"]
    assert [(int(float(row["time_s"]) * S + 0.5), row["label"]) for row in beats] == [
        (beat.t_ns, beat.label) for beat in stored.beats
    ]
    assert [float(row["value"]) if row["value"] else None for row in beats] == [beat.rr_ms for beat in stored.beats]
    assert {row["unit"] for row in beats} == {"ms"}
    (feature, _) = [row for row in found if row["kind"] == "feature"]
    assert [feature[name] for name in COLUMNS[1:]] == ["9.000000", "rmssd", "32.5", "ms", "", "0.8", "window 60 s"]
    (event, _) = [row for row in found if row["kind"] == "event"]
    assert (event["time_s"], event["name"], event["value"], event["detail"]) == (
        "5.000000",
        "segment_began",
        "1.0",
        "呼吸",
    )
    (gap,) = [row for row in found if row["kind"] == "gap"]
    assert (gap["name"], gap["unit"], gap["detail"]) == ("samples_lost", "s", "until 0.000000 s")
    facts = {row["name"]: row["value"] for row in found if row["kind"] == "session"}
    assert facts["session"] == str(FIXED)
    assert facts["began_utc"] == "2025-06-15T15:06:40.000Z"
    assert (facts["beats_stored"], facts["complete"], facts["outcome"]) == ("20", "yes", "completed")
    assert float(facts["rmssd"]) == session_figures(stored).rmssd_ms


def test_rows_are_in_order_of_time_after_the_facts(tmp_path: Path) -> None:
    with open_store(site_with(tmp_path, whole_session(FIXED, 3))) as rows:
        found = table(read_session(rows, FIXED))
    times = [float(row["time_s"]) for row in found if row["kind"] != "session"]
    assert times == sorted(times)
    assert [row["kind"] for row in found][: -len(times)] == ["session"] * (len(found) - len(times))


def test_what_a_spreadsheet_would_run_is_defused_and_commas_and_lines_survive(tmp_path: Path) -> None:
    texts = ["=1+1", "+86", "-x", "@a", 'a, "b"\nc']
    events = [EventRow(number, "mark", text) for number, text in enumerate(texts)]
    stored = stored_with(SessionChunk(FIXED, 1, 0, S, [], [], events, []))
    assert [row["detail"] for row in table(stored) if row["kind"] == "event"] == [
        "'=1+1",
        "'+86",
        "'-x",
        "'@a",
        texts[4],
    ]


def test_times_are_rounded_to_a_microsecond_without_floats() -> None:
    late = 9_007_199_254_740_993_499
    stored = stored_with(a_chunk_of(BeatRow(1_499, None, "first", 1.0), BeatRow(late, 800.0, "normal", 1.0)))
    times = [row["time_s"] for row in table(stored) if row["kind"] == "beat"]
    assert times == ["0.000001", "9007199254.740993"]


def test_the_list_of_sessions_is_a_table_too(tmp_path: Path) -> None:
    out = io.StringIO()
    with open_store(site_with(tmp_path, [*whole_session(FIXED, 2), chunk(SIBLING, 1)])) as rows:
        assert write_sessions(find_sessions(rows), out) == 2
    out.seek(0)
    whole, part = csv.DictReader(out)
    assert (whole["session"], whole["duration_s"], whole["beats"]) == (str(FIXED), "20.000000", "20")
    assert (part["session"], part["began_utc"], part["chunks_stored"], part["chunks"]) == (str(SIBLING), "", "1", "")
