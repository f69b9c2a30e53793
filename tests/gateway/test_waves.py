"""Raw signals are kept in stretches without holes, to the resolution of 16 bits."""

import numpy as np
import pytest
from gateway_parts import S, a_session
from hypothesis import given
from hypothesis import strategies as st

from gateway.room.waves import Waves, pack, unpack
from signals.samples import Channel, Samples


def run(first_index: int, count: int, channel: Channel = Channel.ECG, start_ns: int = 0) -> Samples:
    values = np.sin(np.arange(first_index, first_index + count) / 10)
    return Samples("chair-1", channel, start_ns, 250.0, values, first_index)


def test_chunks_that_follow_each_other_become_one_stretch() -> None:
    waves = Waves(a_session(), 0)
    for start in range(0, 1000, 100):
        waves.add(run(start, 100, start_ns=start * 4_000_000))
    (wave,) = waves.take_out()
    values = unpack(wave.scale, wave.offset, wave.samples)
    assert np.abs(values - np.sin(np.arange(1000) / 10)).max() < 1 / 32_000
    assert (wave.channel, wave.unit, wave.rate_hz, wave.start_ns) == ("ecg", "mV", 250.0, 0)
    assert waves.take_out() == []


def test_a_hole_and_another_channel_begin_a_new_stretch() -> None:
    waves = Waves(a_session(), 0)
    waves.add(run(0, 100))
    waves.add(run(150, 100, start_ns=600_000_000))
    waves.add(run(0, 100, Channel.PPG, start_ns=S))
    stretches = waves.take_out()
    assert [len(wave.samples) // 2 for wave in stretches] == [100, 100, 100]
    assert [wave.number for wave in stretches] == [0, 600, 1000]


def test_what_was_before_the_session_is_not_kept() -> None:
    waves = Waves(a_session(), 10 * S)
    waves.add(run(0, 100))
    assert waves.take_out() == []


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=50))
def test_packing_keeps_values_within_its_resolution(values: list[float]) -> None:
    array = np.array(values)
    scale, offset, packed = pack(array)
    again = unpack(scale, offset, packed)
    known = np.isfinite(array)
    assert (np.isfinite(again) == known).all()
    assert again[known] == pytest.approx(array[known], abs=scale)
