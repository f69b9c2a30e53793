"""A reviewer of the site signs the texts that residents see: who, when, and a digest over exactly these texts.

Wording of our own is offered only with a signature whose digest still fits; change a comma and it fits no more. A
signature is a small TOML file, "<key>.toml" in the site's folder of reviews.
"""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from care.instruments.model import Instrument
from care.located import DataError, read


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    instrument: str
    version: int
    reviewer: Annotated[str, Meta(min_length=2, max_length=80)]
    date: dt.date
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


def texts(instrument: Instrument) -> list[str]:
    """All that a resident sees of it, in order."""
    seen = [instrument.title_zh, instrument.title_en, instrument.stem_zh, instrument.stem_en]
    for item in instrument.items:
        seen += [item.id, item.zh, item.en]
        for option in item.options:
            seen += [str(option.value), option.zh, option.en]
    for words in instrument.words:
        seen += [words.band, words.normal_zh, words.normal_en, words.meaning_zh, words.meaning_en, words.step]
    return seen


def digest(instrument: Instrument) -> str:
    """SHA-256 over the texts, their order and where one ends."""
    return hashlib.sha256(msgspec.json.encode(texts(instrument))).hexdigest()


def sign(instrument: Instrument, reviewer: str, today: dt.date) -> str:
    """The text of a signature file."""
    name = msgspec.json.encode(" ".join(reviewer.split())).decode()
    return (
        f"# Signed with `xinyi care sign`: these texts may be shown to residents here.\n"
        f'instrument = "{instrument.key}"\nversion = {instrument.version}\nreviewer = {name}\n'
        f'date = {today.isoformat()}\nsha256 = "{digest(instrument)}"\n'
    )


def problem(instrument: Instrument, folder: Path | None) -> str:
    """Why wording of ours may not be shown; "" when it is signed as it is.

    Args:
        instrument: with all its texts.
        folder: of the site's signatures.
    """
    path = folder / f"{instrument.key}.toml" if folder else None
    if path is None or not path.exists():
        return f"its wording is ours, and nobody has signed it: xinyi care sign {instrument.key} --reviewer NAME"
    try:
        signature = read(path.read_text("utf-8"), str(path), Signature).value
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror}); sign it again"
    except (UnicodeDecodeError, DataError) as error:
        return f"{error}; sign it again"
    if signature.instrument != instrument.key or signature.sha256 != digest(instrument):
        return f"its texts are not those that {signature.reviewer} signed on {signature.date}; read and sign them again"
    return ""
