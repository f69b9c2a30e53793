"""Pieces of the library come down from a town, and a kiosk of the room is told of what is new."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from counter_parts import Room, answered
from gateway_parts import judge_all, placement
from levels import NEIGHBOUR, ROOM, TOWN, Levels

from gateway.counter.messages import Library
from gateway.counts import changed_days, day_counts
from gateway.errors import NotAllowed
from gateway.messages import ContentViewed, LibraryPiece
from gateway.rows import Rows
from gateway.services import library
from gateway.services.library import library_news, send_piece, take_away
from xinyi import main

SLEEP = LibraryPiece("sleep", 2, 'key = "sleep"')
NOON = int(datetime(2026, 11, 29, 4, tzinfo=UTC).timestamp()) * 10**9


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    house = Levels(tmp_path)
    yield house
    house.close()


def at_town(levels: Levels, act, *arguments: object) -> None:
    """What a command does at the town while its centre does not run."""
    levels.rows[TOWN].close()
    try:
        act(levels.place(TOWN), *arguments)
    finally:
        levels.rows[TOWN] = levels.open(TOWN)
    levels.carry()


def stands(levels: Levels, site: str, **have: int) -> tuple[list[LibraryPiece], list[str]]:
    news = library_news(levels.rows[site], have, site=site)
    return news.pieces, news.withdrawn


def test_a_piece_comes_down_to_one_room_and_a_withdrawal_follows_it(levels: Levels) -> None:
    at_town(levels, send_piece, SLEEP, ROOM, "officer")
    assert stands(levels, ROOM) == ([SLEEP], [])
    assert stands(levels, ROOM, sleep=2) == ([], [])
    assert stands(levels, NEIGHBOUR) == stands(levels, TOWN) == ([], [])
    newer = LibraryPiece("sleep", 3, 'key = "sleep"\n')
    at_town(levels, send_piece, newer, ROOM, "officer")
    assert stands(levels, ROOM, sleep=2) == ([newer], [])
    at_town(levels, take_away, "sleep", ROOM, "officer")
    assert stands(levels, ROOM, sleep=3) == ([], ["sleep"])


def test_an_older_version_that_comes_late_changes_nothing(tmp_path: Path) -> None:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(judge_all([LibraryPiece("sleep", 3, "c"), SLEEP]), 1)
        assert [piece.version for piece in library_news(rows, {}, site=ROOM).pieces] == [3]


def test_a_room_has_no_say_at_a_neighbours_and_nobody_sends_what_stands_already(levels: Levels) -> None:
    with pytest.raises(NotAllowed, match="is not below"):
        send_piece(levels.place(ROOM), SLEEP, NEIGHBOUR, "somebody")
    at_town(levels, send_piece, SLEEP, ROOM, "officer")
    with pytest.raises(NotAllowed, match="has version 2 of sleep"):
        send_piece(levels.place(TOWN), SLEEP, ROOM, "officer")


def test_many_pieces_come_in_several_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "ENOUGH_BYTES", 5_000)
    sent = [LibraryPiece(f"piece-{number}", 1, "x" * 2000) for number in range(5)]
    have: dict[str, int] = {}
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(judge_all(sent), 1)
        answers = 0
        while True:
            news = library_news(rows, have, site=ROOM)
            answers += 1
            have |= {piece.key: piece.version for piece in news.pieces}
            if not news.more:
                break
    assert answers == 3
    assert len(have) == 5


async def test_a_kiosk_is_told_what_stands_at_its_site(room: Room, tmp_path: Path) -> None:
    shipped = next(
        file for file in files("care").joinpath("library", "pieces").iterdir() if file.name.endswith(".toml")
    )
    file = tmp_path / "piece.toml"
    file.write_text(shipped.read_text("utf-8"), "utf-8")
    words = ["library", "send", str(file), "--to", ROOM, "--actor", "wang", "--config", str(room.file)]
    await room.centre.stop()
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    await room.centre.start()
    async with room.line() as line:
        news = await answered(line, Library({}))
        (piece,) = news.pieces
        assert piece.body == file.read_text("utf-8")
        assert (await answered(line, Library({piece.key: piece.version}))).pieces == []
    file.write_text('key = "broken"\nversion = 1\n', "utf-8")
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_looks_at_a_piece_are_counted_per_day_and_go_up_only_as_numbers(levels: Levels) -> None:
    rows, zone = levels.rows[ROOM], ZoneInfo("Asia/Shanghai")
    seen = [ContentViewed("sleep", 2, "zh", NOON + n, 60) for n in range(3)] + [ContentViewed("mood", 1, "en", NOON, 9)]
    rows.store(judge_all([*seen, ContentViewed("sleep", 2, "zh", NOON - 86_400 * 10**9, 60)]), 1)
    assert day_counts(rows, ROOM, date(2026, 11, 29), zone) == {"content.mood": 1, "content.sleep": 3}
    for counts in changed_days(rows, ROOM, NOON, zone):
        rows.put(counts, time.time_ns())
    levels.carry()
    with levels.rows[TOWN].reading() as db:
        kinds = {row[0] for row in db.exec_driver_sql("SELECT kind FROM records")}
    assert kinds == {"site_counts"}
