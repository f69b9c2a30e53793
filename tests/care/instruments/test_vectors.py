"""Every score of every instrument against a key that was typed from the facts a second time."""

import itertools
import tomllib

import pytest

from care.instruments.loading import shipped
from care.instruments.scoring import score
from tests.care.instruments.oracle import HERE, KEYS, expected, scales, vectors

INSTRUMENTS = shipped()
HAND = tomllib.loads((HERE / "vectors.toml").read_text("utf-8"))["vector"]
AT_LEAST = 14_000
EVERY_ANSWER = ("phq4", "auditc", "ucla3", "who5", "pcptsd5")
"""Short enough to try every possible answer."""


def named(key, answers):
    gate = {f"{key}.gate": 1} if "gate" in KEYS[key] else {}
    return gate | {f"{key}.{number}": value for number, value in answers.items()}


def all_answers(key):
    low, high = KEYS[key]["range"]
    for values in itertools.product(range(low, high + 1), repeat=KEYS[key]["items"]):
        yield dict(enumerate(values, 1))


def is_right(key, answers):
    found = score(INSTRUMENTS[key], named(key, answers))
    values, bands, band, positive = expected(key, answers)
    if key == "phq9":
        values["symptoms"] = found.values["symptoms"]
        positive |= {"algorithm"} & set(found.positive)  # the algorithm has tests of its own
    assert (found.complete, found.missing) == (True, [])
    assert found.values == values, answers
    assert found.bands == bands, answers
    assert found.band == band, answers
    assert set(found.positive) == positive, answers


def test_every_instrument_has_a_key_from_the_facts():
    assert set(KEYS) == set(INSTRUMENTS)
    for key in KEYS:
        assert set(scales(key)) == {scale.key for scale in INSTRUMENTS[key].scales}
        assert len([item for item in INSTRUMENTS[key].items if item.kind == "scored"]) == KEYS[key]["items"]


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_sum_every_edge_and_every_item(key):
    for answers in vectors(key):
        is_right(key, answers)


@pytest.mark.parametrize("key", EVERY_ANSWER)
def test_every_possible_answer(key):
    for answers in all_answers(key):
        is_right(key, answers)


@pytest.mark.parametrize("vector", HAND, ids=lambda vector: f"{vector['instrument']}-{vector['answers'][:24]}")
def test_vectors_worked_out_by_hand(vector):
    key = vector["instrument"]
    answers = {number: int(digit) for number, digit in enumerate(vector["answers"].replace(" ", ""), 1)}
    found = score(INSTRUMENTS[key], named(key, answers), sex=vector.get("sex", ""))
    assert found.values | vector["values"] == found.values
    assert found.band == vector["band"]
    assert found.positive == sorted(vector["positive"])


def test_so_many_vectors_there_are():
    scored = sum(len(vectors(key)) for key in KEYS)
    exhaustive = sum(1 for key in EVERY_ANSWER for _ in all_answers(key))
    total = scored + exhaustive + len(HAND)
    print(f"{total} scoring vectors: {scored} over every sum and item, {exhaustive} exhaustive, {len(HAND)} by hand")
    assert total >= AT_LEAST
