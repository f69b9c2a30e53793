"""The commands of the front door for what is kept, beside a real broker and a real centre and without them."""

import asyncio
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from gateway_parts import SITE, Broker, CentreProcess, a_session, placement, until
from postgres_parts import Postgres
from test_person import CODE, OTHER, of_a_person
from test_rows_together import an_alert, arrivals_of

from gateway.box import new_id
from gateway.errors import NotAllowed, StoreBusy, UnknownAlert
from gateway.keeping.asking import Place, have_stored
from gateway.link import BrokerAddress
from gateway.messages import ConsentWithdrawn
from gateway.rows import Rows
from gateway.services import find_sessions
from gateway.services.alerts import acknowledge_alert, alert_steps, close_alert, find_alerts
from gateway.services.audit import find_audit
from gateway.services.people import erase_person, read_person, read_proof
from xinyi import main


def xinyi(config: Path, *arguments: str, word: str = "a long passphrase") -> Result:
    environment = {"XINYI_CONFIG": str(config), "XINYI_RECOVERY_PASSPHRASE": word}
    return CliRunner().invoke(main, list(arguments), env=environment)


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The configuration of a site with two people, whose centre does not run."""
    data = tmp_path / "data"
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(arrivals_of(of_a_person(CODE)), 1)
        rows.store(arrivals_of(of_a_person(OTHER), boot="2"), 1)
    config = tmp_path / "xinyi.toml"
    config.write_text(f'[site]\nid = "{SITE}"\n[paths]\ndata = "{data}"\n')
    return config


def test_a_site_is_backed_up_verified_and_brought_back(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    assert "verified; 14 records" in said(xinyi(site, "backup", "--to", str(folder), "--keep", "2"))
    (file,) = folder.iterdir()
    text = said(xinyi(site, "backup", "verify", str(file)))
    assert f"site {SITE}" in text
    assert "records" in text
    assert "another passphrase" in refused(xinyi(site, "backup", "verify", str(file), word="another passphrase"))
    assert "12 characters" in refused(xinyi(site, "backup", "verify", str(file), word="short"))
    said(xinyi(site, "person", "erase", CODE, "--reason", "asked", "--yes", "--actor", "li"))
    new = str(tmp_path / "new")
    text = said(xinyi(site, "restore", str(file), "--to", new, "--erasures", str(tmp_path / "data")))
    assert "1 erasures again" in text
    assert "--force" in refused(xinyi(site, "restore", str(file), "--to", new))
    with Rows.for_reading(tmp_path / "new") as rows:
        assert len(find_sessions(rows)) == 1


def test_backups_by_a_machine_that_cannot_read_them(site: Path, tmp_path: Path) -> None:
    pair, file = tmp_path / "pair", tmp_path / "one.xinyibackup"
    said(xinyi(site, "keys", "recovery", "--to", str(pair)))
    said(xinyi(site, "backup", "--to", str(file), "--recovery-key", str(pair / "recovery-public.pem")))
    assert "recovery key" in refused(xinyi(site, "backup", "verify", str(file)))
    said(
        xinyi(
            site,
            "restore",
            str(file),
            "--to",
            str(tmp_path / "n"),
            "--recovery-key",
            str(pair / "recovery-private.pem"),
        )
    )


def test_a_person_is_handed_over_erased_and_proved(site: Path, tmp_path: Path) -> None:
    assert "files" in said(xinyi(site, "person", "export", CODE, "--to", str(tmp_path / "out"), "--actor", "li"))
    assert "name a new folder" in refused(xinyi(site, "person", "export", CODE, "--to", str(tmp_path / "out")))
    text = said(xinyi(site, "person", "erase", CODE, "--reason", "书面申请", "--yes", "--actor", "li"))
    assert "deletion" in text
    proof = said(xinyi(site, "person", "proof"))
    assert "by li (书面申请): complete" in proof
    assert f"{SITE}: done" in proof
    assert "records 7" in proof
    assert "left 0" in proof
    assert "there is no deletion" in refused(xinyi(site, "person", "proof", "abcdef"))
    assert "withdrawn; deletion" in said(xinyi(site, "person", "withdraw", OTHER, "keep"))


def test_keys_are_rotated_and_an_old_one_is_retired(site: Path) -> None:
    said(xinyi(site, "keys", "rotate"))
    said(xinyi(site, "keys", "rotate"))
    lines = said(xinyi(site, "keys", "list")).splitlines()
    assert [line.partition("  ")[2] for line in lines] == ["hashes codes", "", "seals"]
    assert "16 sealed anew" in said(xinyi(site, "keys", "reseal"))
    assert "put aside" in said(xinyi(site, "keys", "retire", lines[1].split()[0]))
    assert "stays" in refused(xinyi(site, "keys", "retire", lines[0].split()[0]))
    assert len(said(xinyi(site, "keys", "list")).splitlines()) == 2


def test_without_a_store_there_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "x.toml"
    config.write_text(f'[paths]\ndata = "{tmp_path / "none"}"\n')
    assert "there are no keys" in refused(xinyi(config, "person", "erase", CODE, "--reason", "x", "--yes"))
    assert "no keys" in refused(xinyi(config, "backup", "--to", str(tmp_path / "b")))
    assert not (tmp_path / "b").exists()


def test_a_centre_that_runs_is_asked_and_says_when_it_is_done(tmp_path: Path, broker: Broker) -> None:
    """The command is a producer: outbox, broker, receipt; the one writer stays the one writer."""
    data = tmp_path / "centre"
    alert = new_id()
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(arrivals_of([*of_a_person(CODE), an_alert(alert)[0]]), time.time_ns())
    place = Place(SITE, data, broker.address)
    read_person(place, CODE, "wu")
    centre = CentreProcess(data, broker)
    asyncio.run(centre.start())
    try:
        with place.reading() as rows:
            asyncio.run(until(lambda: bool(find_audit(rows)), "the centre has taken the audit log"))
            assert [(entry.actor, entry.action) for entry in find_audit(rows, code=CODE)] == [("wu", "person.read")]
        erased = erase_person(place, CODE, "li", "asked")
        assert erased.by_centre
        assert read_person(place, CODE, "li").nothing
        (proof,) = read_proof(place, erased.deletion)
        assert proof.complete
        assert proof.answers[0].removed["records"] == 7

        with place.reading() as rows:
            assert [(row.alert, row.status) for row in find_alerts(rows)] == [(alert, "open")]
        assert acknowledge_alert(place, alert, "li", "room").status == "acknowledged"
        with pytest.raises(NotAllowed, match="what was done"):
            close_alert(place, alert, "li", "room", "")
        assert close_alert(place, alert, "li", "room", "已陪同回家").status == "closed"
        with place.reading() as rows:
            assert find_alerts(rows) == []
            assert [step.step for step in alert_steps(rows, alert)] == ["raised", "acknowledged", "closed"]
            assert rows.dead_letters() == []
            with pytest.raises(UnknownAlert, match="xinyi duty"):
                alert_steps(rows, a_session())
    finally:
        centre.kill()


def test_what_a_silent_centre_has_not_taken_is_kept_and_goes_with_the_next_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    place = Place(SITE, data, BrokerAddress("127.0.0.1", 1, ""))
    withdrawal = ConsentWithdrawn(CODE, "see", 1)
    with Rows.for_writing(data, placement(data)), pytest.raises(StoreBusy, match=r"kept in outbox-cli\.sqlite"):
        have_stored(place, [withdrawal], 1, patience_s=0.2)
    assert [each.body for each in read_person(place, CODE, "li").waiting] == [withdrawal]
    assert not have_stored(place, [ConsentWithdrawn(CODE, "see", 2)], 2).by_centre
    person = read_person(place, CODE, "li")
    assert ([each.body.at_utc_ns for each in person.records], person.waiting) == ([1, 2], [])


def test_with_another_database_a_command_writes_itself_when_no_centre_answers(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.keeping.asking.URL_PATIENCE_S", 0.2)
    url = postgres.new_database()
    with Rows.for_writing(tmp_path, placement(tmp_path), url) as rows:
        rows.store(arrivals_of(of_a_person(CODE)), 1)
    place = Place(SITE, tmp_path, BrokerAddress("127.0.0.1", 1, ""), url)
    erased = erase_person(place, CODE, "li", "asked")
    assert not erased.by_centre
    (proof,) = read_proof(place, erased.deletion)
    assert (proof.complete, proof.answers[0].removed["records"]) == (True, 7)


def test_what_was_written_without_a_centre_gets_its_ways_when_it_starts(tmp_path: Path) -> None:
    """A command does not know where records go from here; the centre does, once."""
    data = tmp_path / "town"
    with Rows.for_writing(data, placement(data, "huadu.xinhua", "huadu")) as rows:
        rows.hear([SITE], 1)
    place = Place("huadu.xinhua", data, BrokerAddress("127.0.0.1", 1, ""))
    erase_person(place, CODE, "li", "asked")
    with Rows.for_writing(data, placement(data, "huadu.xinhua", "huadu")) as rows:
        assert rows.box("", int).pending(10) == []
        assert len(rows.box(SITE, int).pending(10)) == 1
        assert rows.adopt() == 2
        up = rows.box("", int)
        assert [(each.record.kind, each.record.target, each.seq) for each in up.take(up.pending(10))] == [
            ("deletion", "", 1),
            ("deletion_done", "", 2),
        ]
        assert rows.adopt() == 0
        assert len(rows.box(SITE, int).pending(10)) == 1
