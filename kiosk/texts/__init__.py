"""Every sentence of the kiosk, one TOML file per language, checked when it is loaded.

`zh.toml` says which keys there are; another language has the same keys with the same {placeholders}. An error names the
file and the key. Words for codes of the room are not here but in `care/words`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

Language = Literal["zh", "en"]
REFERENCE: Final = "zh"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class TextsError(ValueError):
    """A file of texts is not as it must be; one line with file and key."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The sentences of one language, by "section.key"."""

    language: Language
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """A sentence with its placeholders filled in."""
        return self.sentences[key].format(**values)


def parse(text: str, name: str) -> dict[str, str]:
    """Sentences of a TOML text.

    Raises:
        TextsError: naming `name` and the key.
    """
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TextsError(f"{name}: {error}") from None
    sentences: dict[str, str] = {}
    for section, entries in sections.items():
        if not isinstance(entries, dict):
            raise TextsError(f"{name}: {section}: stands outside a section")
        for key, sentence in entries.items():
            if not isinstance(sentence, str) or not sentence.strip():
                raise TextsError(f"{name}: {section}.{key}: needs words")
            if re.search("[!！]", sentence):
                raise TextsError(f"{name}: {section}.{key}: no exclamation marks")
            sentences[f"{section}.{key}"] = sentence
    return sentences


def compare(sentences: Mapping[str, str], name: str, reference: Mapping[str, str]) -> None:
    """See to it that a language has the keys and placeholders of the reference.

    Raises:
        TextsError: naming `name` and the first key that differs.
    """
    for key in sorted(reference.keys() | sentences.keys()):
        if key not in sentences:
            raise TextsError(f"{name}: {key}: is missing")
        if key not in reference:
            raise TextsError(f"{name}: {key}: is not in {REFERENCE}.toml")
        if set(_PLACEHOLDER.findall(sentences[key])) != set(_PLACEHOLDER.findall(reference[key])):
            raise TextsError(f"{name}: {key}: other placeholders than {REFERENCE}.toml")


def load(language: Language) -> Texts:
    """The texts of a language.

    Raises:
        TextsError: its file or the reference is not as it must be.
    """
    folder = files("kiosk.texts")
    reference = parse(folder.joinpath(f"{REFERENCE}.toml").read_text("utf-8"), f"kiosk/texts/{REFERENCE}.toml")
    name = f"kiosk/texts/{language}.toml"
    sentences = parse(folder.joinpath(f"{language}.toml").read_text("utf-8"), name)
    compare(sentences, name, reference)
    return Texts(language, sentences)
