"""Pieces of the library that travel: sent down to a site as records, the newest version of each key stands there."""

import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import sqlalchemy as sa

from care.library import parse
from gateway import tables as t
from gateway.arrivals import within
from gateway.counter.messages import LibraryAnswer
from gateway.errors import KeyLost, NotAllowed, SealBroken, StoreMissing
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import LibraryPiece, RecordKind, decode_body
from gateway.rows import Rows
from gateway.sealing import of_record

__all__ = ["library_news", "read_piece", "send_piece", "take_away"]

ENOUGH_BYTES = 1 << 19
"""So much is sent in one answer; a message on a socket has at most twice of it."""


def read_piece(path: Path) -> LibraryPiece:
    """The piece in a file, checked as those that are shown.

    Raises:
        LibraryError: it is not as it must be.
        StoreMissing: it cannot be read.
    """
    try:
        body = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreMissing(path, f"cannot be read ({error})", "name the TOML file of a piece") from None
    piece = parse(body, str(path))
    return LibraryPiece(piece.key, piece.version, body)


def take_away(place: Place, key: str, target: str, actor: str) -> None:
    """Withdraw a piece at a site, whichever version stands there, and also one that came with the program.

    Raises:
        NotAllowed, StoreError: as `send_piece`.
    """
    stands = _version(place, key, target)
    send_piece(place, LibraryPiece(key, (stands or 0) + 1, "", withdrawn=True), target, actor)


def send_piece(place: Place, piece: LibraryPiece, target: str, actor: str) -> None:
    """Send a piece to a site below, or set it up at this one.

    Raises:
        NotAllowed: the site is not below this one, nobody says who sends, or a newer version stands there.
        StoreError: it was not stored.
    """
    if not within(target, place.site):
        raise NotAllowed(target, f"is not below {place.site}", "name a site below this one")
    if not actor.strip():
        raise NotAllowed(target, "nobody says who sends", "name yourself with --actor")
    stands = _version(place, piece.key, target)
    if stands is not None and stands >= piece.version:
        raise NotAllowed(target, f"has version {stands} of {piece.key}", "give the new one a higher version")
    note(place.data, place.keyring(), actor.strip(), "library.piece", target, f"{piece.key} {piece.version}")
    have_stored(place, [piece], time.time_ns(), target=target)


def _version(place: Place, key: str, target: str) -> int | None:
    c = t.library.c
    with place.reading() as rows, rows.reading() as db:
        version: int | None = db.scalar(sa.select(c.version).where(c.target == target, c.piece == key))
        return version


def library_news(rows: Rows, have: Mapping[str, int], *, site: str) -> LibraryAnswer:
    """Pieces that stand for a site and are newer than what somebody has, and all that are withdrawn there.

    Raises:
        StoreError: the store does not answer.
    """
    c, r = t.library.c, t.records.c
    with rows.reading() as db:
        stands = db.execute(
            sa.select(c.piece, c.version, c.withdrawn, c.record).where(c.target == site).order_by(c.piece)
        ).all()
        newer = [row.record for row in stands if not row.withdrawn and row.version > have.get(row.piece, 0)]
        pieces: list[LibraryPiece] = []
        size = 0
        more = False
        for record in newer:
            sealed = db.scalar(sa.select(r.body).where(r.id == record))
            if sealed is None:
                continue
            size += len(sealed)
            if pieces and size > ENOUGH_BYTES:
                more = True
                break
            try:
                piece = decode_body(RecordKind.LIBRARY_PIECE, rows.keyring.open_sealed(sealed, of_record(record)))
            except (KeyLost, SealBroken, msgspec.DecodeError):
                continue  # the others must go on
            assert isinstance(piece, LibraryPiece)
            pieces.append(piece)
    return LibraryAnswer(pieces, [row.piece for row in stands if row.withdrawn], more)
