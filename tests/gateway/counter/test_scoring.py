"""The centre scores again and believes itself; what a kiosk says otherwise is an incident that a technician sees."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from counter_parts import SITE, Room, S, until
from gateway_parts import judge_all, placement

from care import risk
from care.instruments.loading import shipped
from care.instruments.scoring import score
from gateway.box import new_id
from gateway.keeping.asking import Place
from gateway.keeping.rescore import rescore
from gateway.link import BrokerAddress
from gateway.messages import Assessment
from gateway.placement import Placement
from gateway.rows import Rows
from gateway.scoring import Scorer
from gateway.services.incidents import find_incidents
from gateway.services.people import erase_person
from xinyi import main

PHQ9 = shipped()["phq9"]
ENDED = 1_764_345_600 * S
RULES = risk.load()


def answers(value: int = 1, ninth: int = 0) -> dict[str, int]:
    scored = [item.id for item in PHQ9.items if item.kind == "scored"]
    return dict.fromkeys(scored, value) | {"phq9.9": ninth}


def said(given: dict[str, int], **otherwise: object) -> Assessment:
    """A sitting as an honest kiosk says it, but for what is otherwise."""
    found = score(PHQ9, given)
    fired = "red" if given.get("phq9.9") else ""
    honest = Assessment(
        new_id(), "phq9", PHQ9.version, "zh", ENDED - S, ENDED, given, found.complete, found.values.get("total"),
        found.band, risk.tier_of(RULES, "phq9", found, fired), RULES.version, "ABCD2345",
    )  # fmt: skip
    return msgspec.structs.replace(honest, **otherwise)


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as store:
        yield store


def columns(rows: Rows, sitting: Assessment) -> tuple[object, ...]:
    with rows.reading() as db:
        return tuple(
            db.exec_driver_sql(
                "SELECT complete, score, band, tier, scored FROM assessments WHERE assessment=?",
                (sitting.assessment.hex,),
            ).one()
        )


@pytest.mark.parametrize("given", [answers(), answers(3), answers(0, ninth=1), {"phq9.1": 2}, {"phq9.9": 2}])
def test_an_honest_kiosk_makes_no_incident(rows: Rows, given: dict[str, int]) -> None:
    sitting = said(given)
    rows.store(judge_all([sitting]), 1)
    assert columns(rows, sitting) == (sitting.complete, sitting.score, sitting.band, sitting.tier, 1)
    assert find_incidents(rows) == []


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"band": "minimal", "tier": "green", "score": 1.0}, "band, score, tier"),
        ({"score": 23.5}, "score"),
        ({"score": None}, "score"),
        ({"tier": ""}, "tier"),
        ({"complete": False}, "complete"),
    ],
)
def test_a_tampered_result_is_replaced_and_kept_as_an_incident(rows: Rows, lie: dict[str, object], reason: str) -> None:
    honest = said(answers(3))
    sitting = msgspec.structs.replace(honest, **lie)
    (arrival,) = judge_all([sitting])
    rows.store([arrival], 7)
    assert columns(rows, sitting) == (1, 24.0, "severe", "orange", 1)
    (incident,) = find_incidents(rows)
    assert incident == (arrival.record.id, "score", SITE, "room", reason, 7)
    assert rows.troubles()[2] == 1
    rows.store([arrival], 8)
    assert len(find_incidents(rows)) == 1


def test_who_leaves_after_the_last_answer_was_shown_no_result_and_has_one_here(rows: Rows) -> None:
    sitting = said(answers(3), complete=False, score=None, band="")
    rows.store(judge_all([sitting]), 1)
    assert columns(rows, sitting) == (1, 24.0, "severe", "orange", 1)
    assert find_incidents(rows) == []


def test_a_red_answer_stands_whatever_the_kiosk_says(rows: Rows) -> None:
    sitting = said({"phq9.9": 1}, tier="")
    rows.store(judge_all([sitting]), 1)
    assert columns(rows, sitting) == (0, None, "", "red", 1)
    assert find_incidents(rows)[0].reason == "tier"


def test_answers_that_nobody_can_give_have_no_result(rows: Rows) -> None:
    sitting = msgspec.structs.replace(said(answers()), answers=answers() | {"phq9.3": 17})
    rows.store(judge_all([sitting]), 1)
    assert columns(rows, sitting)[:3] == (0, None, "")
    assert find_incidents(rows)[0].reason == "answers"


def test_another_version_of_the_rules_is_no_lie(rows: Rows) -> None:
    sitting = said(answers(3), tier="red", rules_version=1000)
    rows.store(judge_all([sitting]), 1)
    assert columns(rows, sitting)[3] == "orange"
    assert find_incidents(rows) == []


def test_no_incident_holds_an_answer_or_a_result_in_clear(rows: Rows) -> None:
    rows.store(judge_all([said(answers(3), band="minimal")]), 1)
    with rows.reading() as db:
        row = repr(db.exec_driver_sql("SELECT * FROM incidents").one())
    assert "band" in row
    assert not [word for word in ("minimal", "severe", "phq9", "ABCD2345") if word in row]


class Younger(Scorer):
    """A centre that does not know the PHQ-9 yet."""

    @property
    def instruments(self):
        return {key: each for key, each in Scorer().instruments.items() if key[0] != "phq9"}


def test_what_a_centre_does_not_know_is_kept_and_scored_when_it_does(tmp_path: Path) -> None:
    honest, lie = said(answers(2)), said(answers(2), band="minimal")
    other = said(answers(2), instrument_version=99)
    where = placement(tmp_path)
    younger = Placement(where.keyring, where.routing, "boot", Younger())
    with Rows.for_writing(tmp_path, younger) as rows:
        rows.store(judge_all([honest, lie, other]), 1)
        assert rescore(rows, 2) == 0
        assert [columns(rows, each)[4] for each in (honest, lie, other)] == [0, 0, 0]
        assert columns(rows, lie)[2] == "minimal"
    with Rows.for_writing(tmp_path, where) as rows:
        assert rescore(rows, 3) == 2
        assert [columns(rows, each)[4] for each in (honest, lie, other)] == [1, 1, 0]
        assert columns(rows, lie)[2] == "moderately_severe"
        assert [(each.reason, each.noticed_utc_ns) for each in find_incidents(rows)] == [("band", 3)]
        assert rescore(rows, 4) == 0


def test_an_erasure_takes_the_incident_along(tmp_path: Path) -> None:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(judge_all([said(answers(), band="severe")]), 1)
    erase_person(Place(SITE, tmp_path, BrokerAddress("127.0.0.1", 1)), "ABCD2345", "wang", "asked")
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        assert rows.troubles()[2] == 0


async def test_a_kiosk_that_says_another_result_is_found_at_the_front_door(room: Room) -> None:
    async with room.line() as line:
        record = line.keep(said(answers(3), band="minimal"))
        await until(lambda: line.is_delivered(record), "it is delivered")
    shown = CliRunner().invoke(main, ["incidents", "--config", str(room.file)])
    assert shown.exit_code == 0
    assert f"{SITE} kiosk-1  record {record}: band" in shown.output
