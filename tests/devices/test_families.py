"""The table of kinds and what belongs to each row: driver, protocol, twin, page, word. None without, none left over."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from devices.address import Medium
from devices.clock import Clock
from devices.families import FAMILIES
from firmware_sim.catalogue import TWINS, SimDevice, build
from firmware_sim.gatt import GattFirmware
from firmware_sim.person import Person

ROOT = Path(__file__).parents[2]
KINDS = [family.kind for family in FAMILIES]
OTHER_NAME = {"modbus-chair": "modbus_rtu"}
PORT = {Medium.SERIAL: "/dev/ttyUSB9", Medium.BLE: "ble:00:22:D0:12:34:56"}


def stem(kind: str) -> str:
    return kind.replace("-", "_")


@pytest.mark.parametrize("family", FAMILIES, ids=KINDS)
def test_row_has_its_protocol_its_driver_and_its_twin_under_one_name(family):
    assert (ROOT / "devices" / "protocols" / f"{OTHER_NAME.get(family.kind, stem(family.kind))}.py").exists() or (
        ROOT / "devices" / "protocols" / stem(family.kind)
    ).is_dir()
    module, _, name = family.driver.partition(":")
    assert module == f"devices.drivers.{stem(family.kind)}"
    assert hasattr(import_module(module), name)
    assert TWINS[family.kind] == f"firmware_sim.twins.{stem(family.kind)}:build"


@pytest.mark.parametrize("family", FAMILIES, ids=KINDS)
def test_driver_and_twin_can_be_made(family):
    medium = Medium.SERIAL if Medium.SERIAL in family.media else Medium.BLE
    options = {"map": "relaxation-chair"} if family.needs_map else {}
    driver = family.make("one", PORT[medium], Clock(), **options)
    assert driver.epoch == 0
    firmware = build(SimDevice("one", family.kind, map=options.get("map", "")), Person(1), wait_for_sit=True)
    assert isinstance(firmware, GattFirmware) is (family.media == {Medium.BLE})


@pytest.mark.parametrize("family", FAMILIES, ids=KINDS)
def test_row_has_a_page_that_says_what_is_unverified(family):
    page = (ROOT / family.page).read_text("utf-8")
    assert f"(`{family.kind}`)" in page.splitlines()[0]
    assert not family.unverified or "nverified" in page
    assert "## Sources" in page or "ources" in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_its_word_on_the_console(language):
    texts = tomllib.loads((ROOT / "dashboards" / "console" / "texts" / f"{language}.toml").read_text("utf-8"))
    assert set(KINDS) <= set(texts["kind"])


def test_nothing_is_left_over():
    assert sorted(TWINS) == sorted(KINDS)
    pages = {file.stem for file in (ROOT / "docs" / "devices").glob("*.md")} - {"adding-a-device"}
    assert pages == set(KINDS)
    assert len(set(KINDS)) == len(KINDS)


def test_what_advertises_the_same_is_told_apart_by_its_name():
    by_service = {}
    for family in FAMILIES:
        for service in family.services:
            by_service.setdefault(service, []).append(family)
    assert all(len(same) == 1 or all(family.names for family in same) for same in by_service.values())
