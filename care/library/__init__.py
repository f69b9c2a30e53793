"""What residents can read or listen to at the kiosk (看一看, 心理FM), as data.

One TOML file per piece in `care/library/pieces/`. A site may keep pieces of its own in a folder, and may be sent some
from above as the same TOML text: the newest version of a key is the one that is shown (docs/library.md).
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.shipped import convert, tables

Line = Annotated[str, Meta(min_length=1)]
Paragraphs = Annotated[list[Line], Meta(min_length=2, max_length=12)]
LONGEST_PARAGRAPH = 220
"""Characters of a Chinese paragraph; a longer one does not fit a page in large type."""


class LibraryError(ValueError):
    """A piece is not as it must be; one line with file and field."""


class Topic(StrEnum):
    """Shelves, in the order in which they are shown."""

    SLEEP = "sleep"
    MOOD = "mood"
    FAMILY = "family"
    STRESS = "stress"
    HABITS = "habits"
    SERVICE = "service"


TOPIC_NAMES: dict[Topic, tuple[str, str]] = {
    Topic.SLEEP: ("睡眠", "Sleep"),
    Topic.MOOD: ("心情", "Mood"),
    Topic.FAMILY: ("家人", "Family"),
    Topic.STRESS: ("压力", "Stress"),
    Topic.HABITS: ("习惯", "Habits"),
    Topic.SERVICE: ("怎么求助", "Finding help"),
}
"""Name of a shelf in Chinese and English."""


class Piece(Struct, frozen=True, forbid_unknown_fields=True):
    """An article, or a piece written for the ear.

    Attributes:
        key: its name for good; a newer version of a piece has the same.
        kind: "audio" is written to be spoken: sentences for the ear, nothing that must be seen.
        minutes: reading or listening time.
        paragraphs_zh: the last one is a small thing to do.
    """

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{2,39}$")]
    version: Annotated[int, Meta(ge=1)]
    kind: Literal["article", "audio"]
    topic: Topic
    title_zh: Annotated[str, Meta(min_length=1, max_length=16)]
    title_en: Annotated[str, Meta(min_length=1, max_length=60)]
    minutes: Annotated[int, Meta(ge=1, le=20)]
    paragraphs_zh: Paragraphs
    paragraphs_en: Paragraphs
    source_zh: Line
    source_en: Line

    def title(self, language: Literal["zh", "en"]) -> str:
        return self.title_zh if language == "zh" else self.title_en

    def paragraphs(self, language: Literal["zh", "en"]) -> list[str]:
        return self.paragraphs_zh if language == "zh" else self.paragraphs_en

    def source(self, language: Literal["zh", "en"]) -> str:
        return self.source_zh if language == "zh" else self.source_en


def parse(text: str, name: str) -> Piece:
    """A piece out of TOML text.

    Raises:
        LibraryError: naming `name` and the field.
    """
    piece = convert(text, name, Piece, LibraryError)
    if len(piece.paragraphs_zh) != len(piece.paragraphs_en):
        counts = f"{len(piece.paragraphs_zh)} in Chinese, {len(piece.paragraphs_en)} in English"
        raise LibraryError(f"{name}: paragraphs: {counts}; each paragraph stands in both languages")
    for field in ("title_zh", "title_en", "paragraphs_zh", "paragraphs_en", "source_zh", "source_en"):
        value = getattr(piece, field)
        for number, line in enumerate([value] if isinstance(value, str) else value, 1):
            where = f"{name}: {field}" if isinstance(value, str) else f"{name}: {field}: paragraph {number}"
            if problem := _problem(line, LONGEST_PARAGRAPH if field.endswith("_zh") else 4 * LONGEST_PARAGRAPH):
                raise LibraryError(f"{where}: {problem}")
    return piece


def _problem(line: str, longest: int) -> str:
    if re.search("[!！]", line):
        return "no exclamation marks"
    if line != line.strip() or re.search(r"[\x00-\x1f\x7f]", line):
        return "one line without spaces around it"
    return f"{len(line)} characters; at most {longest}" if len(line) > longest else ""


def pieces(extra: Path | None = None) -> list[Piece]:
    """All pieces, shelf by shelf.

    Args:
        extra: folder with the site's own `*.toml` files. One with the key of another piece takes its place if its
            version is at least as high. Files that are not as they must be are left out; `refused` says why.

    Raises:
        LibraryError: one of the shipped pieces is not as it must be.
    """
    newest: dict[str, Piece] = {}
    for piece in [*_shipped(), *(piece for piece in _read(extra).values() if isinstance(piece, Piece))]:
        if piece.key not in newest or piece.version >= newest[piece.key].version:
            newest[piece.key] = piece
    shelves = list(Topic)
    return sorted(newest.values(), key=lambda piece: (shelves.index(piece.topic), piece.kind, piece.key))


def refused(extra: Path) -> dict[str, str]:
    """File of the site's folder → why it is not shown, in one line."""
    return {name: str(reason) for name, reason in _read(extra).items() if isinstance(reason, LibraryError)}


def _shipped() -> Iterable[Piece]:
    for file in tables("library", "pieces").values():
        yield parse(file.read_text("utf-8"), f"care/library/pieces/{file.name}")


def _read(extra: Path | None) -> dict[str, Piece | LibraryError]:
    found: dict[str, Piece | LibraryError] = {}
    for path in sorted(extra.glob("*.toml")) if extra else []:
        try:
            found[path.name] = parse(path.read_text("utf-8"), str(path))
        except LibraryError as error:
            found[path.name] = error
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            found[path.name] = LibraryError(f"{path}: cannot be read ({reason})")
    return found
