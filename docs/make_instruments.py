"""Writes the tables of `docs/instruments.md` from the data files, between its two markers.

    python docs/make_instruments.py [--check]

`--check` writes nothing and ends with 1 when the page is stale.
"""

import sys
from pathlib import Path

from care import risk
from care.instruments.facts import unverified
from care.instruments.loading import shipped
from care.instruments.model import Instrument, Scale

PAGE = Path(__file__).parent / "instruments.md"
BEGIN, END = "<!-- made by docs/make_instruments.py: begin -->", "<!-- end -->"


def tables() -> str:
    found = sorted(shipped().values(), key=lambda instrument: (not instrument.has_texts, instrument.key))
    lines = ["| key | instrument | items | bands of the main scale | risk items | LOINC | texts | licence |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    lines += [_row(instrument) for instrument in found]
    lines += ["", "What nobody has found in a published source yet:", ""]
    for instrument in found:
        lines += [f"- **{instrument.key}** {'; '.join(unverified(instrument)) or 'nothing'}"]
    return "\n".join(lines)


def _row(instrument: Instrument) -> str:
    scored = [item for item in instrument.items if item.kind == "scored"]
    total = next(scale for scale in instrument.scales if scale.key == "total")
    fires = [
        f"{rule.item} ≥ {rule.at_least} {rule.tier}" for rule in risk.load().item if rule.instrument == instrument.key
    ]
    texts = "a content pack"
    if instrument.has_texts:
        texts = f"zh {instrument.wording_zh.origin}, en {instrument.wording_en.origin}"
    cells = [
        instrument.key,
        f"{instrument.name_zh} {instrument.name_en}",
        f"{len(scored)} × {scored[0].values[0]}–{scored[0].values[-1]}",
        _bands(total) or ("the worst subscale" if "worst_scale" in instrument.rules else "none"),
        ", ".join(fires) or "–",
        instrument.loinc or "–",
        texts,
        f"{instrument.licence.terms}{' (permission on record)' if instrument.licence.needs_record else ''}",
    ]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _bands(scale: Scale) -> str:
    said = []
    for band in scale.bands:
        sex = f" ({band.sex})" if band.sex else ""
        said.append(f"{band.en} ≤ {band.to:g}{sex}" + ("" if band.checked == "published" else " *"))
    return ", ".join(said)


def main() -> int:
    """Write the page, or say whether it is of today."""
    text = PAGE.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    made = f"{head}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"
    if "--check" in sys.argv[1:]:
        if made != text:
            print("docs/instruments.md is stale; run python docs/make_instruments.py", file=sys.stderr)
        return int(made != text)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
