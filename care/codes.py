"""Codes under which people keep a file without a name, and their PINs.

A code is seven characters by chance and one that checks them, from 31 that nobody confuses when they copy by hand (no
0, O, 1, I, L), shown as ABCD-2345: 2.7e10 of them. 31 is prime, so the weighted sum modulo 31 finds every single wrong
character and every swap of two (ISO/IEC 7064's reason for MOD 37-36, in our alphabet). Chance comes from the caller.
"""

import unicodedata
from collections.abc import Callable
from itertools import pairwise

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 8
PIN_LENGTH = 4
_HALF = LENGTH // 2
_TOO_EASY = frozenset({"1314", "5200", "5210", "2580", "0852", "1004", "6868", "8899"})
"""What people often take: the column of the keypad, and numbers that sound like words."""

Choose = Callable[[int], int]
"""A number from 0 to n - 1 by chance, as `secrets.randbelow` gives it."""


class CodeError(ValueError):
    """What was typed is no code. `reason` is "length", "letter" or "check", for the words on a screen."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a code: {reason}")
        self.reason = reason


def new_code(choose: Choose) -> str:
    """A code that nobody has.

    >>> new_code(lambda n: n // 2)
    'HHHHHHHU'
    """
    values = [choose(len(ALPHABET)) for _ in range(LENGTH - 1)]
    return "".join(ALPHABET[value] for value in [*values, _check(values)])


def shown(code: str) -> str:
    """A code as people read it: ABCD-2345."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def typed(text: str) -> str:
    """What was typed, without what does not matter: case, spaces, hyphens, full-width letters."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())


def read(text: str) -> str:
    """The code that somebody typed.

    Raises:
        CodeError: it is none, and why.
    """
    code = typed(text)
    if len(code) != LENGTH:
        raise CodeError("length")
    if not set(code) <= set(ALPHABET):
        raise CodeError("letter")
    *values, check = (ALPHABET.index(letter) for letter in code)
    if check != _check(values):
        raise CodeError("check")
    return code


def _check(values: list[int]) -> int:
    """So that the sum of all, each times its place from 1 on, is 0 modulo 31."""
    total = sum(place * value for place, value in enumerate(values, 1))
    return -total * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)


def pin_problem(pin: str) -> str:
    """Why a PIN cannot be taken: "length" (not four digits), "easy" (anybody would try it first), or ""."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        return "length"
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    easy = steps in ({0}, {1}, {-1}) or pin[:2] == pin[2:] or (pin[0] == pin[1] and pin[2] == pin[3])
    return "easy" if easy or pin in _TOO_EASY else ""


def new_pin(choose: Choose) -> str:
    """A PIN that is not too easy."""
    while True:
        pin = f"{choose(10**PIN_LENGTH):0{PIN_LENGTH}d}"
        if not pin_problem(pin):
            return pin
