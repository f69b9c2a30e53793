"""The ledger is a function of the journal: replayed entries make the same chunks, whenever the crash came."""

import itertools
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.programme import load
from care.session import Began, Tick
from gateway.box import new_id
from gateway.messages import EventRow, FeatureRow, GapRow, SessionOpened
from gateway.room.ledger import Cut, Entry, Happened, Heard, Ledger, Measured, Missing, Noted, Opened, Stretch

S = 1_000_000_000
_decoder = msgspec.msgpack.Decoder[Entry](Entry)


def opened() -> Opened:
    body = SessionOpened(
        session=UUID(int=1),
        programme="resonance",
        programme_version=1,
        device="chair-1",
        device_model="m",
        device_serial="s",
        device_firmware="f",
        heart_channel="ecg",
        heart_rate_hz=250.0,
        began_utc_ns=1,
    )
    return Opened(new_id(), body, 0, "k")


def beats(count: int, start_ns: int = 0, rr_ms: float = 800.0) -> list[Entry]:
    times = [start_ns + round(number * rr_ms * 1e6) for number in range(count)]
    return [Heard(t_ns, rr_ms if number else None, 0.9) for number, t_ns in enumerate(times)]


def applied(entries: list[Entry]) -> tuple[Ledger, list[object]]:
    ledger = Ledger(load("resonance"))
    chunks = [chunk for entry in entries if (chunk := ledger.apply(entry))]
    return ledger, chunks


def test_beat_waits_for_its_label_and_comes_out_once():
    ledger, chunks = applied([opened(), *beats(10), Cut(new_id(), 1, 9 * S), Stretch(), Cut(new_id(), 2, 10 * S)])
    assert [len(chunk.beats) for chunk in chunks] == [8, 2]
    assert ledger.waiting == []
    assert [row.label for row in ledger.beats] == ["first", *["normal"] * 9]


def test_chunks_hold_everything_once_in_order():
    entries: list[Entry] = [opened(), Happened(Began(0))]
    for number in range(1, 5):
        entries += beats(8, number * 10 * S)
        entries += [
            Measured(FeatureRow(number * 10 * S, "heart_rate", 75.0, "1/min", 30, 1.0)),
            Noted(EventRow(number * 10 * S, "mark", f"{number}")),
            Missing(GapRow(number * 10 * S - 5, number * 10 * S, "samples_lost")),
            Happened(Tick(number * 10 * S, signal_good=True)),
            Cut(new_id(), number, number * 10 * S + 8 * S),
        ]
    entries += [Stretch(), Cut(new_id(), 5, 60 * S)]
    ledger, chunks = applied(entries)
    assert [row for chunk in chunks for row in chunk.beats] == ledger.beats
    assert len(ledger.beats) == 32
    assert [row for chunk in chunks for row in chunk.features] == ledger.features
    assert [row for chunk in chunks for row in chunk.events] == ledger.events
    assert [row for chunk in chunks for row in chunk.gaps] == ledger.gaps
    assert [(chunk.from_ns, chunk.to_ns) for chunk in chunks[1:]] == [
        (before.to_ns, chunk.to_ns) for before, chunk in itertools.pairwise(chunks)
    ]
    assert ledger.beats[8].rr_ms is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.floats(300, 2000).map(lambda rr_ms: ("beat", rr_ms)),
            st.just(("gap", 0.0)),
            st.just(("cut", 0.0)),
            st.just(("stretch", 0.0)),
        ),
        max_size=60,
    )
)
def test_entries_read_back_make_the_same_chunks(steps):
    entries: list[Entry] = [opened()]
    now, cuts, fresh = 0, 0, True
    for kind, rr_ms in steps:
        now += round(rr_ms * 1e6)
        if kind == "beat":
            entries.append(Heard(now, None if fresh else rr_ms, 1.0))
            fresh = False
        elif kind == "cut":
            cuts += 1
            entries.append(Cut(new_id(), cuts, now))
        elif kind == "stretch":
            entries.append(Stretch())
            fresh = True
        else:
            fresh = True
    entries += [Stretch(), Cut(new_id(), cuts + 1, now)]
    _, chunks = applied(entries)
    _, again = applied([_decoder.decode(msgspec.msgpack.encode(entry)) for entry in entries])
    assert chunks == again
    assert sum(len(chunk.beats) for chunk in chunks) == sum(isinstance(entry, Heard) for entry in entries)


@pytest.mark.parametrize("crash", range(3, 40, 4))
def test_session_is_the_same_after_a_crash_at_any_entry(crash):
    entries: list[Entry] = [opened(), Happened(Began(0))]
    for number in range(40):
        entries += [Happened(Tick((number + 1) * S // 4, signal_good=True)), *beats(1, number * S)]
    whole, _ = applied(entries)
    half, _ = applied(entries[:crash])
    for entry in entries[crash:]:
        half.apply(entry)
    assert msgspec.to_builtins(half.session) == msgspec.to_builtins(whole.session)
    assert half.beats == whole.beats
