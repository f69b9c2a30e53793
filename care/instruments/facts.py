"""What about an instrument nobody has found in a published source: shown to reviewers, and in docs/instruments.md."""

from care.instruments.model import Instrument


def unverified(instrument: Instrument) -> list[str]:
    """What is only general knowledge, or wording that was compared with nothing, a line each."""
    said = []
    if instrument.licence.checked != "published":
        said.append(f"licence: {instrument.licence.terms}")
    for scale in instrument.scales:
        names = [band for band in scale.bands if band.checked != "published"]
        said += [f"{scale.en}: {band.en} up to {band.to:g}" + (f" ({band.sex})" if band.sex else "") for band in names]
    said += [fact.about for fact in instrument.facts if fact.checked != "published"]
    said += [f"{item.id} is in words of ours, left out until it is signed" for item in instrument.items if item.ours]
    if instrument.has_texts:
        for language, wording in (("Chinese", instrument.wording_zh), ("English", instrument.wording_en)):
            if wording.origin == "ours":
                said.append(f"{language} wording is ours: {wording.source}")
            elif wording.compared != "original":
                said.append(f"{language} wording was compared with {wording.compared} only")
    return said
