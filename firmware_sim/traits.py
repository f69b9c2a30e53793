"""What can be said of a simulated person before they sit down. The defaults are a calm adult of 35 who does as asked.

Every field can stand in a scenario file (`docs/simulator.md`); sizes of the effects and their sources are where they
are computed: `person.py`, `breath.py`, `rhythm.py`, `movement.py`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
PerMinute = Annotated[float, Meta(ge=0, le=60)]


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person.

    Attributes:
        age_years: the breath moves an older heart less, and it cannot beat as fast.
        resting_rr_ms: heart period when they arrive and are not stressed.
        breaths_per_min: left to themselves.
        stress: 0 none … 1 as much as a difficult conversation: faster heart, less variation, wet and cold skin.
        stress_later: what it settles to; not named, it stays.
        stress_settles_s: how long that takes (time constant).
        compliance: of breathing with a pace, 0 not at all … 1 as well as anyone.
        follows_after_s: from the moment they first feel the pace until they try.
        sighs_per_hour: breaths of double depth; healthy people sigh about 12 times an hour.
        cold_hands: 0 warm … 1 ice-cold: hardly a pulse at the finger.
        moves_per_min: fidgeting that shows in every sensor.
        pvc_per_min: premature ventricular beats.
        pac_per_min: premature atrial beats.
        missed_per_min: beats that do not come.
        af: in atrial fibrillation from the start.
        af_every_s: mean time between episodes of atrial fibrillation; 0 none.
        af_lasting_s: mean length of an episode.
    """

    age_years: Annotated[float, Meta(ge=10, le=105)] = 35.0
    resting_rr_ms: Annotated[float, Meta(ge=300, le=2400)] = 810.0
    breaths_per_min: Annotated[float, Meta(ge=4, le=40)] = 14.0
    stress: Share = 0.0
    stress_later: Share | None = None
    stress_settles_s: Annotated[float, Meta(gt=0)] = 300.0
    compliance: Share = 1.0
    follows_after_s: Annotated[float, Meta(ge=0)] = 0.0
    sighs_per_hour: Annotated[float, Meta(ge=0, le=600)] = 0.0
    cold_hands: Share = 0.0
    moves_per_min: PerMinute = 0.0
    pvc_per_min: PerMinute = 0.0
    pac_per_min: PerMinute = 0.0
    missed_per_min: PerMinute = 0.0
    af: bool = False
    af_every_s: Annotated[float, Meta(ge=0)] = 0.0
    af_lasting_s: Annotated[float, Meta(gt=0)] = 120.0
