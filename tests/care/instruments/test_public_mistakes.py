"""Mistakes that stand in public sources (facts 4.3), one test each, so that none of them comes in here."""

import re

import pytest

from care.instruments.loading import shipped
from care.instruments.scoring import band_of, score

INSTRUMENTS = shipped()


def scored(key, *values, **more):
    return score(INSTRUMENTS[key], {f"{key}.{number}": value for number, value in enumerate(values, 1)}, **more)


def zung(key, raw):
    """Answers that come to this raw score."""
    instrument = INSTRUMENTS[key]
    left, values = raw - 20, []
    for term in next(scale for scale in instrument.scales if scale.key == "raw").terms:
        more = min(left, 3)
        left -= more
        values.append(1 + more if term.turned is None else 4 - more)
    found = scored(key, *values)
    assert found.values["raw"] == raw
    return found


def edges(key, scale="total", sex=""):
    found = next(each for each in INSTRUMENTS[key].scales if each.key == scale)
    return {band.key: band.to for band in found.bands if band.sex == sex}


def codes(instrument):
    yield instrument.loinc
    for scale in instrument.scales:
        yield scale.loinc
    for item in instrument.items:
        yield item.loinc
        for option in item.options:
            yield option.loinc


def test_01_who5_is_not_coded_with_a_t_score_of_promis():
    assert set(codes(INSTRUMENTS["who5"])) == {""}
    assert "71969-0" not in {code for instrument in INSTRUMENTS.values() for code in codes(instrument)}


def test_02_gad7_is_not_coded_as_phq9():
    assert INSTRUMENTS["gad7"].loinc == "69737-5"
    assert INSTRUMENTS["phq9"].loinc == "44249-1"
    assert "44249-1" not in set(codes(INSTRUMENTS["gad7"]))


def test_03_who5_is_raw_times_four_and_not_raw_less_five():
    assert scored("who5", 5, 5, 5, 5, 5).values["total"] == 100
    assert scored("who5", 1, 1, 1, 1, 1).values["total"] == 20
    assert scored("who5", 0, 0, 0, 0, 0).values["total"] == 0


def test_04_sds_cuts_the_fraction_off_and_does_not_round():
    assert (zung("sds", 42).values["total"], zung("sds", 42).band) == (52, "normal")
    assert (zung("sds", 43).values["total"], zung("sds", 43).band) == (53, "mild")


def test_05_sds_has_the_chinese_bands_of_the_standard_score():
    assert edges("sds") == {"normal": 52, "mild": 62, "moderate": 72, "severe": 100}
    assert "53/63/73" in INSTRUMENTS["sds"].scales[0].bands[0].source


def test_06_sds_raw_41_is_51_and_not_53():
    assert zung("sds", 41).values["total"] == 51


def test_07_sas_bands_do_not_overlap_at_69():
    assert (zung("sas", 55).values["total"], zung("sas", 55).band) == (68, "moderate")
    total = INSTRUMENTS["sas"].scales[0]
    assert band_of(total, 69).key == "moderate"
    assert band_of(total, 70).key == "severe"


def test_08_scl90_counts_from_one_to_five_where_160_43_and_2_hold():
    assert {item.values for item in INSTRUMENTS["scl90"].items} == {(1, 2, 3, 4, 5)}
    assert scored("scl90", *[1] * 90).values["total"] == 90
    assert edges("scl90") == {"none": 160, "positive": 450}
    assert edges("scl90", "positive_items") == {"none": 43, "positive": 90}
    assert edges("scl90", "depression") == {"none": 2, "positive": 5}


def test_09_scl90_has_nine_factors_and_other_and_no_invented_one():
    factors = [scale for scale in INSTRUMENTS["scl90"].scales if scale.form == "mean" and scale.key != "mean"]
    assert [scale.zh for scale in factors] == [
        "躯体化", "强迫", "人际敏感", "抑郁", "焦虑", "敌对", "恐怖", "偏执", "精神病性", "其他"
    ]  # fmt: skip
    numbers = [int(term.item.partition(".")[2]) for scale in factors for term in scale.terms]
    assert sorted(numbers) == list(range(1, 91))


def test_10_mht_has_a_hundred_items_of_which_ninety_count():
    mht = INSTRUMENTS["mht"]
    assert len(mht.items) == 100
    assert len(mht.scales[0].terms) == 90
    assert edges("mht") == {"below": 64, "high": 90}


def test_11_k10_is_10_to_50_and_not_0_to_40():
    assert scored("k10", *[1] * 10).values["total"] == 10
    assert scored("k10", *[5] * 10).values["total"] == 50
    assert {item.values for item in INSTRUMENTS["k10"].items} == {(1, 2, 3, 4, 5)}


def test_12_k6_runs_from_none_of_the_time_0_to_all_of_the_time_4():
    for item in INSTRUMENTS["k6"].items:
        assert {option.en: option.value for option in item.options}["None of the time"] == 0
        assert {option.en: option.value for option in item.options}["All of the time"] == 4
    assert scored("k6", *[4] * 6).band == "reached"


def test_13_pss10_is_turned_around_once():
    pss10 = INSTRUMENTS["pss10"]
    assert len({tuple(option.value for option in item.options) for item in pss10.items}) == 1
    assert scored("pss10", *[0] * 10).values["total"] == 16
    assert scored("pss10", 0, 0, 0, 4, 4, 0, 4, 4, 0, 0).values["total"] == 0
    assert not any(item.loinc or any(option.loinc for option in item.options) for item in pss10.items)


def test_14_gds15_bands_do_not_overlap_at_8():
    assert edges("gds15") == {"normal": 4, "mild": 8, "moderate": 11, "severe": 15}
    total = INSTRUMENTS["gds15"].scales[0]
    assert [band_of(total, value).key for value in (8, 9)] == ["mild", "moderate"]


def test_15_dass21_keys_of_depression_and_anxiety_are_not_exchanged():
    texts = {item.id: item.en for item in INSTRUMENTS["dass21"].items}
    of = {scale.key: [texts[term.item] for term in scale.terms] for scale in INSTRUMENTS["dass21"].scales}
    assert "I felt down-hearted and blue" in of["depression"]
    assert "I couldn't seem to experience any positive feeling at all" in of["depression"]
    assert "I was aware of dryness of my mouth" in of["anxiety"]
    assert "I felt scared without any good reason" in of["anxiety"]
    assert "I found it hard to wind down" in of["stress"]


def test_16_auditc_asks_how_often_first_and_codes_it_so():
    first = INSTRUMENTS["auditc"].items[0]
    assert first.en == "How often do you have a drink containing alcohol?"
    assert first.loinc == "68518-0"
    assert "68517-2" not in set(codes(INSTRUMENTS["auditc"]))


@pytest.mark.parametrize("key", ["gad7", "phq4", "phq9"])
def test_17_the_lowest_option_is_not_at_all_and_not_not_at_all_sure(key):
    lowest = {option.en for item in INSTRUMENTS[key].items for option in item.options if option.value == 0}
    assert lowest - {"Not difficult at all"} == {"Not at all"}


@pytest.mark.parametrize("key", ["gad7", "phq4", "phq9"])
def test_18_the_form_asks_about_two_weeks_whatever_a_code_says(key):
    instrument = INSTRUMENTS[key]
    assert "两周" in instrument.stem_zh
    assert "2 weeks" in instrument.stem_en
    assert not re.search(r"4 weeks|四周|四个星期", instrument.stem_zh + instrument.stem_en)


def test_19_ucla3_has_three_options():
    assert {item.values for item in INSTRUMENTS["ucla3"].items} == {(1, 2, 3)}
    assert scored("ucla3", 3, 3, 3).values["total"] == 9


def test_20_phq9_minimal_begins_at_zero_and_no_deprecated_code_is_used():
    assert scored("phq9", *[0] * 9).band == "minimal"
    assert scored("phq9", 1, 1, 1, 1, 0, 0, 0, 0, 0).band == "minimal"
    assert "44262-4" not in set(codes(INSTRUMENTS["phq9"]))


def test_21_sdq_has_the_chinese_bands_and_not_the_british():
    assert edges("sdq") == {"normal": 16, "borderline": 18, "abnormal": 40}
    assert all("Shanghai" in band.population for band in INSTRUMENTS["sdq"].scales[0].bands)


def check_digit(number):
    """LOINC's check digit (mod 10, doubling from the right)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    return -sum(digit // 10 + digit % 10 for digit in doubled) % 10


def test_no_code_is_mistyped():
    found = {code for instrument in INSTRUMENTS.values() for code in codes(instrument) if code}
    assert len(found) == 38
    for code in found:
        number, _, digit = code.partition("-")
        assert code.startswith("LA") or check_digit(number) == int(digit), code
