"""Settings of a site below, sent from here; what may be set from above is a list (`gateway/settings_above.py`)."""

import time
from collections.abc import Mapping

from gateway.arrivals import within
from gateway.config import SECTIONS
from gateway.documents import newest
from gateway.errors import NotAllowed
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import RecordKind, SiteSettings
from gateway.settings_above import Value, changed, sort

__all__ = ["send_settings"]


def send_settings(place: Place, changes: Mapping[str, Value | None], target: str, actor: str) -> bool:
    """Change settings of a site below; what else was set there from here stays. Whether there was anything to send.

    Args:
        place: this site.
        changes: key → value, or None where the site's own file shall count again.
        target: the site.
        actor: who does it.

    Raises:
        NotAllowed: the site is not below this one, or a key may not be set from above.
        StoreError: nothing was stored.
    """
    if target == place.site or not within(target, place.site):
        raise NotAllowed(target, f"is not below {place.site}", "name a site below this one")
    refused = sort({key: value for key, value in changes.items() if value is not None}, SECTIONS).refused
    for key, why in refused.items():
        raise NotAllowed(key, why, "set it in the xinyi.toml of that site")
    with place.reading() as rows:
        last = newest(rows, RecordKind.SITE_SETTINGS, target)
    now = time.time_ns()
    settings = changed(last.body if last and isinstance(last.body, SiteSettings) else None, changes, now)
    if settings is None:
        return False
    note(place.data, place.keyring(), actor, "site.settings", target, ", ".join(sorted(changes)))
    have_stored(place, [settings], now, target=target)
    return True
