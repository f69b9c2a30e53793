"""Codes of people without a name: nobody confuses them, and a slip of the finger is noticed."""

import random
import secrets

import pytest

from care.codes import ALPHABET, CodeError, new_code, new_pin, pin_problem, read, shown


def codes(number: int) -> list[str]:
    chance = random.Random(7)
    return [new_code(chance.randrange) for _ in range(number)]


def test_a_code_has_no_letters_that_look_alike() -> None:
    assert not set("0O1IL") & set(ALPHABET)
    assert len(ALPHABET) == len(set(ALPHABET)) == 31


def test_a_code_is_read_however_it_is_typed() -> None:
    code = new_code(secrets.randbelow)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    for text in (
        code,
        shown(code),
        shown(code).lower(),
        f" {code[:2]} {code[2:]} ",
        wide,
        shown(code).replace("-", "—"),
    ):
        assert read(text) == code


def test_every_single_wrong_character_is_noticed() -> None:
    for code in codes(20):
        for place, right in enumerate(code):
            for wrong in set(ALPHABET) - {right}:
                with pytest.raises(CodeError) as error:
                    read(code[:place] + wrong + code[place + 1 :])
                assert error.value.reason == "check"


def test_every_two_that_were_swapped_are_noticed() -> None:
    for code in codes(200):
        for place in range(len(code) - 1):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            if swapped != code:
                with pytest.raises(CodeError):
                    read(swapped)


@pytest.mark.parametrize(("text", "reason"), [("", "length"), ("ABCD-23", "length"), ("ABCD-2O45", "letter")])
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(CodeError) as error:
        read(text)
    assert error.value.reason == reason


def test_codes_do_not_repeat() -> None:
    assert len(set(codes(5000))) == 5000


@pytest.mark.parametrize("pin", ["0000", "1234", "4321", "0123", "1212", "1122", "2580", "1314"])
def test_a_pin_that_anybody_would_try_is_refused(pin: str) -> None:
    assert pin_problem(pin) == "easy"


@pytest.mark.parametrize("pin", ["", "123", "12345", "12a4", "１２３４", "1 34"])
def test_a_pin_has_four_digits(pin: str) -> None:
    assert pin_problem(pin) == "length"


def test_a_pin_that_is_made_is_not_easy() -> None:
    chance = random.Random(3)
    pins = [new_pin(chance.randrange) for _ in range(2000)]
    assert {pin_problem(pin) for pin in pins} == {""}
    assert any(pin.startswith("0") for pin in pins)
