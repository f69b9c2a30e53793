"""Who is on duty at a site: a roster is sent whole, travels down as a record, and the newest counts."""

import time

import msgspec

from gateway.arrivals import within
from gateway.documents import newest
from gateway.errors import NotAllowed
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import DutyEntry, DutyRoster, RecordKind
from gateway.rows import Rows

__all__ = ["current_roster", "on_duty", "send_roster", "standing_roster"]


def send_roster(place: Place, roster: DutyRoster, target: str, actor: str = "system") -> None:
    """Send a roster to a site below, or set that of this one. A higher version replaces what stands there.

    Raises:
        NotAllowed: the site is not below this one, a shift ends before it begins, or a newer roster stands.
        StoreError: it was not stored.
    """
    if not within(target, place.site):
        raise NotAllowed(target, f"is not below {place.site}", "name a site below this one")
    for entry in roster.entries:
        if entry.to_utc_ns <= entry.from_utc_ns:
            raise NotAllowed(target, f"the shift of {entry.name} ends before it begins", "correct the roster")
    with place.reading() as rows:
        stands = standing_roster(rows, target)
    if stands and stands.version >= roster.version:
        raise NotAllowed(target, f"has roster {stands.version}", "give the new one a higher version")
    note(place.data, place.keyring(), actor, "duty.roster", target, f"version {roster.version}")
    have_stored(place, [roster], time.time_ns(), target=target)


def current_roster(rows: Rows, site: str, now_utc_ns: int) -> DutyRoster | None:
    """The roster that stands for a site, without the shifts that are over; None: nobody has sent one."""
    roster = standing_roster(rows, site)
    if roster is None:
        return None
    ahead = [entry for entry in roster.entries if entry.to_utc_ns > now_utc_ns]
    return msgspec.structs.replace(roster, entries=sorted(ahead, key=lambda entry: (entry.from_utc_ns, entry.person)))


def on_duty(rows: Rows, site: str, now_utc_ns: int) -> list[DutyEntry]:
    """Who answers at a site at a moment; [] when nobody does."""
    roster = current_roster(rows, site, now_utc_ns)
    return [entry for entry in roster.entries if entry.from_utc_ns <= now_utc_ns] if roster else []


def standing_roster(rows: Rows, site: str) -> DutyRoster | None:
    """The roster that stands for a site, with the shifts that are over; None: nobody has sent one."""
    found = newest(rows, RecordKind.DUTY_ROSTER, site)
    return found.body if found and isinstance(found.body, DutyRoster) else None
