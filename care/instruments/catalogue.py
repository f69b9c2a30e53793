"""What is offered at this site today, and why the rest is not."""

from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from care.instruments import licences, reviews
from care.instruments.loading import shipped
from care.instruments.model import Instrument
from care.instruments.packs import load_all


class Catalogue(Struct, frozen=True):
    """What may be shown.

    Attributes:
        offered: key → instrument, with texts and a valid licence. For screens: a centre scores by `loading.shipped()`,
            which knows every item.
        refused: key (or file name of a content pack that cannot be read) → why not, in one line.
        watermark: offered in the demonstration only: no reviewer has signed these texts.
    """

    offered: dict[str, Instrument]
    refused: dict[str, str]
    watermark: set[str]


def catalogue(packs: Path | None, reviewed: Path | None, today: date, *, demonstration: bool = False) -> Catalogue:
    """What is offered.

    Args:
        packs: content packs of the site.
        reviewed: signatures of the site's reviewers.
        today: the day at the site.
        demonstration: wording of our own is shown unsigned, under a watermark.
    """
    brought, refused = load_all(packs)
    offered: dict[str, Instrument] = {}
    watermark: set[str] = set()
    for key, instrument in (shipped() | brought).items():
        if key in refused:
            continue
        if why := licences.problem(instrument, today) or ("" if instrument.has_texts else "it has no texts"):
            refused[key] = why
            continue
        unsigned = reviews.problem(instrument, reviewed)
        if unsigned and instrument.is_ours:
            if not demonstration:
                refused[key] = unsigned
                continue
            watermark.add(key)
        shown = [item for item in instrument.items if not (unsigned and item.ours)]
        offered[key] = replace(instrument, items=shown)
    return Catalogue(offered, refused, watermark)
