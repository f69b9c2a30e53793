"""What a session has gathered, as a pure function of its journal.

Live, every entry goes to the journal and through `Ledger.apply`; after a crash the same entries go through the same
function. So what is sent afterwards is what would have been sent: same beats, same labels, same chunks, same ids.
"""

from collections import deque
from uuid import UUID

from msgspec import Struct

from care.programme import Programme
from care.session import Action, Event, Session
from gateway.messages import BeatRow, EventRow, FeatureRow, GapRow, SessionChunk, SessionClosed, SessionOpened
from signals.rr import LabelledRR, LiveCorrector


class Opened(Struct, frozen=True, tag="opened"):
    """The session began.

    Attributes:
        record: id of the record of `body`.
        began_ns: room clock at session time 0.
        kernel: boot id of the machine, so that the clock is known to be the same one after a crash.
        began_by: who asked for it ("kiosk", "console"); "": not known.
    """

    record: UUID
    body: SessionOpened
    began_ns: int
    kernel: str
    began_by: str = ""


class Happened(Struct, frozen=True, tag="event"):
    """Input of the session machine."""

    event: Event


class Heard(Struct, frozen=True, tag="beat"):
    """A beat as it was heard, before its label is known; rr_ms None begins a new stretch."""

    t_ns: int
    rr_ms: float | None
    quality: float


class Stretch(Struct, frozen=True, tag="stretch"):
    """The stretch of beats ended; what waits for a label gets it now."""


class Measured(Struct, frozen=True, tag="feature"):
    row: FeatureRow


class Noted(Struct, frozen=True, tag="note"):
    row: EventRow


class Missing(Struct, frozen=True, tag="gap"):
    row: GapRow


class Cut(Struct, frozen=True, tag="cut"):
    """Everything released so far and not yet cut goes into chunk `number`, record `record`."""

    record: UUID
    number: int
    to_ns: int


class Closed(Struct, frozen=True, tag="closed"):
    record: UUID
    body: SessionClosed


Entry = Opened | Happened | Heard | Stretch | Measured | Noted | Missing | Cut | Closed


class Ledger:
    """Applies entries in order and holds the result.

    Attributes:
        session: the state machine, after all events so far.
        beats: all labelled beats.
        chunks: how many chunks were cut.
        last_data_ns: session time of the newest beat or feature.
    """

    def __init__(self, programme: Programme) -> None:
        self.session = Session(programme)
        self.opened: Opened | None = None
        self.closed: Closed | None = None
        self.beats: list[BeatRow] = []
        self.features: list[FeatureRow] = []
        self.events: list[EventRow] = []
        self.gaps: list[GapRow] = []
        self.chunks = 0
        self.last_data_ns = 0
        self.last_ns = 0
        self._corrector = LiveCorrector()
        self._waiting: deque[Heard] = deque()
        self._taken = (0, 0, 0, 0)
        self._cut_ns = 0
        self.fresh: list[tuple[BeatRow, LabelledRR | None]] = []
        """Beats labelled by the last `apply`, with what the corrector made of their interval."""
        self.actions: list[Action] = []
        """What the session machine asked for in the last `apply`."""

    @property
    def waiting(self) -> list[Heard]:
        """Beats that have no label yet, at most a few."""
        return list(self._waiting)

    def apply(self, entry: Entry) -> SessionChunk | None:
        """Take an entry; a `Cut` gives the chunk that it cut."""
        self.fresh, self.actions = [], []
        match entry:
            case Opened():
                self.opened = entry
            case Happened():
                self.last_ns = max(self.last_ns, entry.event.t_ns)
                self.actions = self.session.advance(entry.event)
            case Heard():
                self._hear(entry)
            case Stretch():
                self._release(self._corrector.flush())
                self._corrector.gap()
            case Measured():
                self.features.append(entry.row)
                self.last_ns = max(self.last_ns, entry.row.t_ns)
            case Noted():
                self.events.append(entry.row)
                self.last_ns = max(self.last_ns, entry.row.t_ns)
            case Missing():
                self.gaps.append(entry.row)
                self.last_data_ns = max(self.last_data_ns, entry.row.to_ns)
            case Cut():
                return self._cut(entry)
            case Closed():
                self.closed = entry
        return None

    def _hear(self, heard: Heard) -> None:
        self.last_data_ns = max(self.last_data_ns, heard.t_ns)
        self.last_ns = max(self.last_ns, heard.t_ns)
        if heard.rr_ms is None:
            self._release(self._corrector.flush())
            self._corrector.gap()
            row = BeatRow(heard.t_ns, None, "first", heard.quality)
            self.beats.append(row)
            self.fresh.append((row, None))
            return
        self._waiting.append(heard)
        self._release(self._corrector.push(heard.rr_ms))

    def _release(self, labelled: list[LabelledRR]) -> None:
        for interval in labelled:
            heard = self._waiting.popleft()
            row = BeatRow(heard.t_ns, heard.rr_ms, str(interval.label), heard.quality)
            self.beats.append(row)
            self.fresh.append((row, interval))

    def _cut(self, cut: Cut) -> SessionChunk:
        assert self.opened
        beats, features, events, gaps = self._taken
        chunk = SessionChunk(
            session=self.opened.body.session,
            number=cut.number,
            from_ns=self._cut_ns,
            to_ns=cut.to_ns,
            beats=self.beats[beats:],
            features=self.features[features:],
            events=self.events[events:],
            gaps=self.gaps[gaps:],
        )
        self._taken = (len(self.beats), len(self.features), len(self.events), len(self.gaps))
        self._cut_ns = cut.to_ns
        self.chunks = cut.number
        return chunk
