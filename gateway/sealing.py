"""What a sealed body in the rows belongs to, so that it opens nowhere else."""

from uuid import UUID

RECORD, DEAD, INCIDENT = b"record\0", b"dead\0", b"incident\0"


def of_record(record: UUID) -> bytes:
    """The context of a record's body."""
    return RECORD + record.bytes


def of_letter(letter: UUID) -> bytes:
    """The context of a dead letter's."""
    return DEAD + letter.bytes


def of_incident(record: UUID) -> bytes:
    """The context of what an incident says of a record."""
    return INCIDENT + record.bytes
