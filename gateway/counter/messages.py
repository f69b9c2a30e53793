"""What is asked at the centre's counter, and what is answered: structs only, so that a face may know them.

On the socket they travel as `Asked` and `Told` (4-byte length, msgpack; `gateway/socket.py`). Nobody but processes of
this machine's user gets there, and nothing of it is kept by whoever asks.
"""

from uuid import UUID

from msgspec import Struct

from gateway.messages import LibraryPiece, Receipt


class AlertStanding(Struct, frozen=True, tag="alert_standing"):
    """How does an alert stand?"""

    alert: UUID


class WhoIsOnDuty(Struct, frozen=True, tag="who_is_on_duty"):
    """Is anybody on duty at this site now?"""


class OpenFile(Struct, frozen=True, tag="open_file"):
    """The owner of a code wants to see their file. `code` and `pin` as they were typed, normalised."""

    code: str
    pin: str


class OpenAppointments(Struct, frozen=True, tag="open_appointments"):
    """What became of what this person asked for? Answered only a few minutes after their file was opened here."""

    subject: str


class Library(Struct, frozen=True, tag="library"):
    """Which pieces stand for this site beyond those that the face has? `have`: piece key → version."""

    have: dict[str, int]


class HandIn(Struct, frozen=True, tag="hand_in"):
    """Store this envelope (msgpack of `Envelope`) as if the broker had brought it from `producer`."""

    producer: str
    envelope: bytes


Question = AlertStanding | WhoIsOnDuty | OpenFile | OpenAppointments | Library | HandIn


class AlertAnswer(Struct, frozen=True, tag="alert"):
    """How an alert stands.

    Attributes:
        known: its first step is stored at the centre; everything else means nothing without it.
        status: "open", "acknowledged" or "closed".
        level: the highest level that was called: "room", "town", "district".
        owner: name of whoever took it on, for residents; only of people of the site's roster, else "".
        owner_level: where they answer; "" while nobody has.
        told: somebody can have learned of it: a pager got through, a screen shows it now, people are on duty.
        delivered: False while the level above is known not to have been reached, and where there is none.
        acknowledged_utc_ns: when somebody took it on.
        next_level, next_deadline_utc_ns: who is called next, and when, unless somebody takes it on; "" and None when
            nobody is left to call.
    """

    known: bool
    status: str = ""
    level: str = ""
    owner: str = ""
    delivered: bool = True
    acknowledged_utc_ns: int | None = None
    next_level: str = ""
    next_deadline_utc_ns: int | None = None
    owner_level: str = ""
    told: bool = False


class DutyAnswer(Struct, frozen=True, tag="duty"):
    """Who is on duty.

    Attributes:
        known: somebody has ever sent a roster.
        people: how many are on duty now.
        until_utc_ns: when the last of them goes; None when there is nobody.
        next_utc_ns: when the next shift begins, if there is one.
    """

    known: bool
    people: int = 0
    until_utc_ns: int | None = None
    next_utc_ns: int | None = None


class TrendPoint(Struct, frozen=True):
    """One sitting: the day (of the site's time zone), which questionnaire, and its band ("" unless it is complete)."""

    day: str
    ended_utc_ns: int
    instrument: str
    instrument_version: int
    complete: bool
    band: str


class FileAnswer(Struct, frozen=True, tag="file"):
    """A file, or why it stays closed.

    Attributes:
        outcome: "ok"; "wrong": code and PIN do not belong together, and nobody says which of them is wrong;
            "locked": too many wrong ones.
        retry_s: with "locked", after how many seconds it is looked at again.
        subject: the code, for what is put down of this person from now on.
        trend: their sittings at this site, oldest first.
    """

    outcome: str
    retry_s: int = 0
    subject: str = ""
    age_band: str = ""
    language: str = ""
    opened_utc_ns: int = 0
    trend: list[TrendPoint] = []


class AppointmentPoint(Struct, frozen=True):
    """Something that was asked for: "asked", "offered", "confirmed" or "cancelled", and when it is to be."""

    appointment: UUID
    state: str
    at_utc_ns: int | None


class AppointmentsAnswer(Struct, frozen=True, tag="appointments"):
    """`ok` False: the file is not open here. The newest first."""

    ok: bool
    appointments: list[AppointmentPoint] = []


class LibraryAnswer(Struct, frozen=True, tag="library"):
    """Newer pieces, and the keys of those that are withdrawn here; `more`: ask again, with these among yours."""

    pieces: list[LibraryPiece]
    withdrawn: list[str]
    more: bool = False


class HandedIn(Struct, frozen=True, tag="handed_in"):
    """The receipt: these records are durable at this level."""

    receipt: Receipt


class NotNow(Struct, frozen=True, tag="not_now"):
    """The centre cannot answer: its store does not, or it does not understand; one line for the log."""

    reason: str


Answer = AlertAnswer | DutyAnswer | FileAnswer | AppointmentsAnswer | LibraryAnswer | HandedIn | NotNow


class Asked(Struct, frozen=True):
    """`actor`: who asks, for the audit ("kiosk-1")."""

    id: int
    actor: str
    question: Question


class Told(Struct, frozen=True):
    """The answer to the question of the same id."""

    id: int
    answer: Answer
