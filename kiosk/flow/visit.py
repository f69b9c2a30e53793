"""All that one person has said and chosen. It is thrown away whole when they go, and nothing else holds any of it."""

from dataclasses import dataclass, field
from uuid import UUID

from care.instruments.model import Instrument, Score
from care.routes import Person
from care.sitting import Sitting
from gateway.counter.messages import AlertAnswer, AppointmentPoint, TrendPoint
from kiosk.flow.places import Place
from kiosk.texts import Language

CONSENTS = ("test", "keep", "see")
"""Answering questions at all; keeping a file under a code; the counsellor may see the answers."""

AGES = ("under14", "14-17", "18-59", "60+")


@dataclass(frozen=True, slots=True)
class Answered:
    """One sitting that is over. `tier` is for staff and for the next step, never for the screen."""

    instrument: Instrument
    score: Score
    tier: str


@dataclass(slots=True)
class Open:
    """The sitting that is under way.

    Attributes:
        id: of the assessment.
        choice: marked on the screen and not confirmed yet.
        chosen_s: when it was marked.
        fired: item → the highest value for which a person was called already.
    """

    id: UUID
    sitting: Sitting
    began_utc_ns: int
    choice: int | None = None
    chosen_s: float = 0.0
    fired: dict[str, int] = field(default_factory=dict)
    version: int = 0

    @property
    def instrument(self) -> Instrument:
        return self.sitting.instrument


@dataclass(slots=True)
class Called:
    """The alert that was raised for this person.

    Attributes:
        alert: its id.
        tier: how urgent it is.
        cause: a risk answer, a score, or the button.
        raised_s: when, on the face's own clock.
        steps: how many this kiosk has written.
        standing: what the centre says of it; None until it has said anything.
        heard_s: when it last said so.
        mistaken: the person has said that it was pressed by mistake.
    """

    alert: UUID
    tier: str
    cause: str
    raised_s: float
    steps: int = 1
    standing: AlertAnswer | None = None
    heard_s: float = 0.0
    mistaken: bool = False

    @property
    def waits(self) -> bool:
        """Nobody has taken it on yet, and nobody has taken it back."""
        answered = self.standing is not None and self.standing.status in {"acknowledged", "closed"}
        return not answered and not self.mistaken


@dataclass(slots=True)
class Visit:
    """One person's visit.

    Attributes:
        trail: the screens that lead back, the present one last.
        typed: what stands on a pad.
        note: why the present screen is shown again, a key of the texts.
        code: their code, once it is theirs; `drawn` before.
        file, appointments: what the centre has told about their code.
        quick: what follows is introduced without being chosen.
        chosen, began_s: what is read, heard or done now, and since when on the face's own clock.
        page: which page of a list or an article.
    """

    language: Language
    large: bool = False
    contrast: bool = False
    aloud: bool = False
    trail: list[Place] = field(default_factory=lambda: [Place.WELCOME])
    consents: set[str] = field(default_factory=set)
    age_band: str = ""
    typed: str = ""
    note: str = ""
    drawn: str = ""
    first_pin: str = ""
    code: str = ""
    file: list[TrendPoint] = field(default_factory=list)
    appointments: list[AppointmentPoint] = field(default_factory=list)
    asked_code: str = ""
    open: Open | None = None
    intro: str = ""
    quick: bool = False
    answered: list[Answered] = field(default_factory=list)
    called: Called | None = None
    page: int = 0
    chosen: str = ""
    began_s: float = 0.0
    booking: dict[str, str] = field(default_factory=dict)
    booked: str = ""
    printed: bool = False

    @property
    def place(self) -> Place:
        return self.trail[-1]

    @property
    def person(self) -> Person:
        return Person(age_band=self.age_band)

    def begun_again(self) -> "Visit":
        """The first screen for whoever stands there now: it looks as it was made to look, and knows nothing."""
        return Visit(self.language, self.large, self.contrast, self.aloud)

    def go(self, place: Place) -> None:
        """On to a screen; going where one has been already goes back there."""
        self.typed, self.note, self.page = "", "", 0
        if place in self.trail:
            del self.trail[self.trail.index(place) + 1 :]
        else:
            self.trail.append(place)

    def back(self) -> None:
        """To the screen before."""
        self.typed, self.note, self.page = "", "", 0
        if len(self.trail) > 1:
            self.trail.pop()

    def home(self) -> None:
        """To the list of what there is to do, and nothing before it."""
        self.typed, self.note, self.page = "", "", 0
        self.trail = [Place.HOME]
