"""What a questionnaire is, as the rest of the house sees it: frozen structs, already checked by `loading`.

Ids of items are "<instrument>.<item>" ("phq9.9"), unique in the house, as answers travel under them. A value is what
stands beside an option on the printed form; turning it around, where a key wants that, is the business of a scale.
Every fact carries how it was checked: "published" (found in a published source) or "general knowledge".
"""

import datetime as dt
from typing import Literal

from msgspec import Struct

Checked = Literal["published", "general knowledge"]
Kind = Literal["scored", "gate", "function"]
Step = Literal["rest", "read", "talk", "book", "doctor", "help"]
"""What a person may do next, the least urgent first: rest, read, talk to somebody, book a talk, see a doctor, get
help.
"""
VOID = "void"
"""The band of a form that is complete and yet says nothing (its validity scale)."""


class AnswersError(ValueError):
    """Answers that this instrument cannot have; one line with instrument, item and value."""


class Option(Struct, frozen=True):
    value: int
    zh: str
    en: str
    loinc: str = ""


class Item(Struct, frozen=True):
    """One question.

    Attributes:
        kind: "scored"; "gate": decides whether the others are asked; "function": how hard life is, not scored.
        risk: touches on risk: the screen wants an explicit 下一题, and shows that care is near.
        ours: this one, unscored, is in words of ours among published ones: left out until a reviewer has signed.
        values: what may be answered, the lowest first.
    """

    id: str
    zh: str
    en: str
    options: list[Option]
    kind: Kind
    risk: bool
    ours: bool
    loinc: str
    values: tuple[int, ...]


class Band(Struct, frozen=True):
    """A stretch of a scale, up to and with `to`; it begins where the one before it ends.

    Attributes:
        zh: its name, for the counsellor; residents see `Words`.
        positive: who is here should be looked at more closely.
        sex: only for "male" or "female"; "": for everybody else.
        source: where the edge is from, and about whom.
    """

    key: str
    to: float
    zh: str
    en: str
    positive: bool
    sex: str
    source: str
    population: str
    checked: Checked


class Term(Struct, frozen=True):
    """One item in a scale. `turned` is lowest plus highest of a reversed item: it counts as `turned` minus value."""

    item: str
    turned: int | None


class Scale(Struct, frozen=True):
    """A sum, a mean, or a count of items of at least `at_least`; then times `multiply`, then a named `rule`."""

    key: str
    zh: str
    en: str
    terms: list[Term]
    form: Literal["sum", "mean", "count"]
    at_least: int
    multiply: int
    rule: str
    bands: list[Band]
    loinc: str


class Words(Struct, frozen=True):
    """What a resident reads: first what is normal, then what it may mean, then one thing to do. No number."""

    band: str
    normal_zh: str
    normal_en: str
    meaning_zh: str
    meaning_en: str
    step: Step


class Wording(Struct, frozen=True):
    """Whose words the items are in one language.

    Attributes:
        origin: "published" (the instrument's own wording in this language), or "ours": a reviewer must sign it.
        compared: what we compared it with: "original", "copies" (public copies that agree), or "nothing".
    """

    origin: Literal["published", "ours"]
    source: str
    compared: Literal["original", "copies", "nothing"] = "nothing"


class Licence(Struct, frozen=True):
    """On what terms an instrument may be shown.

    Attributes:
        needs_record: the owner's permission must be on record here (`licences.Record`).
        terms: in one line.
        holder_zh: the holder as the kiosk names them in Chinese; "" when it is nobody's, and nobody is named.
        copyright: the line that the holder wants to be shown, or "".
    """

    holder: str
    terms: str
    needs_record: bool
    source: str
    checked: Checked
    holder_zh: str = ""
    copyright: str = ""


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A permission, as it stands in a content pack.

    Attributes:
        holder: who may use the instrument.
        granted_by: who gave the permission.
        date: from when on.
        scope: for what: "screening at the kiosks of …".
        expiry: the last day; a permission without an end says so in its scope and names a day to ask again.
    """

    holder: str
    granted_by: str
    date: dt.date
    scope: str
    expiry: dt.date


class Fact(Struct, frozen=True, forbid_unknown_fields=True):
    """Something else that a reviewer should know."""

    about: str
    source: str
    checked: Checked


class Instrument(Struct, frozen=True):
    """A questionnaire, checked.

    Attributes:
        key: "phq9".
        title_zh: what the kiosk calls it: neutral, never a diagnosis.
        name_zh: its own name.
        stem_zh: the sentence before every item.
        age_from: youngest age in years; `age_to` the oldest, or None.
        informant: who answers, about whom: "self", or "parent" about a child.
        unattended: may be done at a kiosk with nobody near.
        gate: id of the item that decides whether the others are asked, or "".
        opens: value of the gate at which the other items are asked.
        has_texts: it can be shown; False: only its key ships, a content pack brings the texts.
        rules: named functions of `rules` that look at the whole.
    """

    key: str
    version: int
    title_zh: str
    title_en: str
    name_zh: str
    name_en: str
    stem_zh: str
    stem_en: str
    minutes: int
    age_from: int
    age_to: int | None
    informant: Literal["self", "parent"]
    unattended: bool
    items: list[Item]
    gate: str
    opens: int
    scales: list[Scale]
    words: list[Words]
    rules: list[str]
    licence: Licence
    wording_zh: Wording
    wording_en: Wording
    facts: list[Fact]
    loinc: str
    has_texts: bool
    record: Record | None = None

    @property
    def is_ours(self) -> bool:
        """Some of its item wording is ours: a reviewer of the site signs before it is offered."""
        return "ours" in {self.wording_zh.origin, self.wording_en.origin}


class Score(Struct, frozen=True):
    """What answers come to. Of partial answers there is nothing but what is missing.

    Attributes:
        values: scale → value; the main scale is "total".
        bands: scale → band, of those scales that have bands.
        band: of the main scale; "" unless complete.
        positive: scales (and rules) that say: look more closely.
    """

    instrument: str
    version: int
    complete: bool
    missing: list[str]
    values: dict[str, float]
    bands: dict[str, str]
    band: str
    positive: list[str]


class Feedback(Struct, frozen=True):
    """What a resident is told: what is normal about it, what it may mean, and one thing to do."""

    normal: str
    meaning: str
    step: Step
