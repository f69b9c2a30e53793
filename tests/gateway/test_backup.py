"""Backup and restore: whole while everything runs, refused when a byte is wrong, and the erased stay away."""

import io
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from gateway_parts import ROOT, SITE, a_session, judge_all, placement, waiting, whole_session
from postgres_parts import Postgres
from test_person import CODE, of_a_person
from test_rows_together import an_alert, arrivals_of

from gateway import tables as t
from gateway import topics
from gateway.arrivals import judge_up
from gateway.box import new_id
from gateway.database import open_for_writing
from gateway.disk import OneWriter
from gateway.errors import ArchiveRefused, StoreBusy, StoreUnwritable
from gateway.export import write_csv
from gateway.journal import Journal
from gateway.keeping import archive
from gateway.keeping.archive import Secret, new_recovery_pair, read_private, read_public
from gateway.keeping.asking import Place
from gateway.keeping.backup import back_up, restore, verify
from gateway.keeping.dump import load
from gateway.keeping.erasures import ERASURES_FILE
from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.messages import Deletion, Tombstone, encode
from gateway.outbox import Outbox
from gateway.rows import Rows
from gateway.services import read_session

WORD = Secret(passphrase="春眠不觉晓 correct horse")


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SCRYPT_N", 1 << 8)


def a_place(data: Path, url: str = "") -> Place:
    return Place(SITE, data, BrokerAddress("127.0.0.1", 1, ""), url)


def written(data: Path, url: str = "", upper: str = "huadu.xinhua") -> Rows:
    return Rows.for_writing(data, placement(data, upper=upper), url)


OF_THE_SITE = ("reviews/k10.toml", "packs/isi.toml", "library/ours.toml", "library/voice/0f.wav", "draft-kiosk-1")
"""What the site has written itself (signatures, permissions, pieces, recordings), and what a kiosk has not finished."""


def a_site(data: Path, url: str = "") -> Place:
    """A room with two sessions, a person, alerts, an outbox, a journal, and files beside them."""
    with written(data, url) as rows:
        rows.store(judge_all([*whole_session(a_session(), 20), *whole_session(a_session(), 3)]), 1)
        rows.store(arrivals_of([*of_a_person(CODE), *an_alert(new_id())], boot="p"), 1)
    keyring = Keyring.open(data / "keys")
    with Outbox(data / "outbox.sqlite", keyring, site=SITE, producer="room", boot="x") as outbox:
        for body in whole_session(a_session(), 3):
            outbox.put(body, made_utc_ns=1)
    with Journal.create(data / "journal" / "a.journal", keyring) as journal:
        journal.append(Tombstone("b", "bulk", [(1, 1)], {}, "bounds"))
    (data / "devices.json").write_text("{}")
    for name in OF_THE_SITE:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    return a_place(data, url)


def contents(rows: Rows) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table; of a table of outgoing entries its order too."""
    with rows.reading() as db:
        return {
            name: sorted(map(tuple, db.execute(sa.select(table))), key=str) for name, table in t.meta.tables.items()
        }


def exports(rows: Rows) -> list[str]:
    found = []
    for session in sorted(rows.session_ids()):
        out = io.StringIO()
        write_csv(read_session(rows, session), out)
        found.append(out.getvalue())
    return found


def test_a_site_comes_back_with_everything_that_was_in_it(tmp_path: Path, rows_url: str) -> None:
    place = a_site(tmp_path / "site", rows_url)
    config = tmp_path / "x.toml"
    config.write_text('[site]\nid = "a.b.c"\n')
    path, manifest = back_up(place, tmp_path, WORD, config=config)
    assert path.stat().st_mode & 0o777 == 0o600
    assert verify(path, WORD).site == manifest.site == SITE
    again = restore(path, WORD, tmp_path / "new")
    assert (again.erased_again, again.manifest.rows["sessions"]) == (0, 3)
    with place.reading() as old, Rows.for_reading(tmp_path / "new") as new:
        assert contents(new) == contents(old)
        assert exports(new) == exports(old)
    assert (tmp_path / "new" / "xinyi.toml").read_text() == config.read_text()
    assert (tmp_path / "new" / "devices.json").read_text() == "{}"
    for name in OF_THE_SITE:
        assert (tmp_path / "new" / name).read_text() == name
    for name in ("journal/a.journal", *(f"keys/{key.name}" for key in (tmp_path / "site" / "keys").iterdir())):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "site" / name).read_bytes()
        assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600
    keyring = Keyring.open(tmp_path / "new" / "keys", create=False)
    with Outbox(tmp_path / "new" / "outbox.sqlite", keyring, site=SITE, producer="room", boot="y") as outbox:
        assert len(waiting(outbox)) == 5
    assert not list(tmp_path.glob(".*"))


def test_a_room_moves_to_postgresql_and_back_with_its_backup(tmp_path: Path, postgres: Postgres) -> None:
    place = a_site(tmp_path / "1")
    url = postgres.new_database()
    path, _ = back_up(place, tmp_path / "a", WORD)
    restore(path, WORD, tmp_path / "2", rows_url=url)
    with place.reading() as old, Rows.for_reading(tmp_path / "2", url) as new:
        assert contents(new) == contents(old)
    path, _ = back_up(a_place(tmp_path / "2", url), tmp_path / "b", WORD)
    restore(path, WORD, tmp_path / "3")
    with place.reading() as old, Rows.for_reading(tmp_path / "3") as new:
        assert contents(new) == contents(old)
        assert exports(new) == exports(old)
    for data, where in ((tmp_path / "2", url), (tmp_path / "3", "")):
        with written(data, where) as rows:  # and it goes on: numbers of places are not given twice
            rows.store(arrivals_of(an_alert(new_id()), boot="later"), 9)
            assert rows.dead_letters() == []
    with pytest.raises(StoreUnwritable, match="not empty"):
        restore(path, WORD, tmp_path / "4", rows_url=url)


def test_a_backup_is_one_moment_while_everything_is_written(tmp_path: Path, rows_url: str) -> None:
    data = tmp_path / "site"
    place = a_site(data, rows_url)
    stop = threading.Event()
    put = 0

    def write() -> None:
        nonlocal put
        with written(data, rows_url) as rows:
            while not stop.is_set():
                rows.store(judge_all(whole_session(a_session(), 4), boot=str(put)), 2)
                put += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        paths = [back_up(place, tmp_path / f"{number}", WORD)[0] for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert put
    for number, path in enumerate(paths):
        restore(path, WORD, tmp_path / f"back{number}")
        with Rows.for_reading(tmp_path / f"back{number}") as rows:
            assert all(read_session(rows, session).complete for session in rows.session_ids())
            assert rows.sequence_gaps() == []
            with rows.reading() as db:
                waits = set(db.scalars(sa.select(t.outgoing.c.record)))
            assert waits <= rows.record_ids()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sealed")
    before, archive.SCRYPT_N = archive.SCRYPT_N, 1 << 8
    try:
        yield back_up(a_site(folder / "site"), folder / "whole", WORD)[0]
    finally:
        archive.SCRYPT_N = before


def test_a_wrong_byte_anywhere_is_refused(sealed: Path, tmp_path: Path) -> None:
    whole = sealed.read_bytes()
    rng = random.Random(5)
    places = [*range(0, 140, 3), *(rng.randrange(len(whole)) for _ in range(150)), len(whole) - 1]
    path = tmp_path / "changed"
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(ArchiveRefused) as caught:
            verify(path, WORD)
        assert "\n" not in str(caught.value)


def test_what_is_cut_off_or_appended_is_refused_and_nothing_is_restored(sealed: Path, tmp_path: Path) -> None:
    whole = sealed.read_bytes()
    path = tmp_path / "changed"
    for changed in (b"", whole[:7], whole[:100], whole[:-1], whole[: len(whole) // 2], whole + b"x", whole + whole):
        path.write_bytes(changed)
        with pytest.raises(ArchiveRefused):
            restore(path, WORD, tmp_path / "new")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["changed"]


def test_chunks_cannot_change_places(sealed: Path, tmp_path: Path) -> None:
    whole = sealed.read_bytes()
    start = 12 + int.from_bytes(whole[8:12], "big")
    length = 4 + int.from_bytes(whole[start : start + 4], "big")
    first, second = whole[start : start + length], whole[start + length : start + 2 * length]
    path = tmp_path / "changed"
    path.write_bytes(whole[:start] + second + first + whole[start + 2 * length :])
    with pytest.raises(ArchiveRefused):
        verify(path, WORD)


def test_another_passphrase_is_one_line(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="another passphrase or key") as caught:
        restore(sealed, Secret(passphrase="x"), tmp_path / "new")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()
    with pytest.raises(ArchiveRefused, match="give the recovery passphrase"):
        verify(sealed, Secret())


def test_nothing_in_it_can_be_read_without_the_secret(sealed: Path) -> None:
    whole = sealed.read_bytes()
    keys = [path.read_bytes() for path in (sealed.parent / "site" / "keys").iterdir()]
    for plain in (*keys, b"rows.sqlite", b"segment_began", SITE.encode(), b"0001-"):
        assert plain not in whole


def test_with_a_recovery_key_the_machine_that_writes_cannot_read(tmp_path: Path) -> None:
    private, public = new_recovery_pair()
    (tmp_path / "private").write_bytes(private)
    (tmp_path / "public").write_bytes(public)
    place = a_site(tmp_path / "site")
    path, _ = back_up(place, tmp_path / "out", read_public(tmp_path / "public"))
    for wrong in (read_public(tmp_path / "public"), WORD):
        with pytest.raises(ArchiveRefused, match="recovery key"):
            verify(path, wrong)
    other, _ = new_recovery_pair()
    (tmp_path / "other").write_bytes(other)
    with pytest.raises(ArchiveRefused, match="another passphrase or key"):
        verify(path, read_private(tmp_path / "other"))
    assert restore(path, read_private(tmp_path / "private"), tmp_path / "new").manifest.rows["sessions"] == 3
    with pytest.raises(ArchiveRefused, match="xinyi keys recovery"):
        read_public(tmp_path / "site" / "devices.json")


def test_only_the_newest_of_this_site_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = a_site(tmp_path / "site")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "x.y.z-20200101T000000Z.xinyibackup").write_text("of another site")
    now = time.time_ns()
    for number in range(4):
        monkeypatch.setattr(time, "time_ns", lambda at=now + number * 10**9: at)
        last, _ = back_up(place, folder, WORD, keep=2)
    mine = sorted(folder.glob(f"{SITE}-*"))
    assert len(mine) == 2
    assert mine[-1] == last
    assert len(list(folder.iterdir())) == 4


def test_a_folder_that_is_not_empty_is_moved_aside_only_when_told(sealed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "precious").write_text("x")
    with pytest.raises(StoreUnwritable, match="--force"):
        restore(sealed, WORD, data)
    restore(sealed, WORD, data, force=True)
    (aside,) = tmp_path.glob("data.before-*")
    assert (aside / "precious").read_text() == "x"
    with Rows.for_reading(data) as rows:
        assert len(rows.find()) == 3


@pytest.mark.parametrize("how", ["the log was copied", "the old folder is there", "the folder is moved aside"])
def test_what_was_erased_after_the_backup_does_not_come_back(tmp_path: Path, rows_url: str, how: str) -> None:
    data = tmp_path / "site"
    place = a_site(data, rows_url)
    path, _ = back_up(place, tmp_path / "out", WORD)
    with written(data, rows_url) as rows:
        rows.put(Deletion(new_id(), CODE, [], [], SITE, "li", time.time_ns(), "asked"), time.time_ns())
    if how == "the folder is moved aside":
        again, new = restore(path, WORD, data, force=True), data
    else:
        erasures = [data / ERASURES_FILE] if "log" in how else [data]
        new = tmp_path / "new"
        again = restore(path, WORD, new, erasures=erasures)
    assert again.erased_again == 1
    with written(new) as rows:
        hashed = rows.placement.keyring.pseudonym(CODE)
        with rows.reading() as db:
            kinds = set(db.scalars(sa.select(t.records.c.kind).where(t.records.c.subject == hashed)))
        assert kinds == {"deletion"}
        assert len(rows.find()) == 2
        late = arrivals_of(of_a_person(CODE), boot="late")
        rows.store(late, 5)
        assert len(rows.find()) == 2
    assert (new / ERASURES_FILE).exists()
    path, _ = back_up(a_place(new), tmp_path / "second", WORD)
    assert restore(path, WORD, tmp_path / "third").erased_again == 0


def test_after_a_restore_nothing_new_is_mistaken_for_old_and_the_old_comes_again_harmlessly(tmp_path: Path) -> None:
    """Room and centre go on from an older state: what they number begins at 1 of a new start."""
    room, upper = tmp_path / "room", tmp_path / "upper"
    place = a_site(room)
    path, _ = back_up(place, tmp_path / "out", WORD)
    keyring = Keyring.open(room / "keys")
    with written(room) as rows, Outbox(room / "outbox.sqlite", keyring, site=SITE, producer="room", boot="x") as outbox:
        outbox.put(whole_session(a_session(), 1)[0], made_utc_ns=1)  # number 6 of this start: lost with the disk
        before = [judge(envelope) for envelope in waiting(outbox)]
        rows.store(before, 2)
    restore(path, WORD, room, force=True)
    with (
        written(room) as rows,
        Outbox(room / "outbox.sqlite", Keyring.open(room / "keys"), site=SITE, producer="room", boot="x2") as outbox,
    ):
        new = [outbox.put(body, made_utc_ns=3) for body in whole_session(a_session(), 2)]
        arrivals = [judge(envelope) for envelope in waiting(outbox)]
        assert [a.envelope.seq for a in arrivals if a.record.id in new] == [1, 2, 3, 4]
        rows.store(arrivals, 4)
        rows.store(arrivals, 4)
        assert set(new) <= rows.record_ids()
        assert {a.record.id for a in before[:-1]} <= rows.record_ids()
        assert rows.dead_letters() == []
        assert rows.sequence_gaps() == []
        box = rows.box("", time.time_ns)
        first = box.take(box.pending(1000))
    with Rows.for_writing(upper, placement(upper, "huadu.xinhua")) as above:
        relayed = [judge_up(topics.up(SITE, each.lane, topics.RELAY), encode(each)) for each in first]
        for _ in range(2):
            above.store(relayed, 1)
        assert above.dead_letters() == []
        assert len(above.record_ids()) == len(first) == 6  # the steps of the alert, once


def judge(envelope):
    return judge_up(topics.up(SITE, envelope.lane, "room"), encode(envelope))


FULL = """
import resource, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from gateway.errors import StoreError
from gateway.keeping.archive import Secret
from gateway.keeping.asking import Place
from gateway.keeping.backup import back_up
from gateway.link import BrokerAddress
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    place = Place("a.b.c", Path(sys.argv[2]), BrokerAddress("127.0.0.1", 1, ""))
    back_up(place, Path(sys.argv[3]), Secret(passphrase="x"))
except StoreError as error:
    sys.exit(str(error))
"""


def test_a_full_disk_leaves_no_half_backup_and_the_old_one_whole(tmp_path: Path) -> None:
    a_site(tmp_path / "site")
    target = tmp_path / "out" / "one.xinyibackup"
    back_up(a_place(tmp_path / "site"), target, WORD)
    old = target.read_bytes()
    command = [sys.executable, "-c", FULL, str(ROOT), str(tmp_path / "site"), str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert said.returncode == 1
    assert "free disk space" in said.stderr.splitlines()[-1]
    assert [each.name for each in target.parent.iterdir()] == [target.name]
    assert target.read_bytes() == old
    assert not list((tmp_path / "site").glob(".backup-*"))


def test_what_a_killed_backup_left_is_cleared_away_and_two_do_not_run_at_once(tmp_path: Path) -> None:
    place = a_site(tmp_path / "site")
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "site" / ".backup-x").mkdir()
    (tmp_path / "site" / ".backup-x" / "copy").write_bytes(b"half")
    (folder / f".{SITE}-20200101T000000Z.xinyibackup.part").write_bytes(b"half")
    held = OneWriter(place.data / "backup")
    with pytest.raises(StoreBusy):
        back_up(place, folder, WORD)
    held.close()
    path, _ = back_up(place, folder, WORD)
    assert list(folder.iterdir()) == [path]
    assert not list((tmp_path / "site").glob(".backup-*"))


def test_a_backup_of_an_older_release_comes_here(tmp_path: Path) -> None:
    """Tables of the revision that it was made with are made first, filled, and then brought up to date."""
    blocks = _old_sessions()
    engine = open_for_writing(f"sqlite:///{tmp_path / 'rows.sqlite'}", "0001", empty=True)
    with engine.begin() as db:
        assert load(db, "sessions", blocks) == 1
    engine.dispose()
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        assert len(rows.find()) == 1


def _old_sessions():
    for row in (["session", "site"], [new_id().bytes, SITE]):
        encoded = msgspec.msgpack.encode(row)
        yield len(encoded).to_bytes(4, "big") + encoded
