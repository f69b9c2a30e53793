"""What can be said at the end of a session, from its ledger alone."""

from statistics import median

from care.programme import SegmentKind
from gateway.figures import beat_figures
from gateway.messages import FeatureRow, SessionClosed
from gateway.room.ledger import Ledger

FEWEST_BEATS = 20
MOST_ARTEFACTS = 0.2


def summarise(ledger: Ledger) -> SessionClosed:
    """The closing record, without numbers of the heart where too few beats or too many artefacts are behind them."""
    assert ledger.opened
    figures = beat_figures(ledger.beats)
    shaky = figures.beats < FEWEST_BEATS or (figures.artefact_share or 0.0) > MOST_ARTEFACTS
    relaxation = _last(ledger, "relaxation")
    low, high = _last(ledger, "relaxation_low"), _last(ledger, "relaxation_high")
    replay = next((row for row in reversed(ledger.events) if row.code == "replay_started"), None)
    return SessionClosed(
        session=ledger.opened.body.session,
        ended_ns=ledger.session.now_ns,
        outcome=str(ledger.session.outcome or ""),
        chunks=ledger.chunks,
        beats=figures.beats,
        mean_hr_bpm=None if shaky else figures.mean_hr_bpm,
        rmssd_ms=None if shaky else figures.rmssd_ms,
        artefact_share=figures.artefact_share,
        relaxation=relaxation.value if relaxation else None,
        relaxation_low=low.value if low else None,
        relaxation_high=high.value if high else None,
        relaxation_reason=relaxation.reason if relaxation else "",
        replay_record=replay.detail if replay else "",
        replay_offset_s=replay.value if replay else None,
    )


def paced_coherence(ledger: Ledger) -> float | None:
    """Median share of the peak over the paced part, %; None where it was never measured."""
    paced = {s.key for s in ledger.session.programme.segment if s.kind is SegmentKind.PACED}
    spans: list[tuple[int, int]] = []
    for row in ledger.events:
        if row.code == "segment_began":
            if spans and spans[-1][1] < 0:
                spans[-1] = (spans[-1][0], row.t_ns)
            if row.detail in paced:
                spans.append((row.t_ns, -1))
    values = [
        row.value
        for row in ledger.features
        if row.name == "coherence"
        and row.value is not None
        and any(low <= row.t_ns and (high < 0 or row.t_ns < high) for low, high in spans)
    ]
    return round(median(values), 1) if values else None


def _last(ledger: Ledger, name: str) -> FeatureRow | None:
    return next((row for row in reversed(ledger.features) if row.name == name), None)
