"""`[release]` of `xinyi.toml`: whom this site believes, where files come from, and when it may change itself."""

from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


class ReleaseConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How this site updates itself.

    Attributes:
        root: folder with `releases/`, `current` and `steady`.
        trusted: file with the trusted keys; "" and the site takes no release.
        source: `https://…` or `file:///…`, under which `<version>/<file>` lies.
        ca: PEM file of the authority behind the https source; "" is the system's.
        night_from: local time from which it may switch.
        night_to: local time until which it may begin to switch.
        zone: the site's time zone.
        hold: a version that this site must not take, "*" for any; the upper level sets it when a rollout halts.
        backup: command line that is run before each switch; "" for none.
        probation_s: how long a new version must be well without a break before it is kept.
        give_up_s: after so long without that, the room goes back by itself.
    """

    root: str = "/opt/xinyi"
    trusted: str = ""
    source: Annotated[str, Meta(pattern=r"^((https://|file:///).+)?$")] = ""
    ca: str = ""
    night_from: Annotated[str, Meta(pattern=_TIME)] = "02:00"
    night_to: Annotated[str, Meta(pattern=_TIME)] = "05:00"
    zone: str = "Asia/Shanghai"
    hold: str = ""
    backup: str = ""
    probation_s: Annotated[int, Meta(ge=60, le=86400)] = 600
    give_up_s: Annotated[int, Meta(ge=120, le=172800)] = 1800

    def __post_init__(self) -> None:
        if self.give_up_s <= self.probation_s:
            raise ValueError("release.give_up_s must be more than release.probation_s")

    def may_switch(self, now: datetime) -> bool:
        """Whether it is night at the site. A window from evening to morning goes over midnight."""
        return is_within(now.astimezone(zone_of(self.zone)).time(), self.night_from, self.night_to)


def zone_of(name: str, key: str = "release.zone") -> ZoneInfo:
    """A time zone by its name.

    Raises:
        ValueError: there is no such zone; `key` is where it was named.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{key}: no time zone {name!r}; name one like Asia/Shanghai") from error


def is_within(now: time, begin: str, end: str) -> bool:
    """Whether a local time is in [begin, end).

    >>> is_within(time(1, 30), "23:00", "05:00"), is_within(time(12), "23:00", "05:00")
    (True, False)
    """
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    if first <= last:
        return first <= now < last
    return now >= first or now < last
