"""Somebody beside the simulated chairs who does what a person has to: a chair that stopped is looked at, then reset.

A demonstration has nobody at the chair; without this no stop on the console could ever be released again. As in a real
room, the release itself stays with the counsellor.
"""

from typing import TYPE_CHECKING

from devices.clock import Clock

if TYPE_CHECKING:
    from firmware_sim.site import Site

LOOKS_S = 4.0
"""How long somebody takes to come and look."""
_GLANCE_S = 0.5


async def attend(site: "Site", clock: Clock) -> None:
    """Until cancelled: press the reset of a chair that has been stopped for a while, once its cause is gone."""
    since_ns: dict[str, int] = {}
    while True:
        await clock.sleep(_GLANCE_S)
        for name, twin in site.twins.items():
            guard = getattr(twin.firmware, "guard", None)
            if guard is None or not guard.stopped or guard.cleared or guard.button_in or guard.present:
                since_ns.pop(name, None)
            elif clock.now_ns() - since_ns.setdefault(name, clock.now_ns()) >= LOOKS_S * 1e9:
                site.act("reset", {"device": name})
