"""Who takes a release first: the same answer everywhere, fair over versions, and shares that come out right."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.releases.cohorts import Wishes, is_member, members, position

names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
districts = st.sets(names, min_size=1, max_size=40)
shares = st.floats(0.1, 100)


def sites(count: int) -> list[str]:
    return [f"huadu.t{number % 10}.{number:06}" for number in range(count)]


@pytest.mark.parametrize("count", [262, 100_000])
@pytest.mark.parametrize("share", [5, 25, 100])
@pytest.mark.parametrize("version", ["0.2.0", "0.3.0", "1.0.0"])
def test_shares_come_out_right(count: int, share: int, version: str) -> None:
    expected = count * share / 100
    spread = math.sqrt(expected * (1 - share / 100))
    assert abs(len(members(sites(count), version, share)) - expected) <= 4 * spread


def test_no_site_is_always_the_guinea_pig() -> None:
    first = [members(sites(262), f"0.{number}.0", 5) for number in range(200)]
    turns = [sum(site in ones for ones in first) for site in sites(262)]
    assert max(turns) <= 26, "ten are expected"
    assert not frozenset.intersection(*first[:5])


@given(districts, names, shares, shares, st.data())
def test_a_smaller_share_is_part_of_a_larger(
    all_sites: set[str], version: str, one: float, other: float, data: st.DataObject
) -> None:
    some = st.frozensets(st.sampled_from(sorted(all_sites)))
    wishes = Wishes(canary=data.draw(some), hold=data.draw(some))
    small, large = sorted((one, other))
    assert members(all_sites, version, small, wishes) <= members(all_sites, version, large, wishes)
    assert members(all_sites, version, 100, wishes) == all_sites - wishes.hold


@given(districts, names, shares)
def test_a_site_knows_for_itself_and_somebody_always_begins(all_sites: set[str], version: str, share: float) -> None:
    found = members(all_sites, version, share)
    assert found
    assert {site for site in all_sites if is_member(site, version, share)} in (found, set())


def test_canaries_are_always_first_and_a_hold_outweighs_them() -> None:
    wishes = Wishes(canary=frozenset({"a.b.1", "a.b.2"}), hold=frozenset({"a.b.2"}))
    found = members(sites(262), "0.2.0", 5, wishes) | members(["a.b.1", "a.b.2"], "0.2.0", 0.001, wishes)
    assert "a.b.1" in found
    assert "a.b.2" not in found
    assert not members(["a.b.1"], "0.2.0", 0, wishes)


def test_positions_stay_what_they_are() -> None:
    """They are the same on every machine and in every version of this code, or a rollout would jump."""
    assert position("huadu.xinhua.0007", "0.2.0") == 0.17119253895467454
