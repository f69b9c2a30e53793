"""Recordings as people: read, resampled, and played through the wire to the last sample."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest
import wfdb
from scipy.signal import resample_poly

from devices.clock import Clock
from devices.drivers.chair_link import ChairLinkChair
from devices.events import ChairStatus, DeviceNote
from firmware_sim.catalogue import SimDevice
from firmware_sim.replay import ReplayError, load, peek
from firmware_sim.site import Site
from signals.samples import Channel, Samples

FS = 360
RATES = {"ecg": 250.0, "respiration": 25.0}


@pytest.fixture
def record(tmp_path):
    """A record of 8 s with an ECG lead, a pleth and a breath."""

    def write(names=("MLII", "PLETH", "RESP,"), units=("mV", "NU", "pm"), seconds=8.0, name="rec"):
        t = np.arange(int(seconds * FS)) / FS
        rng = np.random.default_rng(4)
        pulse = np.exp(-0.5 * (((t % 0.8) - 0.4) / 0.02) ** 2)
        signals = np.stack([pulse + 0.01 * rng.standard_normal(len(t)), 0.5 + 0.4 * pulse, np.sin(t)], axis=1)
        columns = len(names)
        wfdb.wrsamp(
            name, fs=FS, units=list(units), sig_name=list(names), p_signal=signals[:, :columns],
            fmt=["16"] * columns, write_dir=str(tmp_path),
        )  # fmt: skip
        return tmp_path / name

    return write


def test_the_header_tells_heart_and_length(record):
    seen = peek(record())
    assert (seen.heart, seen.duration_s) == ("ecg", 8.0)
    assert peek(record(names=("PLETH",), units=("NU",), name="finger")).heart == "ppg"


def test_channels_are_resampled_whole(record):
    path = record()
    played = load(path, RATES, "ecg")
    read = wfdb.rdrecord(str(path)).p_signal
    np.testing.assert_allclose(played.channels["ecg"], resample_poly(read[:, 0], 25, 36, padtype="line"))
    assert set(played.channels) == {"ecg", "respiration"}
    assert (played.name, played.duration_s) == ("rec", 8.0)


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
def test_a_record_may_be_named_by_any_of_its_files(record, suffix):
    path = record()
    assert load(path.with_name(path.name + suffix), RATES, "ecg").name == "rec"


def test_values_that_were_not_recorded_have_no_contact(record):
    path = record()
    read = wfdb.rdrecord(str(path)).p_signal
    read[720:1080, 0] = np.nan
    wfdb.wrsamp(
        "hole", fs=FS, units=["mV"], sig_name=["II"], p_signal=read[:, :1], fmt=["16"], write_dir=str(path.parent)
    )
    ecg = load(path.with_name("hole"), RATES, "ecg").channels["ecg"]
    assert np.isnan(ecg[502:748]).all()
    assert np.isfinite(ecg[:498]).all()
    assert np.isfinite(ecg[752:]).all()


def test_a_lead_of_unusual_name_is_known_by_its_unit(record):
    assert "ecg" in load(record(names=("chest",), units=("mV",)), RATES, "ecg").channels


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.with_name("nowhere"), "there is no such header"),
        (lambda path: (path.with_name("rec.dat").unlink(), path)[1], "missing"),
        (lambda path: (path.with_name("rec.hea").write_text("\x00\x01 not a header"), path)[1], "not a readable"),
        (lambda path: (path.with_name("rec.dat").write_bytes(b"\x01"), path)[1], "not a readable"),
    ],
)
def test_what_cannot_be_played_is_said_in_one_line_with_the_file(record, spoil, says):
    path = spoil(record())
    with pytest.raises(ReplayError, match=says) as refused:
        load(path, RATES, "ecg")
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_record_without_the_wanted_channel_names_what_it_has(record):
    with pytest.raises(ReplayError, match=r"PLETH \[NU\].*heart sensor ppg"):
        load(record(names=("PLETH",), units=("NU",)), RATES, "ecg")
    with pytest.raises(ReplayError, match="no ECG and no PPG"):
        peek(record(names=("ABP",), units=("mmHg",), name="pressure"))


async def _played(path, tmp_path, *, empty):
    """Everything that a host hears of a record, at twenty times its speed."""
    clock = Clock.starting_now(20)
    site = Site([SimDevice("chair-1", "chair-link", tmp_path / "port", replay=path)], clock, seed=1, wait_for_sit=empty)
    events = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        twin = group.create_task(site.twins["chair-1"].run())
        await asyncio.sleep(0)
        async with ChairLinkChair("chair-1", str(tmp_path / "port"), clock) as driver:
            seated = False
            async for event in driver.events():
                events.append(event)
                if isinstance(event, ChairStatus):
                    if empty and not seated and any(isinstance(known, Samples) for known in events):
                        site.act("sit", {})
                        empty = False
                    if seated and not event.occupied:
                        break
                    seated = seated or event.occupied
        twin.cancel()
    return events


@pytest.mark.parametrize("empty", [False, True], ids=["sits when the host comes", "sits down later"])
async def test_every_sample_comes_through_the_wire_as_it_was_recorded(record, tmp_path, empty):
    path = record()
    events = await _played(path, tmp_path, empty=empty)
    wanted = load(path, RATES, "ecg").channels["ecg"]
    parts = [event for event in events if isinstance(event, Samples) and event.channel is Channel.ECG]
    assert all(a.first_index + len(a.values) == b.first_index for a, b in pairwise(parts))
    (note,) = [event for event in events if isinstance(event, DeviceNote)]
    assert note.text == "replay record=rec offset_s=0.000000"
    values = np.concatenate([part.values for part in parts])
    seen = np.flatnonzero(np.isfinite(values))
    played = values[seen[0] : seen[0] + len(wanted)]
    assert len(seen) == len(wanted)
    np.testing.assert_allclose(played, wanted, atol=0.0005 / 2 + 1e-9)
    starts = parts[0].start_ns + seen[0] / 250 * 1e9
    assert note.t_ns == pytest.approx(starts, abs=1e6)


async def test_after_a_new_connection_the_log_says_where_the_recording_is(record, tmp_path):
    path = record()
    clock = Clock.starting_now(5)
    site = Site([SimDevice("chair-1", "chair-link", tmp_path / "port", replay=path)], clock, seed=1, wait_for_sit=True)
    wanted = load(path, RATES, "ecg").channels["ecg"]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        twin = group.create_task(site.twins["chair-1"].run())
        await asyncio.sleep(0)
        site.act("sit", {})
        await clock.sleep(2)
        async with ChairLinkChair("chair-1", str(tmp_path / "port"), clock) as driver:
            offset_s, first = None, None
            async for event in driver.events():
                if isinstance(event, DeviceNote):
                    offset_s = float(event.text.partition("offset_s=")[2])
                if isinstance(event, Samples) and event.channel is Channel.ECG:
                    first = event
                    break
        twin.cancel()
    assert offset_s > 1.9
    start = round(offset_s * 250)
    np.testing.assert_allclose(first.values, wanted[start : start + len(first.values)], atol=0.00026)


async def test_channels_that_were_not_recorded_are_not_invented(record, tmp_path):
    events = await _played(record(names=("MLII",), units=("mV",)), tmp_path, empty=False)
    skin = [
        event.values for event in events if isinstance(event, Samples) and event.channel is Channel.SKIN_CONDUCTANCE
    ]
    assert np.isnan(np.concatenate(skin)).all()
