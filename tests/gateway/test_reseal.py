"""Keys are rotated, and everything can be sealed anew, so that an old key is no longer needed."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from gateway_parts import SITE, a_session, judge_all, placement, waiting, whole_session
from test_backup import a_place, contents
from test_person import CODE, of_a_person
from test_rows_together import arrivals_of

from gateway.arrivals import Poison
from gateway.box import new_id
from gateway.errors import StoreBusy, StoreUnwritable
from gateway.keeping.audit import swallow
from gateway.keeping.reseal import reseal, retire
from gateway.keys import Keyring
from gateway.outbox import Outbox
from gateway.rows import Rows
from gateway.services import read_session
from gateway.services.people import read_person


def test_after_a_rotation_everything_can_be_sealed_anew_and_the_old_key_retired(tmp_path: Path, rows_url: str) -> None:
    place = a_place(tmp_path, rows_url)
    session = a_session()
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        rows.store(arrivals_of(of_a_person(CODE)), 1)
        first = rows.placement.keyring.key_id
        second = rows.placement.keyring.rotate()
        rows.store([*judge_all(whole_session(session, 300)), Poison(new_id(), "no", b"x")], 1)
        read_person(place, CODE, "li")
        swallow(rows)
    with Outbox(
        tmp_path / "outbox.sqlite", Keyring.open(tmp_path / "keys"), site=SITE, producer="room", boot="x"
    ) as box:
        box.put(whole_session(a_session(), 1)[0], made_utc_ns=1)
        before = waiting(box)
    third = Keyring.open(tmp_path / "keys").rotate()
    with Rows.for_reading(tmp_path, rows_url) as rows:
        assert read_session(rows, session).complete  # the old ones still open
    done = reseal(place)
    assert (done.changed, done.lost, done.busy, done.in_use) == (7 + 302 + 1 + 1 + 1 + 1, 0, [], {third})
    assert reseal(place).changed == 0
    assert retire(place, second).suffix == ".retired"
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        assert read_session(rows, session).complete
        assert [letter.payload for letter in rows.dead_letters()] == [b"x"]
        rows.store(arrivals_of(of_a_person(CODE), boot="n"), 1)
    assert len(read_person(place, CODE, "li").sessions) == 2  # the hash of a code is of the first key, and stays
    with Outbox(
        tmp_path / "outbox.sqlite", Keyring.open(tmp_path / "keys"), site=SITE, producer="room", boot="y"
    ) as box:
        assert waiting(box) == before
    for stays in (first, third):
        with pytest.raises(StoreUnwritable, match="first or the newest"):
            retire(place, stays)


def test_what_no_key_opens_is_counted_and_left_as_it_is(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(arrivals_of(of_a_person(CODE)), 1)
        rows.placement.keyring.rotate()
        rows.store(arrivals_of(of_a_person(CODE), boot="2"), 1)
        rows.placement.keyring.rotate()
        before = contents(rows)["records"]
    (lost,) = (tmp_path / "keys").glob("0002-*")
    lost.unlink()
    done = reseal(place)
    assert (done.changed, done.lost) == (8, 8)  # seven records, and an incident: nobody can answer like this
    assert done.in_use == {lost.stem.split("-")[1], place.keyring().key_id}
    with place.reading() as rows:
        assert len(set(before) & set(contents(rows)["records"])) == 7


def test_it_is_left_to_the_centre_while_one_runs_and_to_the_room_while_it_does(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with Rows.for_writing(tmp_path, placement(tmp_path)), pytest.raises(StoreBusy, match="another process"):
        reseal(place)
    with Outbox(tmp_path / "outbox.sqlite", place.keyring(), site=SITE, producer="room", boot="x") as box:
        box.put(whole_session(a_session(), 1)[0], made_utc_ns=1)
        place.keyring().rotate()
        assert reseal(place).busy == [tmp_path / "outbox.sqlite"]
    middle = place.keyring().rotate()
    place.keyring().rotate()
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "a.journal").write_bytes(b"")
    with pytest.raises(StoreUnwritable, match="end all sessions"):
        retire(place, middle)


def test_old_bytes_are_overwritten_in_the_files(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(arrivals_of(of_a_person(CODE)), 1)
    with contextlib.closing(sqlite3.connect(tmp_path / "rows.sqlite")) as db:
        old = [row[0] for row in db.execute("SELECT body FROM records")]
    place.keyring().rotate()
    reseal(place)
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("rows.sqlite*"))
    assert not any(body in raw for body in old)
