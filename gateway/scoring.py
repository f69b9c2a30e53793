"""The centre scores every sitting again from its raw answers, and believes itself.

What a kiosk said of the result is compared and kept as an incident where it differs: somebody changed a record, or two
programs do not agree. A questionnaire that this centre does not know (yet) keeps what the kiosk said, marked unscored,
until it does (`gateway/keeping/rescore.py`). Tiers are compared only where both judged by one version of the rules.
"""

import math
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from care import risk
from care.instruments import packs
from care.instruments.loading import shipped
from care.instruments.model import AnswersError, Instrument
from care.instruments.scoring import score
from gateway import tables as t
from gateway.keys import Keyring
from gateway.messages import Assessment
from gateway.sealing import of_incident
from gateway.upsert import insert_new

ANSWERS = "answers"
"""What an incident says when there are answers that the questionnaire cannot have."""


class Difference(Struct, frozen=True):
    """One thing that the kiosk said and the centre found otherwise; never an answer."""

    name: str
    said: str
    found: str


class Verdict(NamedTuple):
    """What the answers of a sitting come to here, and where the kiosk said something else."""

    complete: bool
    score: float | None
    band: str
    tier: str
    rules_version: int
    differences: tuple[Difference, ...]

    @property
    def columns(self) -> dict[str, Any]:
        """The same for the table of assessments."""
        named = {name: getattr(self, name) for name in ("complete", "score", "band", "tier", "rules_version")}
        return named | {"scored": True}


class Scorer:
    """What a centre knows of questionnaires and tiers; read when the first sitting comes.

    Args:
        packs_folder: content packs of the site, if it has some.
        rules_file: its own rules of tiers, if it has some.
    """

    def __init__(self, packs_folder: Path | None = None, rules_file: Path | None = None) -> None:
        self._packs_folder, self._rules_file = packs_folder, rules_file

    @cached_property
    def instruments(self) -> dict[tuple[str, int], Instrument]:
        """By key and version."""
        brought, _ = packs.load_all(self._packs_folder)
        return {(each.key, each.version): each for each in (shipped() | brought).values()}

    @property
    def known(self) -> set[tuple[str, int]]:
        """Keys and versions of the questionnaires that can be scored here."""
        return set(self.instruments)

    @cached_property
    def rules(self) -> risk.RiskRules:
        """Of tiers.

        Raises:
            DataError: the site's own file is not as it must be.
        """
        return risk.load(self._rules_file)

    def judge(self, said: Assessment) -> Verdict | None:
        """What a sitting comes to; None when this centre does not know the questionnaire in that version."""
        instrument = self.instruments.get((said.instrument, said.instrument_version))
        if instrument is None:
            return None
        rules = self.rules
        fired = risk.fired_by(rules, instrument.key, said.answers)
        try:
            found = score(instrument, said.answers, sex=said.sex)
        except AnswersError:
            wrong = Difference(ANSWERS, "", "")
            return Verdict(False, None, "", fired, rules.version, (wrong,))
        tier = risk.tier_of(rules, instrument.key, found, fired)
        verdict = Verdict(found.complete, found.values.get("total"), found.band, tier, rules.version, ())
        return verdict._replace(differences=tuple(_differences(said, verdict)))


def _differences(said: Assessment, found: Verdict) -> list[Difference]:
    names = ["tier"] if said.rules_version == found.rules_version else []
    if said.complete or said.band or said.score is not None:  # else somebody left at the end, and was shown no result
        names += ["complete", "band", "score"]
    differ = [name for name in names if not _same(getattr(said, name), getattr(found, name))]
    return [Difference(name, str(getattr(said, name)), str(getattr(found, name))) for name in sorted(differ)]


def _same(said: float | str | None, found: float | str | None) -> bool:
    if isinstance(said, float) and isinstance(found, float):
        return math.isclose(said, found, rel_tol=1e-9, abs_tol=1e-9)
    return said == found


def note_incident(
    db: sa.Connection, keyring: Keyring, record: UUID, site: str, differences: tuple[Difference, ...], now_utc_ns: int
) -> None:
    """Keep what differs of a sitting, once."""
    values = {
        "id": record,
        "what": "score",
        "site": site,
        "reason": ", ".join(each.name for each in differences),
        "noticed_utc_ns": now_utc_ns,
        "body": keyring.seal(msgspec.msgpack.encode(differences), of_incident(record)),
    }
    db.execute(insert_new(db, t.incidents).values(values))
