"""How busy a district is, hour by hour: the numbers behind `xinyi sim fleet`, one TOML table per profile.

`benchmarks/profiles.toml` holds the shared ones; without a file the defaults here are the profile `district`.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware_sim.line import Share

DEFAULT = "district"
_TOWNS = ("xinhua", "huacheng", "xiuquan", "xinya", "huadong", "huashan", "chini", "shiling", "tanbu", "timian")
_BY_DAY = (0.15, 0.45, 0.6, 0.5, 0.2, 0.3, 0.55, 0.6, 0.4, 0.2, 0.1, 0.05)
_BUSY = (*(0.0,) * 8, *_BY_DAY, *(0.0,) * 4)


class ProfileError(ValueError):
    """A profile cannot be used; one line with the file, the field and what is wrong."""


class FleetProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One district's traffic.

    Attributes:
        rooms: how many rooms it has.
        district: first part of every site id.
        towns: second parts; rooms are dealt to them in turn.
        busy: share of the rooms that are in session, for each hour of the day.
        starts_at_hour: time of day at which the fleet begins.
        session_s: how long a session lasts.
        chunk_s: how often a room sends what it has gathered.
        early_share: of sessions that are ended early.
        offline_every_h: mean time between outages of a room's link; 0 none.
        offline_s: how long one lasts; what was gathered comes afterwards.
        pool: how many different sessions of simulated people are made and used in turn.
    """

    rooms: Annotated[int, Meta(ge=1, le=100_000)] = 262
    district: Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")] = "huadu"
    towns: Annotated[tuple[Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")], ...], Meta(min_length=1)] = _TOWNS
    busy: Annotated[tuple[Share, ...], Meta(min_length=24, max_length=24)] = _BUSY
    starts_at_hour: Annotated[float, Meta(ge=0, lt=24)] = 10.0
    session_s: Annotated[float, Meta(ge=30, le=7200)] = 430.0
    chunk_s: Annotated[float, Meta(ge=1, le=600)] = 10.0
    early_share: Share = 0.08
    offline_every_h: Annotated[float, Meta(ge=0)] = 0.0
    offline_s: Annotated[float, Meta(gt=0)] = 120.0
    pool: Annotated[int, Meta(ge=1, le=1000)] = 24

    def site(self, number: int) -> str:
        """Site id of a room, counted from 0."""
        return f"{self.district}.{self.towns[number % len(self.towns)]}.{number // len(self.towns) + 1:04d}"

    def busy_at(self, elapsed_s: float) -> float:
        """Share of the rooms in session so long after the beginning."""
        return self.busy[int(self.starts_at_hour + elapsed_s / 3600) % 24]


def load(path: Path | None, name: str = DEFAULT) -> FleetProfile:
    """A profile out of a file; the defaults without one.

    Raises:
        ProfileError: naming file and field.
    """
    if path is None:
        return FleetProfile()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read ({error}); see benchmarks/profiles.toml for a start") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: not valid TOML: {error}") from None
    if name not in table:
        raise ProfileError(f"{path}: no profile {name!r}; there are {', '.join(table) or 'none'}")
    try:
        return msgspec.convert(table[name], FleetProfile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{path}: {name}: {error}") from None
