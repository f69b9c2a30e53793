"""Who is there, and what is wrong with it in words: real ports with twins behind them, and what machines refuse."""

import os
import subprocess
import sys

import pytest

from devices import discovery
from devices.clock import Clock
from devices.discovery import Place, ask, ask_all, candidates, explain, merged
from devices.errors import BluetoothOff, PortBusy, PortForbidden
from devices.families import FAMILIES
from devices.ports import Port, access_rule, holder


async def test_what_hangs_on_a_port_is_found_without_being_told(rig):
    async with rig(speed=4, chair={}, finger={}) as r:
        places = [Place(r.paths["chair-1"]), Place(r.paths["finger-1"])]
        chair, finger = await ask_all(places, r.clock)
    assert (chair.family.kind, chair.identity.serial) == ("chair-link", "chair-1")
    assert finger.family.kind == "berry"
    assert chair.ok
    assert finger.ok


async def test_asking_moves_nothing_and_leaves_the_chair_as_it_was(rig):
    async with rig(speed=4, chair={}) as r:
        before = r.firmware("chair-1").actuators.back_deg
        await ask(Place(r.paths["chair-1"]), r.clock)
        firmware = r.firmware("chair-1")
        assert firmware.actuators.back_deg == before
        assert not firmware.actuators.moving


async def test_finger_that_is_out_is_said(rig):
    async with rig(speed=4, finger={}, wait_for_sit=True) as r:
        found = await ask(Place(r.paths["finger-1"], kind="berry"), r.clock)
    assert any("put a finger in" in note for note in found.notes)


async def test_stop_button_that_is_in_is_said_with_the_way_out(rig):
    async with rig(speed=4, chair={}) as r:
        r.do("press_stop", "chair-1")
        found = await ask(Place(r.paths["chair-1"], kind="chair-link"), r.clock)
    assert any("pull it out" in note and "reset" in note for note in found.notes)


async def test_port_with_nobody_is_said_to_be_silent(rig):
    async with rig(speed=4, chair={}) as r:
        r.do("mute", "chair-1", on=True)
        found = await ask(Place(r.paths["chair-1"], kind="chair-link"), Clock(100.0))
    assert not found.ok
    assert "does not answer" in found.notes[0]


async def test_configured_kind_that_is_wrong_is_said(rig):
    async with rig(finger={}) as r:
        found = await ask(Place(r.paths["finger-1"], kind="chair-link"), Clock(20.0))
    assert not found.ok
    assert "correct its kind" in found.notes[0]


def test_busy_port_is_named_with_who_holds_it(tmp_path):
    master, slave = os.openpty()
    name = os.ttyname(slave)
    program = (
        "import sys, time; handle = open(sys.argv[1], 'rb', buffering=0); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, name], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        (line,) = explain(PortBusy(name), Place(name))
        assert f"(process {other.pid})" in line
        other.kill()
    os.close(master)
    os.close(slave)


def test_nobody_else_holds_a_port_that_only_we_have_open():
    master, slave = os.openpty()
    assert holder(os.ttyname(slave)) == ""
    os.close(master)
    os.close(slave)


def test_port_without_permission_comes_with_the_rule_that_opens_it():
    port = Port("/dev/serial/by-id/usb-1", "/dev/ttyUSB0", usb=(0x10C4, 0xEA60))
    first, then = explain(PortForbidden("/dev/ttyUSB0"), Place(port.path, port=port))
    assert access_rule(port) in first
    assert "/etc/udev/rules.d/70-xinyi.rules" in first
    assert "udevadm control --reload" in then


def test_every_other_trouble_is_one_line_with_a_remedy():
    (line,) = explain(BluetoothOff("ble:00:22:D0:12:34:56"), Place("ble:00:22:D0:12:34:56"))
    assert line.count("\n") == 0
    assert BluetoothOff.remedy in line


def test_what_speaks_unasked_is_listened_to_before_anybody_is_asked():
    order = [family.speaks_first for family in candidates(Place("/dev/ttyS9"))]
    assert order == sorted(order, reverse=True)


def test_likely_adapter_comes_first(monkeypatch):
    families = tuple(family for family in FAMILIES if family.kind == "chair-link")
    monkeypatch.setattr(discovery, "FAMILIES", families)
    assert [family.kind for family in candidates(Place("/dev/ttyS9"))] == ["chair-link"]


def test_by_air_a_device_is_known_by_its_services():
    place = Place("ble:00:22:D0:12:34:56", "HRM", services=("0000180d-0000-1000-8000-00805f9b34fb",))
    assert [family.kind for family in candidates(place)] == ["heart-rate"]


def test_configured_port_and_the_same_port_by_its_lasting_name_are_one_place(tmp_path):
    node, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    node.touch()
    link.symlink_to(node)
    seen = Place(str(link), "CP2102", Port(str(link), str(node)))
    (place,) = merged([Place(str(node), kind="berry")], [seen])
    assert (place.kind, place.hint) == ("berry", "CP2102")


@pytest.mark.parametrize("medium", ["/dev/ttyUSB7", "ble:00:22:D0:12:34:56"])
def test_what_was_seen_besides_comes_after_what_is_configured(medium):
    places = merged([Place("/dev/ttyUSB0", kind="berry")], [Place(medium)])
    assert [place.address for place in places] == ["/dev/ttyUSB0", medium]
