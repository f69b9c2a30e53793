"""What a site says about its duty in `xinyi.toml`: sections [care] and [duty], and what becomes of them."""

import json
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct


class CareConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The site's own files about people, where those that are shipped are not enough.

    Attributes:
        packs: folder of content packs, questionnaires whose texts the site may show; "" is `<data>/packs`.
        risk: its own rules of tiers (`care/risk.toml` is the pattern).
        handoff: who is called when (`care/handoff.toml` is the pattern).
        hotlines: numbers to call, beside and over those that are shipped.
        hotline_days: after so many days without a look a number is out of date.
    """

    packs: str = ""
    risk: str = ""
    handoff: str = ""
    hotlines: str = ""
    hotline_days: Annotated[int, Meta(ge=1)] = 180


class DutyConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Pagers of this site, beside the console and `xinyi duty`. Secrets are files (mode 0600).

    Attributes:
        undelivered_s: so long a step of an alert may wait for the level above, before that is written down.
        webhook: "https://…" that takes a JSON body; with commas for several.
        webhook_body: JSON in which {text}, {seat} and {site} are filled in.
        webhook_secret: file with a token; sent as `Authorization: Bearer …`.
        webhook_ca: PEM file of the authority behind it; "" is the system's.
        mail_server: "" sends no mail.
        mail_to: addresses, with commas; whoever is on duty and has a "mailto:" gets it, too.
    """

    undelivered_s: Annotated[float, Meta(gt=0, le=3600)] = 20.0
    webhook: str = ""
    webhook_body: str = '{"text": "{text}"}'
    webhook_secret: str = ""
    webhook_ca: str = ""
    mail_server: str = ""
    mail_port: Annotated[int, Meta(ge=1, le=65535)] = 587
    mail_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_ca: str = ""
    mail_user: str = ""
    mail_secret: str = ""
    mail_from: str = ""
    mail_to: str = ""


def listed(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def check(name: str, duty: DutyConfig) -> None:
    """Whether these pagers can be used.

    Raises:
        ValueError: naming `name` and the key.
    """
    for url in listed(duty.webhook):
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError(f"{name}: duty.webhook: {url} is not https://…")
    try:
        body = json.loads(duty.webhook_body)
    except ValueError as error:
        raise ValueError(f"{name}: duty.webhook_body: not JSON: {error}") from None
    said = {word for text in _texts(body) for word in ("{text}", "{seat}") if word in text}
    if not said:
        raise ValueError(
            f"{name}: duty.webhook_body: names neither {{text}} nor {{seat}}: nobody would know where to go"
        )
    if duty.mail_server and not duty.mail_from:
        raise ValueError(f"{name}: duty.mail_from: a mail needs a sender")


def fill(body: Any, words: dict[str, str]) -> Any:
    """A JSON value with {text}, {seat} and {site} filled in wherever a text stands."""
    match body:
        case str():
            for word, value in words.items():
                body = body.replace(f"{{{word}}}", value)
            return body
        case list():
            return [fill(each, words) for each in body]
        case dict():
            return {key: fill(value, words) for key, value in body.items()}
        case _:
            return body


def _texts(body: Any) -> list[str]:
    match body:
        case str():
            return [body]
        case list():
            return [text for each in body for text in _texts(each)]
        case dict():
            return [text for each in body.values() for text in _texts(each)]
        case _:
            return []
