"""WHO-5, then PHQ-4, then what PHQ-4 points to; under 14 nothing."""

import pytest

from care import routes
from care.instruments.loading import shipped
from care.instruments.scoring import score
from care.located import DataError
from care.routes import Person

ROUTE = routes.load()
GROWN = Person("18-59")


def of(key, **values):
    instrument = shipped()[key]
    answers = {item.id: 0 for item in instrument.items} | {f"{key}.{item[1:]}": value for item, value in values.items()}
    return score(instrument, answers)


@pytest.mark.parametrize("age", ["14-17", "18-59", "60+"])
def test_everybody_from_14_on_begins_with_who5(age):
    assert routes.first(ROUTE, Person(age)) == "who5"
    assert routes.following(ROUTE, [of("who5")], Person(age)) == ["phq4"]


@pytest.mark.parametrize("age", ["", "0-13", "<14"])
def test_under_14_nobody_is_led_anywhere(age):
    person = Person(age)
    assert routes.first(ROUTE, person) == ""
    assert routes.following(ROUTE, [of("who5")], person) == []
    assert routes.choices(ROUTE, person) == []


@pytest.mark.parametrize(
    ("values", "then"),
    [
        ({"_1": 1, "_2": 1, "_3": 1, "_4": 1}, []),
        ({"_1": 1, "_2": 2}, ["gad7"]),
        ({"_3": 2, "_4": 1}, ["phq9"]),
        ({"_1": 3, "_2": 3, "_3": 3, "_4": 3}, ["phq9", "gad7"]),
    ],
)
def test_phq4_leads_by_its_two_halves(values, then):
    assert routes.following(ROUTE, [of("who5"), of("phq4", **values)], GROWN) == then


def test_what_is_done_does_not_come_again():
    scores = [of("who5"), of("phq4", _3=3, _4=3), of("phq9")]
    assert routes.following(ROUTE, scores, GROWN) == []


def test_half_a_form_leads_nowhere():
    partial = score(shipped()["phq4"], {"phq4.3": 3, "phq4.4": 3})
    assert routes.following(ROUTE, [partial], GROWN) == []


def test_from_60_on_there_is_gds15_besides():
    assert routes.choices(ROUTE, Person("60+"))[0] == "gds15"
    assert "gds15" not in routes.choices(ROUTE, GROWN)


def test_alcohol_and_distress_are_for_grown_people():
    assert {"auditc", "k10"} <= set(routes.choices(ROUTE, GROWN))
    assert not {"auditc", "k10"} & set(routes.choices(ROUTE, Person("14-17")))


@pytest.mark.parametrize("key", ["mht", "sdq", "pcptsd5"])
def test_nothing_for_which_somebody_must_be_near_is_in_the_route(key):
    stops = [stop.instrument for stop in (*ROUTE.first, *ROUTE.then, *ROUTE.choice)]
    assert key not in stops


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[first]]\ninstrument = "who6"\nages = ["60+"]', "line 4: first[0].instrument: there is no 'who6'"),
        (
            '[[first]]\ninstrument = "gds15"\nages = ["18-59"]',
            "line 5: first[0].ages: gds15 is for people from 60 on",
        ),
        (
            '[[first]]\ninstrument = "mht"\nages = ["18-59"]',
            "line 4: first[0].instrument: mht is not for a kiosk with nobody near",
        ),
        ('[[first]]\ninstrument = "who5"\nages = ["6+"]', "line 5: first[0].ages[0]: Invalid enum value '6+'"),
        (
            'first = []\n[[then]]\nafter = "phq4"\npositive = "mood"\ninstrument = "phq9"\nages = ["60+"]',
            "line 6: then[0].positive: phq4 has no scale 'mood'",
        ),
    ],
)
def test_a_mistake_in_a_route_is_named_with_its_line(text, said):
    head = "version = 1\n" + ("then = []\n" if "[[then]]" not in text else "choice = []\n")
    with pytest.raises(DataError) as caught:
        routes.parse(head + text, "mine.toml")
    assert str(caught.value) == f"mine.toml, {said}"
