"""Which sites take a release first: 5 %, then 25 %, then all, by a hash of site and version.

The hash includes the version, so a site is not always the guinea pig; it needs no list, so a district and a room come
to the same answer. Shares grow: who is in a small one is in every larger one.
"""

import hashlib
from collections.abc import Iterable

from msgspec import Struct


class Wishes(Struct, frozen=True):
    """What people have decided about single sites.

    Attributes:
        canary: sites that are always among the first.
        hold: sites that take no release for now; it outweighs `canary`.
    """

    canary: frozenset[str] = frozenset()
    hold: frozenset[str] = frozenset()


def position(site: str, version: str) -> float:
    """Where a site stands in the queue for a version, in [0, 1): uniform, and independent between versions."""
    digest = hashlib.sha256(f"xinyi cohort 1\0{version}\0{site}".encode()).digest()
    return int.from_bytes(digest[:7]) / (1 << 56)


def is_member(site: str, version: str, per_cent: float, wishes: Wishes | None = None) -> bool:
    """Whether a site is among the first `per_cent` for a version."""
    wishes = wishes or Wishes()
    if site in wishes.hold:
        return False
    return (per_cent > 0 and site in wishes.canary) or position(site, version) * 100 < per_cent


def members(sites: Iterable[str], version: str, per_cent: float, wishes: Wishes | None = None) -> frozenset[str]:
    """The sites of a share. As long as any may take it at all, the first in the queue is there: somebody must begin."""
    wishes = wishes or Wishes()
    willing = {site for site in sites if site not in wishes.hold}
    found = frozenset(site for site in willing if is_member(site, version, per_cent, wishes))
    if found or not willing or per_cent <= 0:
        return found
    return frozenset({min(willing, key=lambda site: (position(site, version), site))})
