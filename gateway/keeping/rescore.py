"""Sittings that came before this centre knew their questionnaire, scored now that it does."""

import logging

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.errors import KeyLost, SealBroken
from gateway.messages import Assessment, RecordKind, decode_body
from gateway.rows import Rows
from gateway.scoring import note_incident
from gateway.sealing import of_record

_IN_ONE = 500

log = logging.getLogger(__name__)


def rescore(rows: Rows, now_utc_ns: int) -> int:
    """Score what is unscored and known, in small transactions. Returns how many.

    Raises:
        StoreError: a part is done; the next time does the rest.
    """
    done = sum(_of(rows, *known, now_utc_ns) for known in sorted(_waiting(rows) & rows.placement.scorer.known))
    if done:
        log.info("%d sittings were scored that could not be scored before", done)
    return done


def _waiting(rows: Rows) -> set[tuple[str, int]]:
    a = t.assessments.c
    question = sa.select(a.instrument, a.instrument_version).where(a.scored.is_(False)).distinct()
    with rows.reading() as db:
        return {(row.instrument, row.instrument_version) for row in db.execute(question)}


def _of(rows: Rows, instrument: str, version: int, now_utc_ns: int) -> int:
    """Those of one questionnaire."""
    a, r = t.assessments.c, t.records.c
    done, last = 0, None
    while True:
        question = (
            sa.select(a.assessment, a.record, a.site, r.body)
            .join(t.records, r.id == a.record)
            .where(a.instrument == instrument, a.instrument_version == version, a.scored.is_(False))
            .order_by(a.assessment)
            .limit(_IN_ONE)
        )
        with rows.writing() as db:
            found = db.execute(question if last is None else question.where(a.assessment > last)).all()
            for row in found:
                last = row.assessment
                try:
                    sealed = rows.keyring.open_sealed(row.body, of_record(row.record))
                    said = decode_body(RecordKind.ASSESSMENT, sealed)
                except (KeyLost, SealBroken, msgspec.DecodeError):
                    continue  # the others must go on
                assert isinstance(said, Assessment)
                verdict = rows.placement.scorer.judge(said)
                if verdict is None:
                    continue
                same = t.assessments.update().where(a.assessment == row.assessment, a.record == row.record)
                done += db.execute(same.values(verdict.columns)).rowcount
                if verdict.differences:
                    note_incident(db, rows.keyring, row.record, row.site, verdict.differences, now_utc_ns)
        if len(found) < _IN_ONE:
            return done
