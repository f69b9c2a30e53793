"""Every code that the room writes down or answers with has words."""

import re
from pathlib import Path

import pytest

from care.words import known

ROOM = Path(__file__).parents[2] / "gateway" / "room"
CODES = sorted(
    code
    for file in ROOM.glob("*.py")
    for code in re.findall(
        r'(?:note\(|Refused\(|code=|heart_stopped\([^)]*, |Hearing\(.*, )"([a-z_]+)"',
        file.read_text("utf-8"),
    )
)


@pytest.mark.parametrize("code", CODES)
def test_code_of_the_room_has_words(code):
    assert known(code)


def test_there_are_codes():
    assert {"session_opened", "no_chair", "device_lost", "room_down"} <= set(CODES)
