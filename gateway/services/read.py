"""Use cases on stored data, one function each: find sessions, read one, say what is in it, look at what went wrong.

Console, command line and tests call these and nothing below them. Everything here only reads, so it works beside a
running centre, without one, and in a read-only folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from gateway.errors import UnknownSession
from gateway.figures import beat_figures
from gateway.messages import (
    BeatRow,
    EventRow,
    FeatureRow,
    GapRow,
    SessionChunk,
    SessionClosed,
    SessionOpened,
)
from gateway.rows import DeadLetter, Rows, SessionRow
from gateway.sequences import SequenceGap

__all__ = [
    "DeadLetter",
    "Rows",
    "SequenceGap",
    "SessionFigures",
    "SessionRow",
    "StoredSession",
    "dead_letters",
    "find_sessions",
    "open_store",
    "read_session",
    "resolve_session",
    "sequence_gaps",
    "session_figures",
]


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One session as it is in the store, chunks merged (highest versions), everything in order of time.

    Attributes:
        session: its id.
        site: where it was made.
        opened: None while its opening has not arrived.
        closed: None while it runs, or while its end has not arrived.
        chunks: in order of their numbers.
        missing_chunks: numbers (1 …) below the highest known that are not in the store.
    """

    session: UUID
    site: str
    opened: SessionOpened | None
    closed: SessionClosed | None
    chunks: tuple[SessionChunk, ...]
    missing_chunks: tuple[int, ...]

    @property
    def beats(self) -> list[BeatRow]:
        return sorted((row for chunk in self.chunks for row in chunk.beats), key=lambda row: row.t_ns)

    @property
    def features(self) -> list[FeatureRow]:
        return sorted((row for chunk in self.chunks for row in chunk.features), key=lambda row: row.t_ns)

    @property
    def events(self) -> list[EventRow]:
        return sorted((row for chunk in self.chunks for row in chunk.events), key=lambda row: row.t_ns)

    @property
    def gaps(self) -> list[GapRow]:
        return sorted((row for chunk in self.chunks for row in chunk.gaps), key=lambda row: row.from_ns)

    @property
    def complete(self) -> bool:
        """Opening, end and every chunk are here."""
        return self.opened is not None and self.closed is not None and not self.missing_chunks


class SessionFigures(NamedTuple):
    """Figures that follow from the stored beats alone. None: too few beats to say.

    Attributes:
        beats_stored: rows of beats, also those without an interval.
        mean_hr_bpm: 60000 / mean of the normal intervals in ms.
        rmssd_ms: over successive differences of normal intervals that follow each other directly.
        artefact_share: intervals that are not labelled normal, of all intervals.
        replay_record: recording that was replayed, "" for a live person.
        replay_offset_s: where in it the session began.
    """

    beats_stored: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None
    replay_record: str
    replay_offset_s: float | None


def open_store(data: Path) -> Rows:
    """The store of a data folder, for reading; a context manager.

    Raises:
        StoreMissing, StoreCorrupt, StoreUnwritable, KeyUnsafe: one line each, with the remedy.
    """
    return Rows.for_reading(data)


def find_sessions(
    rows: Rows,
    *,
    site: str = "",
    device: str = "",
    since_utc_ns: int | None = None,
    until_utc_ns: int | None = None,
    limit: int = 100,
) -> list[SessionRow]:
    """Sessions that began in a span of time (since <= begin < until), newest first.

    Args:
        rows: the store.
        site: "" for all.
        device: "" for all.
        since_utc_ns: UTC, ns since 1970.
        until_utc_ns: UTC, ns since 1970.
        limit: at most so many.
    """
    return rows.find(site=site, device=device, since_utc_ns=since_utc_ns, until_utc_ns=until_utc_ns, limit=limit)


def resolve_session(rows: Rows, text: str) -> UUID:
    """The session that is meant by an id, the beginning of one, or "latest".

    Raises:
        UnknownSession: none, or more than one, is meant.
    """
    asked = text.strip().lower()
    if asked == "latest":
        found = [row.session for row in rows.find(limit=1)]
    else:
        digits = asked.replace("-", "")
        found = [session for session in rows.session_ids() if digits and session.hex.startswith(digits)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownSession(rows.where, f"{len(found)} sessions begin with {text!r}", "give more of the id")
    raise UnknownSession(rows.where, f"there is no session {text!r}", "list them with: xinyi sessions")


def read_session(rows: Rows, session: UUID | str) -> StoredSession:
    """Everything that is stored of a session.

    Args:
        rows: the store.
        session: its id, or text for `resolve_session`.

    Raises:
        UnknownSession: there is none.
        KeyLost, SealBroken, StoreCorrupt: it cannot be opened.
    """
    wanted = resolve_session(rows, session) if isinstance(session, str) else session
    site, bodies = rows.bodies(wanted)
    if not bodies:
        raise UnknownSession(rows.where, f"there is no session {wanted}", "list them with: xinyi sessions")
    opened: SessionOpened | None = None
    closed: SessionClosed | None = None
    newest: dict[int, SessionChunk] = {}
    for body in bodies:
        match body:
            case SessionOpened():
                opened = body
            case SessionClosed():
                closed = body
            case SessionChunk():
                if body.number not in newest or newest[body.number].version < body.version:
                    newest[body.number] = body
    expected = max([closed.chunks if closed else 0, *newest])
    missing = tuple(number for number in range(1, expected + 1) if number not in newest)
    return StoredSession(wanted, site, opened, closed, tuple(newest[number] for number in sorted(newest)), missing)


def session_figures(stored: StoredSession) -> SessionFigures:
    """Figures of a session from its stored beats, independent of the summary that the room sent."""
    beats = beat_figures(stored.beats)
    closed = stored.closed
    return SessionFigures(
        beats_stored=beats.beats,
        mean_hr_bpm=beats.mean_hr_bpm,
        rmssd_ms=beats.rmssd_ms,
        artefact_share=beats.artefact_share,
        replay_record=closed.replay_record if closed else "",
        replay_offset_s=closed.replay_offset_s if closed else None,
    )


def sequence_gaps(rows: Rows) -> list[SequenceGap]:
    """What producers have numbered and the store has not seen: losses, or records on their way."""
    return rows.sequence_gaps()


def dead_letters(rows: Rows) -> list[DeadLetter]:
    """What could not be stored, with the reasons, oldest first."""
    return rows.dead_letters()
