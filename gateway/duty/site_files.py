"""A site's own files about people, over those that are shipped: who is called when, and the numbers to call."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from care import handoff, hotlines
from care.handoff import Handoff
from care.hotlines import Hotline
from gateway.config import Config


def handoff_of(config: Config) -> Handoff:
    """The rules of a site.

    Raises:
        HandoffError: its file is not as it must be.
    """
    return handoff.load(Path(config.care.handoff).expanduser() if config.care.handoff else None)


def hotlines_of(config: Config) -> list[Hotline]:
    """The numbers of a site.

    Raises:
        HotlineError: its file is not as it must be.
    """
    return hotlines.load(Path(config.care.hotlines).expanduser() if config.care.hotlines else None)


def stale_hotlines(config: Config, now_utc_ns: int) -> list[Hotline]:
    """Numbers that nobody has verified for too long, by the site's own calendar.

    Raises:
        HotlineError: the site's file is not as it must be.
    """
    today = datetime.fromtimestamp(now_utc_ns / 1e9, UTC).astimezone(ZoneInfo(config.centre.zone)).date()
    return hotlines.stale(hotlines_of(config), today, config.care.hotline_days)
