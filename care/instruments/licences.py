"""Whether an instrument may be shown here and today. Without a valid record it is not offered; one line says why."""

from datetime import date

from care.instruments.model import Instrument


def problem(instrument: Instrument, today: date) -> str:
    """Why the licence does not allow it; "" when it does.

    Args:
        instrument: with its record, if a content pack brought one.
        today: the day at the site.
    """
    record = instrument.record
    if not instrument.licence.needs_record:
        return ""
    if record is None:
        return f"needs a content pack with the permission of {instrument.licence.holder}"
    if not (record.holder.strip() and record.granted_by.strip() and record.scope.strip()):
        return "the licence record of its content pack must name holder, granted_by and scope"
    if record.date > today:
        return f"the permission begins on {record.date}"
    if record.expiry < today:
        return f"the permission ended on {record.expiry}; ask {record.granted_by} again and renew the content pack"
    return ""
