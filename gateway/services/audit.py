"""Who looked at what of whom."""

from gateway.keeping.audit import AuditEntry, entries
from gateway.rows import Rows

__all__ = ["AuditEntry", "find_audit"]


def find_audit(rows: Rows, *, code: str = "", limit: int = 1000) -> list[AuditEntry]:
    """Entries of the audit, newest first.

    Args:
        rows: the store.
        code: of one person only.
        limit: at most so many.
    """
    return entries(rows, what=rows.placement.keyring.pseudonym(code) if code else "", limit=limit)
