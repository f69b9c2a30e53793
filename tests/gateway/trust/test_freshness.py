"""A replay of an old command is refused, whoever keeps it and however long."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.freshness import Freshness, Refusal

S = 1_000_000_000
START = 1_800_000_000 * S


def test_a_command_is_done_once() -> None:
    fresh = Freshness(START)
    assert fresh.check("a", START, START + 60 * S, START + S) is None
    assert fresh.check("a", START, START + 60 * S, START + S) is Refusal.REPEATED
    assert fresh.check("b", START, START + 60 * S, START + S) is None


def test_a_replay_of_an_old_command_is_refused_for_ever() -> None:
    fresh = Freshness(START)
    fresh.check("a", START, START + 60 * S, START + S)
    said = {fresh.check("a", START, START + 60 * S, START + second * S) for second in range(2, 100_000, 7)}
    assert said == {Refusal.REPEATED, Refusal.LATE}


def test_a_command_that_comes_after_its_time_is_refused() -> None:
    assert Freshness(START).check("a", START, START + 60 * S, START + 60 * S) is Refusal.LATE


def test_a_command_lives_no_longer_than_the_most_whatever_it_says() -> None:
    fresh = Freshness(START, most_s=300)
    assert fresh.check("a", START, START + 10**9 * S, START + 301 * S) is Refusal.LATE


def test_a_process_that_starts_anew_takes_nothing_from_before() -> None:
    Freshness(START).check("a", START + S, START + 60 * S, START + 2 * S)
    again = Freshness(START + 3 * S)
    assert again.check("a", START + S, START + 60 * S, START + 4 * S) is Refusal.BEFORE_START


def test_a_command_from_the_future_cannot_be_kept_for_later() -> None:
    assert Freshness(START).check("a", START + 3600 * S, START + 3700 * S, START) is Refusal.FROM_THE_FUTURE


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400 * S)), max_size=60))
def test_no_order_and_no_pause_lets_one_command_through_twice(arrivals: list[tuple[str, int]]) -> None:
    fresh, now_ns, done = Freshness(START), START, []
    for command, pause_ns in arrivals:
        now_ns += pause_ns
        if fresh.check(command, START, START + 60 * S, now_ns) is None:
            done.append(command)
    assert len(done) == len(set(done))
