"""Exercises that run by themselves: steps of so many seconds with a sentence each, as data.

One TOML file each in `care/exercises/`. Where an exercise stands is a pure function of the time since it began, so
that a pause, a lost frame or a new page cannot move it. Safe for old people: seated, breathing as usual, without pain.
"""

import re
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.shipped import convert, tables

Part = Literal["", "whole", "hands", "arms", "face", "shoulders", "belly", "legs", "eyes", "neck", "ears", "feet"]


class ExerciseError(ValueError):
    """An exercise file is not as it must be; one line with file, step and what is wrong."""


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence and how long it stands.

    Attributes:
        part: of the body, for a drawing; "" is none.
        act: "tense" and "release" are the two halves of muscle relaxation.
    """

    seconds: Annotated[float, Meta(ge=3, le=120)]
    zh: Annotated[str, Meta(min_length=1, max_length=60)]
    en: Annotated[str, Meta(min_length=1, max_length=180)]
    part: Part = ""
    act: Literal["", "tense", "release"] = ""


class Exercise(Struct, frozen=True, forbid_unknown_fields=True):
    """An exercise: its name, its version and its steps in order."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]
    version: Annotated[int, Meta(ge=1)]
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    steps: Annotated[list[Step], Meta(min_length=2)]

    @property
    def seconds(self) -> float:
        """How long all of it lasts."""
        return sum(step.seconds for step in self.steps)


def at(exercise: Exercise, elapsed_s: float) -> tuple[int, float]:
    """Where an exercise stands.

    Args:
        exercise: which.
        elapsed_s: since it began, without pauses.

    Returns:
        Index of the step and the seconds that are left of it. When all is over: the last step and 0.0, which no
        running step ever has.

    >>> three = Step(3.0, "一", "one")
    >>> at(Exercise("pause", 1, "", "", "", "", [three, three]), 4.0)
    (1, 2.0)
    """
    end = 0.0
    for index, step in enumerate(exercise.steps):
        end += step.seconds
        if elapsed_s < end:
            return index, min(step.seconds, end - elapsed_s)
    return len(exercise.steps) - 1, 0.0


def parse(text: str, name: str) -> Exercise:
    """An exercise out of TOML text.

    Raises:
        ExerciseError: naming `name` and the field.
    """
    exercise = convert(text, name, Exercise, ExerciseError)
    for number, step in enumerate(exercise.steps, 1):
        if re.search("[!！]", step.zh + step.en):
            raise ExerciseError(f"{name}: step {number}: no exclamation marks")
        if step.act and not step.part:
            raise ExerciseError(f"{name}: step {number}: a step with an act names a part")
    return exercise


def available() -> dict[str, Traversable]:
    """The exercises that are there, by key."""
    return tables("exercises")


def load(key: str) -> Exercise:
    """An exercise by its key.

    Raises:
        ExerciseError: there is none, or its file is not as it must be.
    """
    file = available().get(key)
    if file is None:
        raise ExerciseError(f"there is no exercise {key!r}; there are: {', '.join(available())}")
    return parse(file.read_text("utf-8"), f"care/exercises/{file.name}")
