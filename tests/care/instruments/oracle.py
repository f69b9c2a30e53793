"""A second scorer, for the tests: it knows only keys.toml, which was typed from the facts, and works by table."""

import math
import random
import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
KEYS = tomllib.loads((HERE / "keys.toml").read_text("utf-8"))


def spread(said):
    return list(_spread(tuple(said)))


@cache
def _spread(said):
    numbers = []
    for part in said:
        first, _, last = str(part).partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def scales(key):
    return {name: scale for name, scale in KEYS[key].items() if isinstance(scale, dict)}


@cache
def table(key, *, turned):
    """What each answer counts, written down both ways."""
    low, high = KEYS[key]["range"]
    rising = list(range(low, high + 1))
    return dict(zip(rising, rising[::-1] if turned else rising, strict=True))


def points(key, scale, number, value):
    return table(key, turned=number in scale.get("reverse", []))[value]


def value_of(key, scale, answers):
    counted = [points(key, scale, number, answers[number]) for number in spread(scale["items"])]
    match scale.get("how", "sum"):
        case "zung":
            return math.floor(sum(counted) * 1.25)
        case "mean":
            return sum(counted) / len(counted)
        case "at_least_2":
            return len([each for each in counted if each >= 2])
    return sum(counted) * scale.get("times", 1)


def band_of(scale, value):
    if "above" in scale:
        return "positive" if value > scale["above"] else "none"
    found = [band for band, (low, high) in scale.get("bands", {}).items() if low <= value <= high]
    return found[0] if found else ""


def expected(key, answers):
    """(values, bands, band, positive) of numbered answers."""
    values = {name: value_of(key, scale, answers) for name, scale in scales(key).items()}
    bands = {name: band_of(scale, values[name]) for name, scale in scales(key).items()}
    bands = {name: band for name, band in bands.items() if band}
    positive = {name for name, band in bands.items() if band in scales(key)[name].get("positive", ["positive"])}
    if "worst" in KEYS[key]:
        order = KEYS[key]["worst"]
        bands["total"] = max(bands.values(), key=order.index)
    if "void_from" in KEYS[key] and values["validity"] >= KEYS[key]["void_from"]:
        return values, {"total": "void"}, "void", set()
    return values, bands, bands.get("total", ""), positive


def raw_reach(key, scale):
    low, high = KEYS[key]["range"]
    count = len(spread(scale["items"]))
    return range(low * count, high * count + 1)


def with_raw(key, scale, raw, chance):
    """Answers of which the items of this scale count `raw` together; the others are anything."""
    low, high = KEYS[key]["range"]
    answers = {number: chance.randint(low, high) for number in range(1, KEYS[key]["items"] + 1)}
    numbers = spread(scale["items"])
    counts = dict.fromkeys(numbers, low)
    for number in chance.sample(numbers * (high - low), raw - low * len(numbers)):
        counts[number] += 1
    for number, count in counts.items():
        answers[number] = next(value for value in range(low, high + 1) if points(key, scale, number, value) == count)
    return answers


@cache
def vectors(key):
    return list(_vectors(key))


def _vectors(key):
    """Answers that visit every attainable sum of every scale twice, so every band edge on both sides, and change every
    item alone from its least to its most, so every item that counts the other way round.
    """
    chance = random.Random(f"vectors of {key}")
    low, high = KEYS[key]["range"]
    everything = range(1, KEYS[key]["items"] + 1)
    yield dict.fromkeys(everything, low)
    yield dict.fromkeys(everything, high)
    for scale in scales(key).values():
        for raw in raw_reach(key, scale):
            for _ in range(2):
                yield with_raw(key, scale, raw, chance)
    for number in everything:
        for ground in (low, high):
            for value in range(low, high + 1):
                yield dict.fromkeys(everything, ground) | {number: value}
