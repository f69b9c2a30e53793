"""How much a site may send: what an honest one does is never punished, a flood is found within its debt."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.trust.quota import Limits, Quota, Verdict
from gateway.uplink import WINDOW

S = 1_000_000_000
SITE, OTHER = "huadu.xinhua.0007", "huadu.xinhua.0008"
LIMITS = Limits(messages_per_s=10, bytes_per_s=1000, burst_s=2, debt_s=3, shut_s=60, shut_most_s=240)


def flood(quota: Quota, at_ns: int) -> int:
    """Messages at one moment until the site is shut out."""
    for number in range(1, 100_000):
        if quota.count(SITE, 10, at_ns) is Verdict.SHUT:
            return number
    raise AssertionError("a flood was not noticed")


def test_a_site_within_its_rate_is_taken_for_ever() -> None:
    quota = Quota(LIMITS)
    assert {quota.count(SITE, 90, tick * S // 10) for tick in range(10_000)} == {Verdict.TAKE}


def test_a_burst_after_a_rest_is_taken_then_receipts_wait_then_the_site_is_shut_out() -> None:
    quota = Quota(LIMITS)
    said = [quota.count(SITE, 10, 0) for _ in range(52)]
    assert said == [Verdict.TAKE] * 20 + [Verdict.LATER] * 30 + [Verdict.SHUT, Verdict.DROP]


def test_bytes_count_like_messages() -> None:
    quota = Quota(LIMITS)
    assert [quota.count(SITE, 2000, 0) for _ in range(4)] == [
        Verdict.TAKE, Verdict.LATER, Verdict.SHUT, Verdict.DROP,
    ]  # fmt: skip


def test_one_sites_flood_is_not_anothers() -> None:
    quota = Quota(LIMITS)
    flood(quota, 0)
    assert quota.count(OTHER, 10, 0) is Verdict.TAKE
    assert list(quota.shut(0)) == [SITE]


def test_a_sender_that_stops_at_its_window_is_never_shut_out_however_much_it_has() -> None:
    quota, now_ns, window = Quota(), 0, 2 * WINDOW  # the window, and once more because a receipt was late
    for _ in range(2000):
        verdicts = {quota.count(SITE, 100_000, now_ns) for _ in range(window)}
        assert Verdict.SHUT not in verdicts
        now_ns += round((quota.wait_s(SITE, now_ns) + 0.001) * S)  # it has its receipts then, and not before


def test_receipts_wait_until_the_debt_is_paid() -> None:
    quota = Quota(LIMITS)
    for _ in range(30):
        quota.count(SITE, 10, 0)
    assert quota.wait_s(SITE, 0) == 1.0
    assert quota.wait_s(SITE, S) == 0.0
    assert quota.wait_s(OTHER, 0) == 0.0


def test_who_is_shut_out_is_let_in_after_the_time_and_for_twice_as_long_the_next_time() -> None:
    quota, now_ns = Quota(LIMITS), 1000 * S
    for seconds in (60, 120, 240, 240):
        flood(quota, now_ns)
        assert quota.shut(now_ns) == {SITE: seconds}
        assert quota.due(now_ns + seconds * S - 1) == []
        now_ns += seconds * S
        assert quota.due(now_ns) == [SITE]
        assert quota.due(now_ns) == []
        now_ns += S
    now_ns += 241 * S  # good conduct
    flood(quota, now_ns)
    assert quota.shut(now_ns) == {SITE: 60}


def test_after_its_time_a_site_is_taken_again() -> None:
    quota = Quota(LIMITS)
    flood(quota, 0)
    quota.due(60 * S)
    assert quota.count(SITE, 10, 61 * S) is Verdict.TAKE


def test_a_relay_of_a_town_may_have_more() -> None:
    quota = Quota(LIMITS, {SITE: Limits(messages_per_s=10_000)})
    assert {quota.count(SITE, 10, 0) for _ in range(10_000)} == {Verdict.TAKE}


@given(st.lists(st.tuples(st.integers(0, 3 * S), st.integers(0, 5000)), max_size=200))
@settings(max_examples=80)
def test_nothing_beyond_burst_debt_and_rate_is_ever_taken(messages: list[tuple[int, int]]) -> None:
    quota, now_ns, taken, size_taken = Quota(LIMITS), 0, 0, 0
    for pause_ns, size in messages:
        now_ns += pause_ns
        if quota.count(SITE, size, now_ns) in {Verdict.TAKE, Verdict.LATER}:
            taken, size_taken = taken + 1, size_taken + size
    allowed_s = now_ns / S + LIMITS.burst_s + LIMITS.debt_s
    assert taken <= allowed_s * LIMITS.messages_per_s + 1e-6
    assert size_taken <= allowed_s * LIMITS.bytes_per_s + 1e-6
