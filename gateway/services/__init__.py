"""Use cases on stored data, one function each: actor and input → authorise, write or read, audit.

Console, command line and tests call these and nothing below them. What only reads sessions works beside a running
centre, without one, and in a read-only folder (`read`); what changes something goes through the centre (`alerts`,
`people`); every look at a person's data leaves an entry in the audit (`audit`).
"""

from gateway.services.read import (
    DeadLetter,
    Rows,
    SequenceGap,
    SessionFigures,
    SessionRow,
    StoredSession,
    dead_letters,
    find_sessions,
    open_store,
    read_session,
    resolve_session,
    sequence_gaps,
    session_figures,
)

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
