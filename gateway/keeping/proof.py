"""The proof of a deletion: which levels have answered, what each removed, and who has not answered yet.

A site answers with `DeletionDone` out of the transaction that erased; a receipt of the next site for the `Deletion`
says that it is done there. What is not delivered yet waits in the rows for as long as it takes.
"""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import within
from gateway.errors import UnknownDeletion
from gateway.messages import Deletion, DeletionDone, RecordKind, decode_body
from gateway.routing import UP
from gateway.rows import Rows
from gateway.sealing import of_record


class Answer(NamedTuple):
    """One site's. `removed` sums what several passes took; `left` is what the last search found: 0."""

    site: str
    done_utc_ns: int
    removed: dict[str, int]
    left: int


class Unanswered(NamedTuple):
    """A site that was asked. `delivered`: it holds the request."""

    site: str
    delivered: bool


class Proof(NamedTuple):
    """As far as this site knows."""

    deletion: Deletion
    answers: list[Answer]
    waiting: list[Unanswered]

    @property
    def complete(self) -> bool:
        """Everybody who was asked has answered, and nothing is left."""
        return not self.waiting and bool(self.answers) and not any(answer.left for answer in self.answers)


def find_deletions(rows: Rows) -> list[Deletion]:
    """All deletions that were done here, newest first; each once."""
    found: dict[UUID, Deletion] = {}
    for _, body, _ in _bodies(rows, RecordKind.DELETION):
        if isinstance(body, Deletion):
            found.setdefault(body.deletion, body)
    return sorted(found.values(), key=lambda each: each.asked_utc_ns, reverse=True)


def proof_of(rows: Rows, own: str, deletion: UUID) -> Proof:
    """The proof of one deletion.

    Args:
        rows: of this site.
        own: its path.
        deletion: id of the deletion.

    Raises:
        UnknownDeletion: there is none with this id.
    """
    asked = _bodies(rows, RecordKind.DELETION, deletion)
    requests = [body for _, body, _ in asked if isinstance(body, Deletion)]
    if not requests:
        raise UnknownDeletion(rows.where, f"there is no deletion {deletion}", "list them with: xinyi person proof")
    answers: dict[str, Answer] = {}
    for _, body, _ in _bodies(rows, RecordKind.DELETION_DONE, deletion):
        assert isinstance(body, DeletionDone)
        before = answers.get(body.site)
        newest = before is None or body.done_utc_ns >= before.done_utc_ns
        removed = dict(before.removed) if before else {}
        for table, number in body.removed.items():
            removed[table] = removed.get(table, 0) + number
        done, left = (body.done_utc_ns, body.left) if newest or not before else (before.done_utc_ns, before.left)
        answers[body.site] = Answer(body.site, done, removed, left)
    ids = {record: target for record, _, target in asked}
    with rows.reading() as db:
        o, c = t.outgoing.c, t.receipts.c
        hops = {(row.record, row.hop): False for row in db.execute(sa.select(o.record, o.hop).where(o.record.in_(ids)))}
        hops |= {(row.record, row.hop): True for row in db.execute(sa.select(c.record, c.hop).where(c.record.in_(ids)))}
    waiting: dict[str, bool] = {}
    for (_, hop), delivered in hops.items():
        site = own.rpartition(".")[0] if hop == UP else hop
        if not any(answer == site or (hop == UP and answer != own and within(own, answer)) for answer in answers):
            waiting[site] = waiting.get(site, True) and delivered
    ordered = sorted(answers.values(), key=lambda each: each.done_utc_ns)
    return Proof(requests[0], ordered, [Unanswered(site, told) for site, told in sorted(waiting.items())])


def _bodies(rows: Rows, kind: RecordKind, about: UUID | None = None) -> list[tuple[UUID, object, str]]:
    r = t.records.c
    question = sa.select(r.id, r.body, r.target).where(r.kind == kind).order_by(r.stored_utc_ns, r.id)
    with rows.reading() as db:
        found = db.execute(question.where(r.about == about) if about else question).all()
    keyring = rows.placement.keyring
    return [(row.id, decode_body(kind, keyring.open_sealed(row.body, of_record(row.id))), row.target) for row in found]
