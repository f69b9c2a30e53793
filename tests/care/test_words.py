"""Every code that the house can send to a face has words in both languages."""

import pytest

from care.session import Outcome, Pause
from care.words import known, say
from devices import errors
from gateway.room.chair import _REFUSALS
from signals.reasons import Reason

CODES = [
    *Pause,
    *Outcome,
    *Reason,
    *_REFUSALS.values(),
    *(kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DeviceError)),
]


@pytest.mark.parametrize("code", sorted({str(code) for code in CODES}))
def test_code_has_words(code):
    assert known(code)
    for lang in ("zh", "en"):
        words = say(code, lang)
        assert words != code
        assert "!" not in words
        assert "！" not in words


def test_unknown_code_is_shown_as_it_is():
    assert say("something_new") == "something_new"
