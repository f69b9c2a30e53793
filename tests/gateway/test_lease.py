"""One of several centres holds the lease: by its own steady clock, whatever the clocks of walls say."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_parts import placement, running, until

from gateway.lease import Lease
from gateway.rows import Rows

DAY_NS = 86_400 * 10**9


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as store:
        yield store


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.lease.LIFE_S", 0.4)
    monkeypatch.setattr("gateway.lease.RENEW_S", 0.05)


def test_only_one_holds_it_and_keeps_it_by_renewing(rows: Rows) -> None:
    assert rows.lease("carrier", "a", 1, None) == ("a", 1)
    assert rows.lease("carrier", "b", 2, None) == ("a", 1)
    assert rows.lease("carrier", "a", 3, None) == ("a", 3)
    assert rows.lease("carrier", "b", 4, ("a", 1)) == ("a", 3), "it was renewed since b has looked"
    assert rows.lease("carrier", "b", 5, ("a", 3)) == ("b", 5)


async def test_the_lease_of_one_whose_clock_was_a_day_ahead_falls_to_another_when_it_dies(rows: Rows) -> None:
    rows.lease("carrier", "dead", 1_800_000_000 * 10**9 + DAY_NS, None)
    other = Lease(rows, "carrier", "other", alone=False)
    async with running(other.keep()):
        await until(other._held.is_set, "the other takes it over", 5)


async def test_one_that_stops_gives_it_back(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.lease.LIFE_S", 1000.0)
    first, second = (Lease(rows, "carrier", name, alone=False) for name in ("first", "second"))
    async with running(first.keep()):
        await until(first._held.is_set, "the first holds it")
        async with running(second.keep()):
            assert not second._held.is_set()
    async with running(second.keep()):
        await until(second._held.is_set, "the second holds it", 5)


async def test_work_is_cancelled_when_the_lease_is_lost_and_begun_again(rows: Rows) -> None:
    began: list[int] = []
    lease = Lease(rows, "carrier", "one", alone=False)

    async def work() -> None:
        began.append(1)
        await asyncio.Event().wait()

    async with running(lease.keep()), running(lease.whenever(work)):
        await until(lambda: len(began) == 1, "work begins")
        rows.give_back("carrier", "one")
        rows.lease("carrier", "thief", 7, None)
        await until(lambda: not lease._held.is_set(), "it is lost")
        await until(lambda: len(began) == 2, "it is had again when the thief is silent")
