"""A data file of an instrument, as it is written; `loading` makes the checked instrument of it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.instruments.model import Checked, Fact, Kind, Licence, Step, Wording

Key = Annotated[str, Meta(pattern=r"^[a-z0-9_]+$", max_length=24)]
Text = Annotated[str, Meta(min_length=1, max_length=400)]
Loinc = Annotated[str, Meta(pattern=r"^$|^(LA)?\d+-\d$")]


class FileChoice(Struct, frozen=True, forbid_unknown_fields=True):
    value: int
    zh: str = ""
    en: str = ""
    loinc: Loinc = ""


class FileAnswers(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    choices: Annotated[list[FileChoice], Meta(min_length=2)]


class FileItem(Struct, frozen=True, forbid_unknown_fields=True):
    id: Key
    zh: str = ""
    en: str = ""
    answers: str = ""
    kind: Kind = "scored"
    risk: bool = False
    ours: bool = False
    loinc: Loinc = ""


class FileBand(Struct, frozen=True, forbid_unknown_fields=True):
    key: Key
    to: float
    zh: Text
    en: Text
    positive: bool = False
    sex: Literal["", "male", "female"] = ""
    source: str = ""
    population: str = ""
    checked: Checked | None = None


class FileScale(Struct, frozen=True, forbid_unknown_fields=True):
    key: Key
    zh: Text
    en: Text
    items: list[int | str] = []
    reverse: list[int] = []
    form: Literal["sum", "mean", "count"] = "sum"
    at_least: int = 1
    multiply: Annotated[int, Meta(ge=1)] = 1
    rule: str = ""
    loinc: Loinc = ""
    source: str = ""
    population: str = ""
    checked: Checked = "general knowledge"
    band: list[FileBand] = []


class FileWords(Struct, frozen=True, forbid_unknown_fields=True):
    band: str
    normal_zh: Text
    normal_en: Text
    meaning_zh: Text
    meaning_en: Text
    step: Step


class FileWording(Struct, frozen=True, forbid_unknown_fields=True):
    zh: Wording
    en: Wording


class File(Struct, frozen=True, forbid_unknown_fields=True):
    key: Key
    version: Annotated[int, Meta(ge=1)]
    title_zh: Text
    title_en: Text
    name_zh: Text
    name_en: Text
    minutes: Annotated[int, Meta(ge=1, le=60)]
    age_from: Annotated[int, Meta(ge=3, le=120)]
    licence: Licence
    answers: Annotated[list[FileAnswers], Meta(min_length=1)]
    scale: Annotated[list[FileScale], Meta(min_length=1)]
    words: Annotated[list[FileWords], Meta(min_length=1)]
    stem_zh: str = ""
    stem_en: str = ""
    age_to: int | None = None
    informant: Literal["self", "parent"] = "self"
    unattended: bool = True
    loinc: Loinc = ""
    numbered: Annotated[int, Meta(ge=0, le=200)] = 0
    opens: int = 1
    rules: list[str] = []
    wording: FileWording | None = None
    item: list[FileItem] = []
    fact: list[Fact] = []
