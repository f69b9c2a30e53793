"""What the machine says, from a /proc and /sys of our own, and why a process had to start again."""

import pytest

from gateway.errors import StoreUnwritable
from gateway.fleet.machine import Machine, clock_offset_ms


def make(root, kernel="k1"):
    for path, text in {
        "proc/sys/kernel/random/boot_id": kernel + "\n",
        "proc/uptime": "780.32 1500.1\n",
        "proc/self/status": "Name:\tpython\nVmRSS:\t   51200 kB\n",
        "sys/class/thermal/thermal_zone0/temp": "48500\n",
        "sys/class/thermal/thermal_zone1/temp": "-273000\n",
        "sys/class/hwmon/hwmon0/temp1_input": "61250\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def machine(tmp_path, **values):
    (tmp_path / "data").mkdir(exist_ok=True)
    return Machine(tmp_path / "data", root=tmp_path, disk=lambda _: (100 << 20, 60 << 20, 40 << 20), **values)


def test_reads_what_there_is(tmp_path):
    make(tmp_path)
    reading = machine(tmp_path, load=lambda: (0.5, 0, 0), offset_ms=lambda: -3.5).read()
    assert (reading.disk_free_mb, reading.disk_total_mb, reading.load_1m) == (40.0, 100.0, 0.5)
    assert (reading.memory_mb, reading.uptime_s, reading.clock_offset_ms) == (50.0, 780.32, -3.5)


def test_takes_the_hottest_sensor_and_leaves_out_broken_ones(tmp_path):
    make(tmp_path)
    assert machine(tmp_path).read().cpu_temperature_c == 61.25


def test_what_a_machine_does_not_have_is_none(tmp_path):
    def away(*_):
        raise OSError

    reading = Machine(tmp_path / "gone", root=tmp_path, disk=away, load=away, offset_ms=lambda: None).read()
    assert {getattr(reading, name) for name in reading.__slots__} == {None}


def test_this_machine_is_read_without_an_error(tmp_path):
    reading = Machine(tmp_path).read()
    assert reading.disk_total_mb
    assert reading.memory_mb
    assert clock_offset_ms() is None or abs(clock_offset_ms()) < 1e6


@pytest.mark.parametrize(
    ("kernel", "in_order", "reason"),
    [("k1", False, "crash"), ("k1", True, "stopped"), ("k2", False, "power"), ("k2", True, "reboot")],
)
def test_tells_why_a_process_starts(tmp_path, kernel, in_order, reason):
    make(tmp_path)
    assert machine(tmp_path).begin("room") == "first"
    if in_order:
        machine(tmp_path).end("room")
    make(tmp_path, kernel)
    assert machine(tmp_path).begin("room") == reason
    assert machine(tmp_path).begin("centre") == "first"


def test_a_damaged_mark_is_unknown_and_mended(tmp_path):
    make(tmp_path)
    machine(tmp_path).begin("room")
    (tmp_path / "data" / "last-run-room.json").write_bytes(b"\xff{")
    assert machine(tmp_path).begin("room") == "unknown"
    assert machine(tmp_path).begin("room") == "crash"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(StoreUnwritable):
        Machine(tmp_path / "nowhere").begin("room")
