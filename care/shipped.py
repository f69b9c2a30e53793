"""Data files that are shipped with the service: which there are, and TOML that becomes a struct.

Every kind of file has an error of its own, so that the command line knows whose mistake it is; how it is said is the
same for all. Where a mistake must be named with its line, `located.read` is the door.
"""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

T = TypeVar("T")


def tables(*folder: str) -> dict[str, Traversable]:
    """The TOML files of a folder of `care`, by name without its ending, in order of their names."""
    found = sorted(files("care").joinpath(*folder).iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file for file in found if file.name.endswith(".toml")}


def convert(text: str, name: str, kind: type[T], error: type[Exception]) -> T:
    """A struct out of TOML text; raises `error` with one line that names `name` when it is not as `kind` wants it."""
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise error(f"{name}: {problem}") from None
