"""What this kiosk has: instruments, rules, pieces, numbers; and the few things that a flow may not make itself (time,
ids, chance), so that a test can give them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from care.exercises import Exercise
from care.handoff import Handoff
from care.hotlines import Hotline
from care.instruments.catalogue import Catalogue
from care.instruments.model import Instrument
from care.library import Piece
from care.risk import RiskRules
from care.routes import Route
from kiosk.texts import Language


@dataclass(slots=True)
class House:
    """All of it. `pieces` may change while the kiosk runs: the centre sends new ones.

    Attributes:
        language: that the kiosk starts in and goes back to.
        seat: what a pager says of where the person is.
        level: of this site, "room".
        zone: of its days.
        site_name: as residents know it.
        sounds: keys of the soundscapes that are there; none on a machine without sound.
        speaks: it can read aloud into a headset.
        printer: there is one for slips.
        maintenance: whether these digits are the maintenance PIN, asked at that second; None: there is none.
        utc_ns: the wall clock.
        new_id: a fresh id.
        new_code: a fresh code.
    """

    language: Language
    seat: str
    level: str
    zone: str
    catalogue: Catalogue
    risk: RiskRules
    route: Route
    handoff: Handoff
    hotlines: list[Hotline]
    pieces: list[Piece]
    exercises: Mapping[str, Exercise]
    utc_ns: Callable[[], int]
    new_id: Callable[[], UUID]
    new_code: Callable[[], str]
    site_name: str = ""
    sounds: list[str] = field(default_factory=list)
    speaks: bool = False
    printer: bool = False
    maintenance: Callable[[str, float], bool] | None = None
    demonstration: bool = False

    def instrument(self, key: str) -> Instrument:
        return self.catalogue.offered[key]

    def piece(self, key: str) -> Piece | None:
        return next((piece for piece in self.pieces if piece.key == key), None)
