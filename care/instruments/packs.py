"""A content pack brings the texts of an instrument whose key ships and whose texts are not ours to ship.

One TOML file an instrument, in the site's folder of packs: the permission on record, the wording's origin, the sentence
before the items, the labels of the answers, and every item. It can change nothing about scoring.
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from care.instruments.loading import shipped
from care.instruments.model import Instrument, Item, Option, Record, Wording
from care.located import DataError, Located, read

Text = Annotated[str, Meta(min_length=1, max_length=400)]


class _Labels(Struct, frozen=True, forbid_unknown_fields=True):
    """Labels of the options, from the lowest value up; for all items, or for `items` only."""

    zh: list[Text]
    en: list[Text] = []
    items: list[int | str] = []


class _Item(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    zh: Text
    en: str = ""


class _Wording(Struct, frozen=True, forbid_unknown_fields=True):
    zh: Wording
    en: Wording | None = None


class _Pack(Struct, frozen=True, forbid_unknown_fields=True):
    instrument: str
    version: int
    licence: Record
    wording: _Wording
    stem_zh: Text
    labels: Annotated[list[_Labels], Meta(min_length=1)]
    item: Annotated[list[_Item], Meta(min_length=1)]
    stem_en: str = ""


def load_all(folder: Path | None) -> tuple[dict[str, Instrument], dict[str, str]]:
    """The packs of a folder: key → instrument with texts; and key, or file name, → why not."""
    brought: dict[str, Instrument] = {}
    refused: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")) if folder and folder.is_dir() else []:
        try:
            instrument = load(path)
        except DataError as error:
            stem = path.stem
            refused[stem if stem in shipped() else path.name] = str(error)
            continue
        if instrument.key in brought:
            refused[path.name] = f"{path}: there is another content pack for {instrument.key}; keep one of them"
            continue
        brought[instrument.key] = instrument
    return brought, refused


def load(path: Path) -> Instrument:
    """An instrument with the texts and the licence record of a content pack.

    Raises:
        DataError: the pack cannot be read, or does not fit its instrument; with file and line.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise DataError(f"{path}: cannot be read ({why})") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Instrument:
    """The same, out of TOML text."""
    file = read(text, name, _Pack)
    pack = file.value
    key = shipped().get(pack.instrument)
    if key is None:
        raise file.at("instrument", f"there is no scoring for {pack.instrument!r}; there is for {', '.join(shipped())}")
    if key.has_texts:
        raise file.at("instrument", f"{pack.instrument} ships with its texts")
    if pack.version != key.version:
        raise file.at("version", f"its key is version {key.version}; check the texts against it and say so")
    given = {f"{key.key}.{item.id}": number for number, item in enumerate(pack.item)}
    if len(given) != len(pack.item):
        raise file.at("item", "two items have the same id")
    wanted = [item.id for item in key.items]
    for item_id, number in given.items():
        if item_id not in wanted:
            raise file.at(f"item[{number}].id", f"{key.key} has no item {pack.item[number].id!r}")
    if lacking := [item_id.partition(".")[2] for item_id in wanted if item_id not in given]:
        raise file.at("item", f"no text for {', '.join(lacking)}")
    return replace(
        key,
        stem_zh=pack.stem_zh,
        stem_en=pack.stem_en or pack.stem_zh,
        items=[_with_texts(file, item, pack.item[given[item.id]]) for item in key.items],
        wording_zh=pack.wording.zh,
        wording_en=pack.wording.en or pack.wording.zh,
        has_texts=True,
        record=pack.licence,
    )


def _with_texts(file: Located[_Pack], item: Item, said: _Item) -> Item:
    pack = file.value
    number = item.id.partition(".")[2]
    own = [index for index, labels in enumerate(pack.labels) if number in map(str, labels.items)]
    everybody = [index for index, labels in enumerate(pack.labels) if not labels.items]
    if not (own or everybody):
        raise file.at("labels", f"none for item {number}")
    index = (own or everybody)[0]
    labels = pack.labels[index]
    for language in ("zh", "en"):
        count = len(getattr(labels, language))
        if count != len(item.options) and (language == "zh" or count):
            raise file.at(f"labels[{index}].{language}", f"{count} labels, but item {number} has {len(item.options)}")
    rank = {value: place for place, value in enumerate(item.values)}
    options = [
        Option(option.value, labels.zh[rank[option.value]], (labels.en or labels.zh)[rank[option.value]], option.loinc)
        for option in item.options
    ]
    return replace(item, zh=said.zh, en=said.en or said.zh, options=options)
