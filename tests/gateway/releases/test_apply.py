"""A room takes a release at night, when nobody is in a session, and keeps it only if it stays well."""

import subprocess
from pathlib import Path

import pytest
from release_parts import NIGHT, NOON, Machine, wheel

from gateway.disk import OneWriter
from gateway.errors import StoreBusy
from gateway.releases.errors import Downgrade, InstallFailed, NothingToDo, SignatureWrong, Unsuitable
from gateway.releases.install import fill, install
from gateway.releases.layout import Layout
from gateway.releases.reports import reports_after
from gateway.releases.state import Step

WELL = ["0.2.0 offered", "0.2.0 fetched", "0.2.0 applied", "0.2.0 healthy"]


def test_a_release_waits_ready_for_the_night_and_is_kept_when_it_stays_well(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    assert machine.tick().step is Step.WAITING
    assert "night" in machine.state.trouble
    assert machine.runs == "0.1.0"
    assert not machine.restarts
    assert machine.night().step is Step.PROBATION
    assert machine.restarts == ["0.2.0"]
    assert machine.backups == ["0.2.0"]
    assert machine.layout.at("steady") == "0.1.0"
    assert machine.tick(599).step is Step.PROBATION
    assert machine.tick(2).step is Step.IDLE
    assert machine.reported == WELL
    assert (machine.runs, machine.layout.at("steady")) == ("0.2.0", "0.2.0")
    assert machine.layout.mark_of("0.1.0"), "there is one to go back to by hand"


def test_nobody_is_disturbed_in_a_session(machine: Machine) -> None:
    machine.busy = True
    machine.offer(machine.release("0.2.0"))
    assert machine.night().trouble == "somebody is in a session"
    machine.busy = False
    assert machine.tick(60).step is Step.PROBATION


def test_a_session_that_begins_during_the_backup_comes_first(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.tick()
    machine.clock.set_utc(NIGHT)

    def begins(mark: str) -> None:
        machine.busy = machine.busy or mark == "after saving"

    assert machine.updater(begins).tick().step is Step.WAITING
    assert (machine.runs, machine.restarts) == ("0.1.0", [])


def test_a_backup_that_fails_switches_nothing_and_is_tried_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.releases.hooks import back_up

    machine.offer(machine.release("0.2.0"))
    with monkeypatch.context() as patch:
        patch.setattr(machine, "backups", type("Failing", (), {"append": lambda _, v: back_up("false", v)})())
        assert "release.backup" in machine.night().trouble
    assert machine.runs == "0.1.0"
    assert machine.tick(60).step is Step.PROBATION


def test_a_site_that_was_ill_before_is_not_switched_and_blames_nobody(machine: Machine) -> None:
    machine.ill["0.1.0"] = "the room does not answer"
    machine.offer(machine.release("0.2.0"))
    assert "not well before" in machine.night().trouble
    assert machine.reported == WELL[:2]


def test_a_version_that_does_not_get_well_goes_back_by_itself(machine: Machine) -> None:
    machine.ill["0.2.0"] = "xinyi-room is failed"
    machine.offer(machine.release("0.2.0"))
    machine.night()
    assert machine.tick(1799).step is Step.PROBATION
    assert machine.tick(2).step is Step.IDLE
    assert machine.runs == machine.layout.at("steady") == "0.1.0"
    assert machine.restarts == ["0.2.0", "0.1.0"]
    assert machine.reported[-1] == "0.2.0 rolled_back"
    assert "xinyi-room is failed" in machine.state.reports[-1].report.detail
    assert machine.tick(60).step is Step.IDLE, "and it is not tried again"


def test_being_well_only_now_and_then_is_not_enough(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.night()
    for _ in range(4):
        machine.tick(500)
        machine.ill["0.2.0"] = "xinyi-centre is activating"
        machine.tick(1)
        machine.ill.clear()
        machine.tick(1)
    assert machine.runs == "0.1.0"
    assert "with breaks" in machine.state.reports[-1].report.detail


def test_services_that_do_not_restart_are_taken_back_at_once(machine: Machine) -> None:
    machine.restart_fails = True
    machine.offer(machine.release("0.2.0"))
    assert machine.night().step is Step.IDLE
    assert (machine.runs, machine.reported[-1]) == ("0.1.0", "0.2.0 rolled_back")


def test_a_version_that_finds_itself_unfit_is_refused_before_anything_is_switched(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0", word="unfit"))
    machine.night()
    assert machine.reported[-1] == "0.2.0 refused"
    assert (machine.runs, machine.restarts) == ("0.1.0", [])
    assert not machine.layout.release("0.2.0").exists()


def test_a_tampered_wheel_is_refused(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    (built,) = (machine.source / "0.2.0").glob("*.whl")
    built.write_bytes(built.read_bytes()[:-1] + b"!")
    machine.night()
    assert machine.reported == ["0.2.0 offered", "0.2.0 refused"]
    assert "not the file that was signed" in machine.state.reports[-1].report.detail


def test_a_source_that_is_away_is_asked_again(machine: Machine) -> None:
    signed = machine.release("0.2.0")
    machine.source.rename(machine.folder / "away")
    machine.offer(signed)
    assert machine.tick().step is Step.FETCHING
    assert "cannot be read" in machine.state.trouble
    (machine.folder / "away").rename(machine.source)
    assert machine.tick(60).step is Step.WAITING


def test_nothing_is_fetched_onto_a_disk_that_is_too_full(machine: Machine) -> None:
    machine.free_bytes = 1 << 20
    machine.offer(machine.release("0.2.0"))
    assert "free disk space" in machine.tick().trouble
    assert not machine.layout.files("0.2.0").exists()
    machine.free_bytes = 1 << 40
    assert machine.tick(60).step is Step.WAITING


def test_an_older_manifest_than_the_newest_seen_is_refused(machine: Machine) -> None:
    old, new = machine.release("0.2.0"), machine.release("0.3.0")
    machine.offer(new)
    machine.tick()
    machine.offer(old)
    machine.tick()
    assert machine.reported[-1] == "0.2.0 refused"
    assert machine.state.version == "0.3.0", "and what was on its way still is"


def test_a_newer_offer_takes_the_place_of_one_that_was_not_switched_to(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.tick()
    machine.offer(machine.release("0.3.0"))
    machine.night()
    assert machine.runs == "0.3.0"
    assert not machine.layout.release("0.2.0").exists()


def test_the_same_offer_again_changes_nothing(machine: Machine) -> None:
    signed = machine.release("0.2.0")
    machine.offer(signed)
    machine.night()
    machine.tick(601)
    for _ in range(3):
        machine.offer(signed)
        machine.offer(machine.signers.sign(signed, "c"))
        machine.tick(60)
    assert machine.reported == WELL


def test_what_a_person_brought_may_be_offered_later_and_is_not_refused(machine: Machine) -> None:
    signed = machine.release("0.2.0")
    machine.updater().take(signed, hurry=True)
    machine.tick(601)
    machine.offer(signed)
    machine.tick(60)
    machine.offer(machine.release("0.2.0", days=30))
    machine.tick(60)
    assert machine.reported == WELL


def test_a_manifest_that_expires_while_it_waits_is_refused(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0", days=2))
    machine.tick()
    machine.tick(3 * 86400)
    assert machine.reported[-1] == "0.2.0 refused"


def test_a_hold_of_the_upper_level_keeps_the_version_out(machine: Machine) -> None:
    machine.settings["hold"] = "0.2.0"
    machine.offer(machine.release("0.2.0"))
    assert "hold" in machine.night().trouble
    machine.settings["hold"] = ""
    assert machine.tick(60).step is Step.PROBATION


def test_only_one_updater_works_at_a_time(machine: Machine) -> None:
    held = OneWriter(machine.layout.state)
    with pytest.raises(StoreBusy):
        machine.tick()
    held.close()


def test_a_person_may_bring_a_release_and_not_wait_for_the_night(machine: Machine) -> None:
    state = machine.updater().take(machine.release("0.2.0"), hurry=True)
    assert state.step is Step.PROBATION
    with pytest.raises(NothingToDo, match="let it end first"):
        machine.updater().take(machine.release("0.3.0"))


@pytest.mark.parametrize(
    ("by", "facts", "error"),
    [
        (("a",), {}, SignatureWrong),
        (("a", "stranger"), {}, SignatureWrong),
        (("a", "b"), {"minimum": "0.1.5"}, Unsuitable),
    ],
)
def test_what_a_person_brings_is_verified_like_any_other(
    machine: Machine, by: tuple[str, ...], facts: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        machine.updater().take(machine.release("0.2.0", by=by, **facts))
    with pytest.raises(Downgrade):
        machine.updater().take(machine.release("0.1.0"))


def test_a_person_may_go_back_after_days(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.night()
    machine.tick(601)
    machine.clock.pass_s(5 * 86400)
    assert machine.updater().go_back("asked for by lin").step is Step.IDLE
    assert machine.runs == machine.layout.at("steady") == "0.1.0"
    assert machine.reported[-1] == "0.2.0 rolled_back"
    machine.tick(60)
    assert machine.runs == "0.1.0", "what was left is not taken again by itself"
    with pytest.raises(NothingToDo):
        machine.updater().go_back("again")


def test_a_damaged_state_goes_back_to_what_was_last_found_good(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.night()
    told = machine.state.reports[-1].number
    machine.layout.state.write_bytes(b"\0" * 100)
    machine.tick(60)
    assert machine.runs == "0.1.0"
    (report,) = reports_after(machine.layout.state, told)
    assert report.report.state == "rolled_back", "with a number that the room has not seen"
    machine.layout.state.unlink()


def test_what_failed_is_tried_again_only_when_a_person_says_so(machine: Machine) -> None:
    machine.ill["0.2.0"] = "xinyi-room is failed"
    signed = machine.release("0.2.0")
    machine.offer(signed)
    machine.night()
    machine.tick(1801)
    machine.offer(machine.signers.sign(signed, "c"))
    assert machine.tick(60).step is Step.IDLE
    machine.ill.clear()
    machine.updater().take(signed)
    assert machine.tick(601).step is Step.IDLE
    assert machine.reported[-1] == "0.2.0 healthy"


def test_a_machine_that_was_not_adopted_takes_nothing_and_says_why(machine: Machine) -> None:
    (machine.layout.root / "current").unlink()
    machine.offer(machine.release("0.2.0"))
    assert "xinyi release adopt" in machine.tick().trouble
    assert machine.reported == []


def test_reports_are_numbered_for_the_outbox(machine: Machine) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.night()
    assert [one.number for one in reports_after(machine.layout.state, 0)] == [1, 2, 3]
    assert [one.report.state for one in reports_after(machine.layout.state, 2)] == ["applied"]
    assert not reports_after(machine.folder / "nowhere.json", 0)


def test_the_next_root_takes_out_a_stolen_key(machine: Machine) -> None:
    from gateway.releases.reports import leave_offer

    signers = machine.signers
    leave_offer(machine.data, signers.root(2, ["root-1", "root-2"], ["b", "c"], "root-2"))
    machine.offer(machine.release("0.2.0", by=("a", "b")))
    machine.tick()
    assert machine.reported == ["0.2.0 refused"]
    machine.offer(machine.release("0.3.0", by=("b", "c")))
    assert machine.night().step is Step.PROBATION


def test_with_the_real_pip_and_nothing_but_the_signed_wheels(machine: Machine) -> None:
    machine.install = install
    machine.offer(machine.release("0.2.0"))
    assert machine.night().step is Step.PROBATION
    machine.tick(601)
    program = machine.layout.root / "current" / ".venv" / "bin" / "xinyi"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == "xinyi, version 0.2.0\n"
    machine.release("0.3.0")
    files = machine.source / "0.3.0"
    wheel(files, "0.3.0", says="something else")
    with pytest.raises(InstallFailed, match=r"(?i)hash"):
        fill(program.parents[1], files, "0.3.0")
    (files / "release.txt").write_text("xinyi==0.3.0\n")
    with pytest.raises(InstallFailed, match=r"(?i)hash"):
        fill(program.parents[1], files, "0.3.0")


def test_a_machine_is_taken_into_care_once(tmp_path: Path) -> None:
    from gateway.releases.build import adopt

    with pytest.raises(NothingToDo, match="not there"):
        adopt(Layout(tmp_path), "0.1.0")
    assert NOON < NIGHT
