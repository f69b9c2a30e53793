"""Scenario files: validated, tried, played and recorded."""

import asyncio
import csv

import pytest
from click.testing import CliRunner

from devices.address import Medium
from devices.clock import Clock
from devices.families import BY_KIND
from devices.protocols import chair_link
from firmware_sim.catalogue import TWINS
from firmware_sim.control import tell
from firmware_sim.record import record
from firmware_sim.scenario import ScenarioError, available, load, parse
from firmware_sim.site import run
from xinyi import main

HEAD = 'title = "x"\nstory = "y"\n'
CHAIR = '[[devices]]\nid = "chair-1"\nkind = "chair-link"\n'


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_at_least_eight_come_with_us():
    assert len(available()) >= 8


@pytest.mark.validation
@pytest.mark.parametrize("name", sorted(available()))
def test_every_scenario_that_comes_with_us_gives_the_same_bytes_twice(tmp_path, name):
    scenario = load(name)
    once = record(scenario, tmp_path / "a", seconds=40)
    again = record(scenario, tmp_path / "b", seconds=40)
    assert once == again
    assert all((tmp_path / "a" / f"{device.id}.bin").stat().st_size > 0 or device.empty for device in scenario.devices)
    other = record(scenario, tmp_path / "c", seconds=40, seed=999)
    assert other.digest != once.digest


def test_a_recording_decodes_and_its_pieces_have_times_in_order(tmp_path):
    record(load("atrial-fibrillation"), tmp_path, seconds=20)
    data, pieces = (tmp_path / "chair-1.bin").read_bytes(), rows(tmp_path / "chair-1.csv")
    assert sum(int(piece["length"]) for piece in pieces) == len(data)
    times = [int(piece["time_ns"]) for piece in pieces]
    assert times == sorted(times)
    decoder = chair_link.Decoder()
    frames = decoder.feed(data)
    samples = sum(
        len(frame.message.counts)
        for frame in frames
        if isinstance(frame.message, chair_link.Stream) and frame.message.sensor is chair_link.Sensor.ECG
    )
    assert samples == pytest.approx(20 * 250, rel=0.02)


def test_the_truth_of_a_recording_says_where_each_beat_came_from(tmp_path):
    record(load("anxious-with-pvcs"), tmp_path, seconds=90)
    beats = rows(tmp_path / "beats.csv")
    assert {beat["device"] for beat in beats} == {"chair-1", "finger-1"}
    assert {beat["kind"] for beat in beats} == {"sinus", "ventricular"}
    assert all(float(beat["strength"]) < 0.6 for beat in beats if beat["kind"] == "ventricular")


@pytest.mark.parametrize("kind", [kind for kind in TWINS if kind != "modbus-chair"])
def test_every_kind_can_be_recorded(tmp_path, kind):
    air = 'air = "hci1"\n' if BY_KIND[kind].media == {Medium.BLE} else ""
    scenario = parse(f'{HEAD}[[devices]]\nid = "it"\nkind = "{kind}"\n{air}', "x.toml")
    record(scenario, tmp_path, seconds=20)
    pieces = rows(tmp_path / "it.csv")
    assert len([piece for piece in pieces if int(piece["time_ns"]) > 10e9]) >= 5


def test_what_happens_is_in_the_recording(tmp_path):
    happens = '[[events]]\nat = 5.02\ndo = "unplug"\n[[events]]\nat = 8.0\ndo = "plug"\n'
    record(parse(HEAD + CHAIR + happens, "x.toml"), tmp_path, seconds=12)
    times = [int(piece["time_ns"]) / 1e9 for piece in rows(tmp_path / "chair-1.csv")]
    assert not [at for at in times if 5.02 < at < 8.0]
    assert max(times) > 11


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD, "devices"),
        (HEAD + "[[devices]]\nid = 'a'\nkind = 'toaster'\n", r"devices\[0\].kind: no 'toaster'; there are chair-link"),
        (HEAD + CHAIR + "link = { loss_share = 2 }\n", r"loss_share|<= 1"),
        (HEAD + CHAIR + "link = { loss = 0.2 }\n", r"unknown field `loss`.*devices\[0\].link"),
        (HEAD + CHAIR + "colour = 'red'\n", r"unknown field `colour`.*devices\[0\]"),
        (HEAD + CHAIR + "person = 'li'\n", r"devices\[0\].person: no 'li'"),
        (HEAD + CHAIR + CHAIR, "two have the same id"),
        (HEAD + CHAIR + "age = { rust = 1 }\n", "rust"),
        (HEAD + CHAIR + "[[people]]\nid = 'li'\nage_years = 200\n", r"age_years"),
        (HEAD + CHAIR + "[[events]]\ndo = 'sit'\n", r"events\[0\]: `at`"),
        (HEAD + CHAIR + "[[events]]\nat = 3\n", r"events\[0\]: `do`"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'sing'\n", "at 3 s, sing: nobody here knows"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'sit'\ndevice = 'b'\n", "no device 'b'"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'stress'\nperson = 'li'\n", "nobody is called 'li'"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'stress'\nlevel = 7\n", "level lies between 0 and 1"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'fault'\nfault = 'mood'\n", "no fault 'mood'"),
        (HEAD + CHAIR + "[[events]]\nat = 3\ndo = 'link'\nloss = 1\n", "link: .*loss"),
        ("title = ", "x.toml: "),
    ],
)
def test_what_is_wrong_in_a_file_is_said_when_it_is_loaded_with_file_and_field(text, says):
    with pytest.raises(ScenarioError, match=says) as caught:
        parse(text, "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert "\n" not in str(caught.value)


def test_a_scenario_that_is_not_there_names_those_that_are():
    with pytest.raises(ScenarioError, match="bad-cable"):
        load("no-such-thing")


async def test_events_happen_at_their_time_on_real_ports(tmp_path):
    happens = '[[events]]\nat = 2\ndo = "unplug"\n[[events]]\nat = 6\ndo = "plug"\n[[events]]\nat = 7\ndo = "quit"\n'
    scenario = parse(HEAD + CHAIR + happens, "x.toml")
    clock = Clock.starting_now(10)
    port = tmp_path / "chair-1"
    seen = []
    task = asyncio.create_task(run(scenario.sim_devices(tmp_path), clock, story=scenario.player(clock)))
    while not task.done():
        if not seen or seen[-1] != port.is_symlink():
            seen.append(port.is_symlink())
        await asyncio.sleep(0.005)
    await task
    assert seen[-4:] == [True, False, True, False] or seen[-3:] == [True, False, True]


async def test_hands_work_beside_a_story(tmp_path):
    scenario = load("anxious-with-pvcs")
    clock, ready = Clock.starting_now(5), asyncio.Event()
    control = tmp_path / "control"
    task = asyncio.create_task(
        run(
            scenario.sim_devices(tmp_path),
            clock,
            control,
            ready=ready,
            people=scenario.traits,
            story=scenario.player(clock),
        )
    )
    await ready.wait()
    await tell(control, "heart", person="wang", af=True)
    await tell(control, "loosen", device="finger-1", amount=0.5)
    await tell(control, "age", device="chair-1", friction=1.5)
    await tell(control, "quit")
    await task


def test_the_command_line_lists_plays_and_records(tmp_path):
    listed = CliRunner().invoke(main, ["sim", "scenarios"])
    assert listed.exit_code == 0
    assert "atrial-fibrillation" in listed.output
    made = CliRunner().invoke(main, ["sim", "record", "bad-cable", "--seconds", "5", "--out", str(tmp_path / "out")])
    assert made.exit_code == 0
    assert "sha256" in made.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sim", "run", "nothing"], "xinyi: nothing: no such scenario"),
        (["sim", "tell", "/nowhere/sim.sock", "sit"], "start it first"),
        (["sim", "tell", "/nowhere/sim.sock", "sit", "chair-1"], "name=value"),
        (["sim", "fleet", "--broker", "nonsense"], "HOST:PORT"),
    ],
)
def test_mistakes_at_the_command_line_are_one_line(arguments, says):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert says in result.output
    assert len(result.output.strip().splitlines()) == 1
