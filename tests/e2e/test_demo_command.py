"""`xinyi demo` as a stranger would use it: a recording through the real wire, compared with its annotations."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import serial
import wfdb
from stage import ROOT, XINYI, rows_of, stage, xinyi

from gateway.config import Config, DeviceConfig, to_toml
from gateway.live import Health
from gateway.site import Child, Site

RECORD = "tests/data/mitdb/mitdb_101"
BEATS = set("NLRBAaJSVrFejnE/fQ?")


def matched(found: np.ndarray, expected: np.ndarray, within_s: float = 0.15) -> int:
    """How many expected beats have one found beat of their own."""
    used = np.zeros(len(found), bool)
    hits = 0
    for beat in expected:
        near = np.flatnonzero((np.abs(found - beat) <= within_s) & ~used)
        if len(near):
            used[near[np.argmin(np.abs(found[near] - beat))]] = True
            hits += 1
    return hits


def test_replayed_beats_are_those_of_the_annotations(tmp_path):
    done = xinyi(
        "demo", "--replay", RECORD, "--speed", "10", "--for", "60", "--headless", "--json", "--data", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["records_sent"] == report["records_receipted"] > 5
    assert report["store"].startswith("sqlite:///")
    exported = xinyi("export", report["session_id"], "--format", "csv", "--data", str(tmp_path))
    assert exported.returncode == 0, exported.stderr
    rows = rows_of(exported.stdout)
    times = np.array([float(row["time_s"]) for row in rows if row["kind"] == "beat"])
    assert len(times) == report["beats_stored"]
    assert len(set(times)) == len(times)
    record_s = times + report["replay_offset_s"]
    marks = wfdb.rdann(str(ROOT / RECORD), "atr")
    expected = (
        np.array([at for at, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol in BEATS])
        / wfdb.rdheader(str(ROOT / RECORD)).fs
    )
    first, last = max(1.0, report["replay_offset_s"] + 1), report["replay_offset_s"] + 58
    expected = expected[(expected > first) & (expected < last)]
    found = record_s[(record_s > first - 0.2) & (record_s < last + 0.2)]
    hits = matched(found, expected)
    assert len(expected) > 40
    assert hits / len(expected) >= 0.99
    assert hits / max(1, ((found > first) & (found < last)).sum()) >= 0.99
    offsets = [np.min(np.abs(found - beat)) for beat in expected]
    assert np.median(offsets) < 0.02
    assert any(row["kind"] == "feature" and row["name"] == "heart_rate" for row in rows)
    assert any(row["kind"] == "event" and row["name"] == "replay_started" for row in rows)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("demo", "--replay", "no/such/record", "--headless"), "no/such/record.hea"),
        (("demo", "--headless", "--for", "10", "--data", "/proc/nowhere"), "/proc/nowhere"),
        (("export", "0000", "--data", "/proc/nowhere"), "/proc/nowhere"),
        (("room", "--config", "no/such.toml"), "no/such.toml"),
        (("room",), "/proc/nowhere"),
        (("devices", "probe", "/dev/no-such-port"), "/dev/no-such-port"),
    ],
)
def test_mistake_is_one_line_and_a_code(arguments, says):
    done = xinyi(*arguments, XINYI_PATHS_DATA="/proc/nowhere")
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_record_without_a_heart_is_named(tmp_path):
    wfdb.wrsamp("arm", 250, ["mV"], ["EMG"], np.zeros((500, 1)) + 0.1, fmt=["16"], write_dir=str(tmp_path))
    done = xinyi("demo", "--replay", str(tmp_path / "arm"), "--headless")
    assert done.returncode == 1
    assert "EMG" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_busy_port_is_named(tmp_path):
    master, slave = os.openpty()
    port = os.ttyname(slave)
    with serial.Serial(port, exclusive=True):
        done = xinyi("devices", "probe", port)
    os.close(master)
    os.close(slave)
    assert done.returncode == 1
    assert port in done.stderr
    assert "another program holds the port" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.validation
async def test_port_that_the_room_holds_is_busy_for_others(tmp_path):
    async with stage(tmp_path) as site:
        await site.frame(lambda frame: frame.devices[0].health is Health.CONNECTED)
        port = site.config.devices[0].port
        busy = await asyncio.to_thread(xinyi, "devices", "probe", port)
        assert busy.returncode == 1
        assert "holds the port" in busy.stderr


async def test_probe_says_who_answers(tmp_path):
    port = tmp_path / "chair"
    config = Config(devices=[DeviceConfig("chair-1", "chair-link", str(port))])
    file = tmp_path / "xinyi.toml"
    file.write_text(to_toml(config), "utf-8")
    async with Site([Child("sim", [*XINYI, "sim", "--config", str(file)])], tmp_path / "logs"):
        async with asyncio.timeout(20):
            while not port.exists():
                await asyncio.sleep(0.05)
        done = await asyncio.to_thread(xinyi, "devices", "probe", "--config", str(file))
    assert done.returncode == 0, done.stderr
    assert "chair-1  Xinyi Reference Chair" in done.stdout
    assert "ecg 250 Hz" in done.stdout


@pytest.mark.validation
def test_killed_simulator_is_a_lost_device_that_comes_back(tmp_path):
    demo = subprocess.Popen(
        [*XINYI, "demo", "--headless", "--json", "--speed", "2", "--for", "36", "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout and demo.stderr  # noqa: PT018
    try:
        said = []
        for line in demo.stderr:
            said.append(line)
            if "first live beat" in line:
                break
        sim = next(
            pid for pid in children_of(demo.pid) if b"sim" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        )
        os.kill(sim, signal.SIGKILL)
        out, err = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 0, err
    assert "paused device_lost" in err
    assert err.rindex("running") > err.index("paused device_lost")
    report = json.loads(out)
    rows = rows_of(xinyi("export", report["session_id"], "--data", str(tmp_path)).stdout)
    gap = next(row for row in rows if row["kind"] == "gap" and row["name"] == "device_lost")
    after = [
        row
        for row in rows
        if row["kind"] == "beat" and float(row["time_s"]) > float(gap["time_s"]) + float(gap["value"])
    ]
    assert len(after) > 3


def children_of(pid: int) -> list[int]:
    text = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(part) for part in text.split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.validation), signal.SIGKILL])
def test_end_of_the_parent_ends_everything(tmp_path, how):
    demo = subprocess.Popen(
        [*XINYI, "demo", "--headless", "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout
    try:
        for line in demo.stdout:
            if "session" in line:
                break
        children = children_of(demo.pid)
        assert len(children) >= 4
        os.kill(demo.pid, how)
        demo.wait(20)
        deadline = time.monotonic() + 15
        while any(alive(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [child for child in children if alive(child)] == []
    finally:
        demo.kill()


@pytest.mark.validation
def test_interrupted_session_is_ended_stored_and_reported(tmp_path):
    demo = subprocess.Popen(
        [*XINYI, "demo", "--headless", "--json", "--speed", "4", "--for", "600", "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stderr
    try:
        for line in demo.stderr:
            if "first live beat" in line:
                break
        demo.send_signal(signal.SIGINT)
        out, _ = demo.communicate(timeout=40)
    finally:
        demo.kill()
    assert demo.returncode == 130
    (line,) = out.splitlines()
    report = json.loads(line)
    assert report["records_sent"] == report["records_receipted"] >= 3
    (sessions,) = [xinyi("sessions", "--data", str(tmp_path)).stdout]
    assert "ended_early" in sessions


@pytest.mark.validation
def test_folders_named_like_ours_and_a_terminal_without_chinese_disturb_nothing(tmp_path):
    for name in ("signals", "care", "gateway", "devices"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError")
    options = ["--headless", "--json", "--for", "6", "--speed", "4", "--data", str(tmp_path / "out")]
    done = subprocess.run(
        [Path(sys.executable).with_name("xinyi"), "demo", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "XINYI_PATHS_DATA": "/proc/nowhere"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records_receipted"] >= 3


@pytest.mark.validation
async def test_two_demonstrations_run_side_by_side(tmp_path):
    runs = [
        asyncio.to_thread(
            xinyi, "demo", "--headless", "--json", "--for", "20", "--speed", "4", "--data", str(tmp_path / str(number))
        )
        for number in range(2)
    ]
    reports = [json.loads(done.stdout) for done in await asyncio.gather(*runs)]
    assert reports[0]["session_id"] != reports[1]["session_id"]
    for report in reports:
        assert report["beats_stored"] > 5
        assert report["records_sent"] == report["records_receipted"]
        path = report["store"].removeprefix("sqlite:///")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            assert db.execute("SELECT count(DISTINCT session) FROM records").fetchone() == (1,)
