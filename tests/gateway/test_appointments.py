"""The book of appointments: asked for at the kiosk, answered on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from gateway_parts import SITE, placement

from gateway.box import new_id
from gateway.messages import Appointment
from gateway.rows import Rows
from xinyi import main


@pytest.fixture
def site(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    with Rows.for_writing(data, placement(data)) as rows:
        for code, what in (("ABCD2345", "talk"), ("WXYZ6789", "chair")):
            note = f"day: workday, part: morning, what: {what}"
            rows.put(Appointment(new_id(), 1, "asked", code, note=note), 1_795_000_000_000_000_000)
    config = tmp_path / "xinyi.toml"
    config.write_text(f'[site]\nid = "{SITE}"\n[paths]\ndata = "{data}"\n')
    return config


def xinyi(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"XINYI_CONFIG": str(config)})


def test_what_was_asked_for_is_listed_by_the_number_on_the_screen(site: Path) -> None:
    text = xinyi(site, "appointments").output
    assert text.count("等回复") == 2
    assert "ABCD-2345" in text
    assert "聊一聊，上午，工作日" in text


def test_a_time_is_given_in_the_time_of_the_site_and_stands_in_the_book(site: Path) -> None:
    arguments = ("confirm", "abcd-2345", "--at", "2026-12-01 09:30", "--person", "王老师", "--actor", "wang")
    done = xinyi(site, "appointments", *arguments)
    assert done.exit_code == 0, done.output
    assert "ABCD" not in xinyi(site, "appointments").output
    text = xinyi(site, "appointments", "--all").output
    assert "已约好  2026-12-01 09:30  王老师" in text


def test_one_can_be_cancelled(site: Path) -> None:
    xinyi(site, "appointments", "cancel", "WXYZ6789", "--actor", "wang")
    assert "WXYZ" not in xinyi(site, "appointments").output
    assert "已取消" in xinyi(site, "appointments", "--all").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("confirm", "QQQQ", "--at", "2026-12-01 09:30", "--actor", "wang"), "there is no appointment"),
        (("confirm", "ABCD2345", "--at", "tomorrow", "--actor", "wang"), "is no time"),
        (("confirm", "ABCD2345", "--at", "2026-12-01 09:30", "--actor", " "), "nobody says who answers"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(site: Path, arguments: tuple[str, ...], says: str) -> None:
    done = xinyi(site, "appointments", *arguments)
    assert done.exit_code != 0
    assert says in done.output
    assert "Traceback" not in done.output
