"""What a site did on one day, as numbers without people: sessions by outcome, sittings by tier, alerts, looks
at pieces of the library.

Read out of the rows, so that late records count on their own day and counting again gives the same. A day is that of
the site's time zone. What goes up are these numbers and not what they count.
"""

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.messages import SiteCounts
from gateway.rows import Rows


def day_counts(rows: Rows, site: str, day: date, zone: ZoneInfo) -> dict[str, int]:
    """The counts of one day of a site, sorted by name."""
    first, last = (_utc_ns(datetime.combine(each, time(), zone)) for each in (day, day + timedelta(days=1)))
    s, a, al, v = t.sessions.c, t.assessments.c, t.alerts.c, t.content_views.c
    counts: Counter[str] = Counter()
    with rows.reading() as db:
        ended = sa.select(s.outcome, sa.func.count()).where(
            s.site == site, s.began_utc_ns >= first, s.began_utc_ns < last, s.outcome.is_not(None)
        )
        for outcome, number in db.execute(ended.group_by(s.outcome)):
            counts[f"sessions.{outcome}"] = number
        sat = sa.select(a.instrument, a.tier, sa.func.count()).where(
            a.site == site, a.ended_utc_ns >= first, a.ended_utc_ns < last
        )
        for instrument, tier, number in db.execute(sat.group_by(a.instrument, a.tier)):
            counts[f"assessments.{instrument}.{tier or 'none'}"] = number
        raised = sa.select(al.tier, sa.func.count()).where(
            al.site == site, al.raised_utc_ns >= first, al.raised_utc_ns < last
        )
        for tier, number in db.execute(raised.group_by(al.tier)):
            counts[f"alerts.{tier or 'none'}"] = number
        viewed = sa.select(v.piece, sa.func.count()).where(v.site == site, v.at_utc_ns >= first, v.at_utc_ns < last)
        for piece, number in db.execute(viewed.group_by(v.piece)):
            counts[f"content.{piece}"] = number
    return dict(sorted(counts.items()))


def changed_days(rows: Rows, site: str, now_utc_ns: int, zone: ZoneInfo, days: int = 7) -> list[SiteCounts]:
    """The counts of the last days that are not what was counted last."""
    today = datetime.fromtimestamp(now_utc_ns / 1e9, zone).date()
    c = t.site_counts.c
    changed = []
    for back in range(days):
        day = today - timedelta(days=back)
        counts = day_counts(rows, site, day, zone)
        with rows.reading() as db:
            known = db.scalar(sa.select(c.counts).where(c.site == site, c.day == day.isoformat()))
        if counts != (msgspec.json.decode(known) if known else {}):
            changed.append(SiteCounts(day.isoformat(), now_utc_ns, counts))
    return changed


def _utc_ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000
