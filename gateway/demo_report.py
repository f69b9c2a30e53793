"""What a demonstration says at the end, out of its store and its outbox: figures, and whether everything arrived."""

from pathlib import Path

import msgspec

from gateway.config import Config
from gateway.errors import StoreError
from gateway.keys import Keyring
from gateway.outbox import Outbox
from gateway.services import open_store, read_session, session_figures


class Report(msgspec.Struct, frozen=True):
    """The one JSON line at the end. `record time = session time + replay_offset_s`."""

    session_id: str
    beats_stored: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None
    records_sent: int
    records_receipted: int
    replay_offset_s: float | None
    store: str
    first_beat_s: float | None = None
    """Wall seconds from the start of the demonstration to the first live beat on the page."""

    def problem(self, folder: Path) -> str:
        """What is not as it should be after a session that came to its end, in one line, or ""."""
        waiting = self.records_sent - self.records_receipted
        if waiting:
            return f"{waiting} records are not stored yet; they wait in {folder / 'outbox.sqlite'}"
        if not self.beats_stored:
            return f"no heart beat was heard in the whole session; see the logs in {folder / 'logs'}"
        return ""


def report_of(config: Config, session: str, first_beat_s: float | None) -> Report:
    """The report of a session, after the processes of its site have ended.

    Raises:
        StoreError: nothing of it is stored.
    """
    keyring = Keyring.open(config.data / "keys", create=False)
    with (
        Outbox(config.data / "outbox.sqlite", keyring, site=config.site.id, producer="room", boot="report") as outbox,
        open_store(config.data) as store,
    ):
        stored = read_session(store, session)
        figures = session_figures(stored)
        counts = outbox.counts(stored.session)
        return Report(
            session_id=session,
            beats_stored=figures.beats_stored,
            mean_hr_bpm=figures.mean_hr_bpm,
            rmssd_ms=figures.rmssd_ms,
            artefact_share=figures.artefact_share,
            records_sent=counts.put,
            records_receipted=counts.receipted,
            replay_offset_s=figures.replay_offset_s,
            store=config.store,
            first_beat_s=None if first_beat_s is None else round(first_beat_s, 2),
        )


def is_stored(config: Config, session: str) -> bool:
    """Whether the store holds the whole session by now."""
    try:
        with open_store(config.data) as store:
            return read_session(store, session).complete
    except StoreError:
        return False
