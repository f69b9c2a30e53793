"""What a person can ask for: to see what is held, to have it erased, to take a consent back. Each leaves an audit entry
before anything is shown or done.
"""

import contextlib
import time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from care.codes import CodeError, read
from gateway.box import new_id
from gateway.errors import NotAllowed, SessionRuns
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.keeping.person import Person, find_person, write_person
from gateway.keeping.proof import Proof, find_deletions, proof_of
from gateway.keeping.waiting import erase_waiting, journals_of, waiting_of
from gateway.messages import ConsentWithdrawn, Deletion

__all__ = ["Erased", "Person", "Place", "Proof", "erase_person", "export_person", "read_person", "read_proof"]

KEEP = "keep"
"""The consent to keep a file; without it everything goes."""


class Erased(NamedTuple):
    """What was asked for. `from_outboxes`: records that were taken out before they were sent."""

    deletion: UUID
    by_centre: bool
    from_outboxes: int


def read_person(place: Place, code: str, actor: str) -> Person:
    """Everything that this site holds about a code.

    Raises:
        NotAllowed: nobody says who asks.
        StoreError: it cannot be read, or the look cannot be written down.
    """
    code, actor = _named(place, code, actor)
    with place.reading() as rows:
        _note(place, actor, "person.read", code)
        return find_person(place, rows, code)


def export_person(place: Place, code: str, actor: str, folder: Path) -> list[str]:
    """Write everything about a code into a new folder. Returns the names of its files.

    Raises:
        NotAllowed, StoreError: as in `read_person`; the folder is there already.
    """
    code, actor = _named(place, code, actor)
    with place.reading() as rows:
        _note(place, actor, "person.export", code, str(folder))
        return write_person(find_person(place, rows, code), folder)


def erase_person(place: Place, code: str, actor: str, reason: str) -> Erased:
    """Erase everything about a code here and at every level that may hold something; `read_proof` says who has done it.

    Raises:
        SessionRuns: a session of theirs has not ended.
        NotAllowed: nobody says who asks, or why.
        StoreError: nothing was erased.
    """
    code, actor = _named(place, code, actor)
    if not reason.strip():
        raise NotAllowed(place.site, "an erasure needs a reason", "say why")
    keyring = place.keyring()
    if running := journals_of(place.data, keyring, code, set()):
        raise SessionRuns(
            running[0].path, "a session of this person has not ended", "end it at the chair, then ask again"
        )
    _note(place, actor, "person.erase", code, reason)
    now = time.time_ns()
    deletion = Deletion(new_id(), code, [], [], place.site, actor, now, reason)
    waits = waiting_of(place.data, keyring, code, set(), set())
    stored = have_stored(place, [deletion], now)
    return Erased(deletion.deletion, stored.by_centre, erase_waiting(keyring, place.site, waits))


def withdraw_consent(place: Place, code: str, consent: str, actor: str) -> Erased | None:
    """Somebody takes a consent back. With the one to keep a file goes the file.

    Raises:
        As `erase_person`; the withdrawal itself is stored before.
    """
    code, actor = _named(place, code, actor)
    _note(place, actor, "consent.withdraw", code, consent)
    now = time.time_ns()
    have_stored(place, [ConsentWithdrawn(code, consent, now)], now)
    return erase_person(place, code, actor, "consent withdrawn") if consent == KEEP else None


def read_proof(place: Place, deletion: UUID | str = "") -> list[Proof]:
    """Proofs of one deletion (its id, or the beginning of it) or of all, newest first.

    Raises:
        UnknownDeletion: there is none with this id.
    """
    with place.reading() as rows:
        wanted = str(deletion).replace("-", "").lower()
        found = [each.deletion for each in find_deletions(rows) if each.deletion.hex.startswith(wanted)]
        if not found and wanted:
            found = [UUID(hex=wanted.ljust(32, "0")[:32])] if all(c in "0123456789abcdef" for c in wanted) else []
        return [proof_of(rows, place.site, each) for each in found]


def _named(place: Place, code: str, actor: str) -> tuple[str, str]:
    if not code.strip():
        raise NotAllowed(place.site, "no code is given", "give the code of the person")
    if not actor.strip():
        raise NotAllowed(place.site, "nobody says who asks", "name yourself with --actor")
    with contextlib.suppress(CodeError):  # one of ours, however it is typed; other codes are as they are
        code = read(code)
    return code.strip(), actor.strip()


def _note(place: Place, actor: str, action: str, code: str, detail: str = "") -> None:
    keyring = place.keyring()
    note(place.data, keyring, actor, action, keyring.pseudonym(code), detail)
