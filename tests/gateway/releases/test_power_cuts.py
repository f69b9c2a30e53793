"""The plug is pulled before and after each step, in a real process: a whole release runs then, and it ends well."""

import itertools
import os
import shutil
import subprocess
import sys

import pytest
from release_parts import NIGHT, Machine

from gateway.releases.state import Step

WAY_IN = [step for step in Step if step not in {Step.IDLE, Step.RETURNING}]
MOMENTS = [f"{when} {step}" for step, when in itertools.product(WAY_IN, ("before", "after"))]


def starts(machine: Machine) -> str:
    """What the services would run at this moment, as it says itself."""
    program = machine.layout.root / "current" / ".venv" / "bin" / "xinyi"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    assert machine.layout.mark_of(said), "a whole release"
    assert said == machine.runs
    return said


def prepared(machine: Machine) -> None:
    """Offered, and night."""
    machine.offer(machine.release("0.2.0"))
    machine.clock.set_utc(NIGHT)


def go_on_to_the_end(machine: Machine) -> None:
    for _ in range(60):
        if machine.tick(60).step is Step.IDLE:
            return
    pytest.fail(f"still {machine.state.step}: {machine.state.trouble}")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_at_any_moment_ends_in_the_new_version(machine: Machine, moment: str) -> None:
    prepared(machine)
    cut = machine.tick_until(moment)
    if not cut:
        machine.clock.pass_s(601)
        assert machine.tick_until(moment), "the moment exists"
    assert starts(machine) in {"0.1.0", "0.2.0"}
    machine.power_cut()
    go_on_to_the_end(machine)
    assert starts(machine) == machine.layout.at("steady") == "0.2.0"
    assert machine.reported[-1] == "0.2.0 healthy"
    assert len(set(machine.reported)) == len(machine.reported), "and each thing was said once"


@pytest.mark.parametrize("moment", [*MOMENTS[:-2], "before returning", "after returning"])
def test_a_power_cut_at_any_moment_of_a_bad_version_ends_in_the_old_one(machine: Machine, moment: str) -> None:
    machine.ill["0.2.0"] = "xinyi-room is failed"
    prepared(machine)
    if not machine.tick_until(moment):
        machine.clock.pass_s(1801)
        assert machine.tick_until(moment), "the moment exists"
    starts(machine)
    machine.power_cut()
    go_on_to_the_end(machine)
    assert starts(machine) == machine.layout.at("steady") == "0.1.0"
    assert machine.reported[-1] == "0.2.0 rolled_back"


def test_a_version_that_lets_the_machine_start_again_and_again_goes_back(machine: Machine) -> None:
    prepared(machine)
    machine.tick()
    for _ in range(3):
        machine.power_cut()
        machine.tick(10)
    assert starts(machine) == "0.1.0"
    assert "started 3 times" in machine.state.reports[-1].report.detail


def test_a_switch_that_was_cut_off_at_night_is_not_made_in_the_morning(machine: Machine) -> None:
    prepared(machine)
    assert machine.tick_until("before switching")
    machine.power_cut()
    assert machine.tick(6 * 3600).step is Step.WAITING
    assert starts(machine) == "0.1.0"


def test_a_release_is_called_whole_only_when_all_of_it_is_on_the_disk(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip syncs nothing: a power cut would leave a mark on empty files."""
    marks: list[str] = []
    monkeypatch.setattr("os.sync", lambda: marks.append(machine.layout.mark_of("0.2.0")))
    machine.offer(machine.release("0.2.0"))
    machine.tick()
    assert marks == [""], "synced once, before the mark"
    assert machine.layout.mark_of("0.2.0")


def test_an_installation_that_was_cut_off_is_made_anew(machine: Machine) -> None:
    prepared(machine)
    half = machine.layout.program("0.2.0")
    half.parent.mkdir(parents=True)
    half.write_text("half a fi")
    go_on_to_the_end(machine)
    assert starts(machine) == "0.2.0"


def test_files_that_were_cut_off_go_on_where_they_stopped(machine: Machine) -> None:
    release = machine.offer(machine.release("0.2.0"))
    folder = machine.layout.files("0.2.0")
    folder.mkdir(parents=True)
    for file in release.files:
        whole = (machine.source / "0.2.0" / file.name).read_bytes()
        (folder / f"{file.name}.part").write_bytes(whole[: len(whole) // 2])
    assert machine.tick().step is Step.WAITING


ACTS = frozenset({"open", "os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "shutil.rmtree"})


def tick_until_act(machine: Machine, number: int) -> bool:
    """A tick in a child that dies before its n-th act on the machine's disk (PEP 578); whether there was one."""
    root, seen = str(machine.layout.root), itertools.count(1)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ACTS and any(root in str(argument) for argument in arguments[:2]) and next(seen) == number:
            os._exit(9)

    child = os.fork()
    if child == 0:
        try:
            sys.addaudithook(watch)
            machine.updater().tick()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("last", ["waiting", "probation", "committing", "returning"])
def test_a_power_cut_before_any_single_act_on_the_disk(machine: Machine, last: str) -> None:
    """The same plug pulled again and again, one act later each time, from one state on."""
    if last == "returning":
        machine.ill["0.2.0"] = "xinyi-room is failed"
    machine.offer(machine.release("0.2.0"))
    if last != "waiting":
        machine.tick()
        machine.clock.set_utc(NIGHT)
    if last in {"committing", "returning"}:
        machine.tick()
        machine.clock.pass_s(1801)
    before = machine.folder / "before"
    shutil.copytree(machine.layout.root, before, symlinks=True)
    expected = "0.1.0" if last == "returning" else "0.2.0"
    for number in itertools.count(1):
        shutil.rmtree(machine.layout.root)
        shutil.copytree(before, machine.layout.root, symlinks=True)
        if not tick_until_act(machine, number):
            break
        assert machine.layout.mark_of(machine.runs), f"act {number}: a whole release is current"
        assert machine.layout.mark_of(machine.layout.at("steady"))
        machine.clock.set_utc(NIGHT)
        go_on_to_the_end(machine)
        assert machine.runs == machine.layout.at("steady") == expected, f"act {number}"
        if last in {"committing", "returning"}:
            machine.clock.pass_s(1801)
    assert number > 8


def test_a_removal_that_was_cut_off_leaves_nothing_that_passes_for_whole(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.offer(machine.release("0.2.0"))
    machine.tick()
    assert machine.layout.mark_of("0.2.0")
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    machine.layout.remove("0.2.0")
    assert machine.layout.release("0.2.0").exists()
    assert not machine.layout.mark_of("0.2.0")
