"""What was said last to a site (roster, settings) and what was ever said to it of one kind, read out of the rows."""

import logging
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.errors import KeyLost, SealBroken
from gateway.messages import Body, RecordKind, decode_body
from gateway.rows import Rows
from gateway.sealing import of_record

log = logging.getLogger(__name__)


class Document(NamedTuple):
    """A stored record, opened. `site` made it."""

    record: UUID
    site: str
    made_utc_ns: int
    stored_utc_ns: int
    body: Body


def newest(rows: Rows, kind: RecordKind, target: str) -> Document | None:
    """What stands for a site: the newest of a kind that the site itself, or one above it, has said. None: nothing.

    Args:
        rows: of any site that it passed.
        kind: duty roster, settings, revocation or release manifest.
        target: the site that it is for.
    """
    d = t.documents.c
    found = _opened(
        rows, t.records.c.id == sa.select(d.record).where(d.kind == kind, d.target == target).scalar_subquery()
    )
    return found[0] if found else None


def all_for(rows: Rows, kind: RecordKind, target: str, known: Collection[UUID] = ()) -> list[Document]:
    """Every record of a kind that was meant for a site, oldest first, without those that are known already."""
    r = t.records.c
    return _opened(rows, (r.kind == kind) & (r.target == target), known)


def stored_since(rows: Rows, kind: RecordKind, utc_ns: int) -> list[Document]:
    """Every record of a kind that was stored here since then, oldest first."""
    r = t.records.c
    return _opened(rows, (r.kind == kind) & (r.stored_utc_ns >= utc_ns))


def _opened(rows: Rows, which: sa.ColumnElement[bool], known: Collection[UUID] = ()) -> list[Document]:
    r = t.records.c
    columns = (r.id, r.kind, r.site, r.made_utc_ns, r.stored_utc_ns, r.body)
    with rows.reading() as db:
        found = db.execute(sa.select(*columns).where(which).order_by(r.made_utc_ns, r.id)).all()
    documents = []
    for row in found:
        if row.id in known:
            continue
        try:
            body = decode_body(RecordKind(row.kind), rows.keyring.open_sealed(row.body, of_record(row.id)))
        except (KeyLost, SealBroken, msgspec.DecodeError, ValueError) as error:
            log.warning("record %s (%s) cannot be read: %s", row.id, row.kind, error)
            continue
        documents.append(Document(row.id, row.site, row.made_utc_ns, row.stored_utc_ns, body))
    return documents
