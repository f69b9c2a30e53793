"""From a data file to a checked instrument. What a type cannot say is checked here, and said with file and line.

The file says less than the instrument holds: the first answer list is everybody's, a scale without items is all scored
items, a band's source is its scale's. `numbered = 90` stands for ninety items whose texts are not ours to ship.
"""

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

from care.instruments.form import File, FileItem
from care.instruments.model import (
    Band,
    Instrument,
    Item,
    Option,
    Scale,
    Term,
    Wording,
    Words,
)
from care.instruments.rules import INSTRUMENT_RULES, SCALE_RULES
from care.located import Located, read

FOLDER = "care/instruments/data"


def shipped() -> dict[str, Instrument]:
    """Every instrument whose key ships with us, with its texts or without, by key."""
    return dict(_shipped())


@cache
def _shipped() -> dict[str, Instrument]:
    found = sorted(files("care.instruments").joinpath("data").iterdir(), key=lambda file: file.name)
    texts = {file.name: file.read_text("utf-8") for file in found if file.name.endswith(".toml")}
    loaded = [parse(text, f"{FOLDER}/{name}") for name, text in texts.items()]
    return {instrument.key: instrument for instrument in loaded}


def parse(text: str, name: str) -> Instrument:
    """An instrument out of TOML text; `name` is where the text is from.

    Raises:
        DataError: the first thing that is not as it must be, with file and line.
    """
    file = read(text, name, File)
    items = _items(file)
    scales = [_scale(file, number, items) for number in range(len(file.value.scale))]
    said = file.value
    instrument = Instrument(
        key=said.key,
        version=said.version,
        title_zh=said.title_zh,
        title_en=said.title_en,
        name_zh=said.name_zh,
        name_en=said.name_en,
        stem_zh=said.stem_zh,
        stem_en=said.stem_en,
        minutes=said.minutes,
        age_from=said.age_from,
        age_to=said.age_to,
        informant=said.informant,
        unattended=said.unattended,
        items=items,
        gate=next((item.id for item in items if item.kind == "gate"), ""),
        opens=said.opens,
        scales=scales,
        words=[Words(*(getattr(words, field) for field in Words.__struct_fields__)) for words in said.words],
        rules=said.rules,
        licence=said.licence,
        wording_zh=said.wording.zh if said.wording else _NO_WORDING,
        wording_en=said.wording.en if said.wording else _NO_WORDING,
        facts=said.fact,
        loinc=said.loinc,
        has_texts=said.wording is not None,
    )
    for field, problem in _faults(said, instrument):
        raise file.at(field, problem)
    return instrument


_NO_WORDING = Wording("published", "a content pack brings the texts")


def _items(file: Located[File]) -> list[Item]:
    said = file.value
    lists = {answers.name: answers for answers in said.answers}
    own = {item.id: number for number, item in enumerate(said.item)}
    order = [str(number) for number in range(1, said.numbered + 1)]
    order += [item.id for item in said.item if item.id not in order]
    items = []
    for name in order:
        at = f"item[{own[name]}]" if name in own else "numbered"
        item = said.item[own[name]] if name in own else FileItem(name)
        answers = lists.get(item.answers or said.answers[0].name)
        if answers is None:
            raise file.at(f"{at}.answers", f"there is no answer list {item.answers!r}; there are: {', '.join(lists)}")
        values = sorted(choice.value for choice in answers.choices)
        if len(set(values)) != len(values):
            raise file.at(f"answers[{said.answers.index(answers)}]", "two options have the same value")
        options = [Option(choice.value, choice.zh, choice.en, choice.loinc) for choice in answers.choices]
        items.append(
            Item(
                f"{said.key}.{name}",
                item.zh,
                item.en,
                options,
                item.kind,
                item.risk,
                item.ours,
                item.loinc,
                tuple(values),
            )
        )
    if len(own) != len(said.item):
        raise file.at("item", "two items have the same id")
    if not items:
        raise file.at("numbered", "there is no item")
    return items


def _scale(file: Located[File], number: int, items: list[Item]) -> Scale:
    said = file.value.scale[number]
    at = f"scale[{number}]"
    by_id = {item.id: item for item in items}
    names = [f"{file.value.key}.{name}" for name in _spread(file, f"{at}.items", said.items)]
    names = names or [item.id for item in items if item.kind == "scored"]
    turned = {f"{file.value.key}.{name}" for name in said.reverse}
    for field, wanted in (("items", names), ("reverse", sorted(turned))):
        for name in wanted:
            if name not in by_id or by_id[name].kind != "scored" or (field == "reverse" and name not in names):
                raise file.at(f"{at}.{field}", f"{name.partition('.')[2]} is not a scored item of this scale")
    if said.rule and said.rule not in SCALE_RULES:
        raise file.at(f"{at}.rule", f"there is no rule {said.rule!r}; there are: {', '.join(SCALE_RULES)}")
    terms = [Term(name, by_id[name].values[0] + by_id[name].values[-1] if name in turned else None) for name in names]
    bands = [
        Band(
            band.key,
            band.to,
            band.zh,
            band.en,
            band.positive,
            band.sex,
            band.source or said.source,
            band.population or said.population,
            band.checked or said.checked,
        )
        for band in said.band
    ]
    for index, band in enumerate(bands):
        if not (band.source and band.population):
            raise file.at(f"{at}.band[{index}]", "a band needs a source and a population, here or at its scale")
    made = Scale(
        said.key, said.zh, said.en, terms, said.form, said.at_least, said.multiply, said.rule, bands, said.loinc
    )
    for sex in {band.sex for band in bands}:
        edges = [(index, band.to) for index, band in enumerate(bands) if band.sex == sex]
        top = highest(made, by_id)
        for (_, below), (index, above) in pairwise(edges):
            if above <= below:
                raise file.at(f"{at}.band[{index}].to", f"must be above {below:g}, where the band before it ends")
        if edges[-1][1] != top:
            raise file.at(f"{at}.band[{edges[-1][0]}].to", f"the last band must end at {top:g}, the highest score")
    if bands and not any(not band.sex for band in bands):
        raise file.at(f"{at}.band", "some bands must hold for people whose sex is not said")
    return made


def highest(scale: Scale, items: dict[str, Item]) -> float:
    """The highest value that a scale can have."""
    if scale.form == "count":
        return float(len(scale.terms))
    tops = [
        items[term.item].values[-1] if term.turned is None else term.turned - items[term.item].values[0]
        for term in scale.terms
    ]
    top = float(sum(tops)) / (len(tops) if scale.form == "mean" else 1) * scale.multiply
    return SCALE_RULES[scale.rule](top) if scale.rule else top


def _spread(file: Located[File], field: str, said: list[int | str]) -> list[str]:
    """Items of a scale: 7, "16-25", or "81-99/2" for every second one."""
    names: list[str] = []
    for part in said:
        found = re.fullmatch(r"(\d+)-(\d+)(?:/(\d+))?", str(part))
        if found:
            names += [str(number) for number in range(int(found[1]), int(found[2]) + 1, int(found[3] or 1))]
        else:
            names.append(str(part))
    if len(set(names)) != len(names):
        raise file.at(field, "an item is there twice")
    return names


def _faults(said: File, instrument: Instrument) -> list[tuple[str, str]]:
    """What a type cannot say: (field, what is wrong)."""
    faults: list[tuple[str, str]] = []
    keys = [scale.key for scale in said.scale]
    if "total" not in keys or len(set(keys)) != len(keys):
        faults.append(("scale", 'the main scale is called "total", and every scale has a name of its own'))
    faults += [
        ("rules", f"there is no rule {rule!r}; there are: {', '.join(INSTRUMENT_RULES)}")
        for rule in said.rules
        if rule not in INSTRUMENT_RULES
    ]
    for number, item in enumerate(said.item):
        if item.ours and item.kind != "function":
            faults.append((f"item[{number}].ours", "only an item that is not scored can be ours alone: see wording"))
    if sum(item.kind == "gate" for item in instrument.items) > 1:
        faults.append(("item", "only one item can be a gate"))
    if instrument.age_to is not None and instrument.age_to < instrument.age_from:
        faults.append(("age_to", "is below age_from"))
    if instrument.unattended and instrument.age_from < 14:
        faults.append(("unattended", "nobody under 14 does a self-test unattended: set it to false"))
    wanted = main_bands(instrument)
    for number, words in enumerate(said.words):
        if words.band not in wanted:
            faults.append((f"words[{number}].band", f"the main scale has no band {words.band!r}"))
    faults += [
        ("words", f"no words for the band {key!r}")
        for key in wanted
        if [words.band for words in said.words].count(key) != 1
    ]
    if said.wording:
        faults += _gaps(said)
    return faults


def main_bands(instrument: Instrument) -> list[str]:
    """The bands that residents can be told of: the main scale's; where it has none, those its rule takes over."""
    total = next((scale for scale in instrument.scales if scale.key == "total"), instrument.scales[0])
    found = total.bands
    if not found and "worst_scale" in instrument.rules:
        found = [band for scale in instrument.scales for band in scale.bands]
    return list(dict.fromkeys(band.key for band in found)) or [""]


def _gaps(said: File) -> list[tuple[str, str]]:
    """An instrument with texts has them all, in both languages."""
    gaps = [
        (f"item[{number}].{language}", "has no text")
        for number, item in enumerate(said.item)
        for language in ("zh", "en")
        if not getattr(item, language)
    ]
    gaps += [
        (f"answers[{number}].choices[{index}].{language}", "has no text")
        for number, answers in enumerate(said.answers)
        for index, choice in enumerate(answers.choices)
        for language in ("zh", "en")
        if not getattr(choice, language)
    ]
    gaps += [(f"stem_{language}", "has no text") for language in ("zh", "en") if not getattr(said, f"stem_{language}")]
    if said.numbered:
        gaps.append(("numbered", "an instrument with texts writes its items out"))
    return gaps
