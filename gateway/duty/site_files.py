"""A site's own files about people, over those that are shipped: who is called when, and the numbers to call."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from care import handoff, hotlines
from care.handoff import Handoff
from care.hotlines import Hotline
from gateway.called import Post
from gateway.config import Config, ConfigError


def handoff_of(config: Config) -> Handoff:
    """The rules of a site.

    Raises:
        HandoffError: its file is not as it must be.
    """
    return handoff.load(config.handoff_rules)


def post_of(config: Config) -> Post:
    """Where people of this site answer.

    Raises:
        HandoffError: its file is not as it must be.
    """
    return Post(config.site.id, config.centre.level, handoff_of(config))


def rules_to_call_by(config: Config) -> Handoff:
    """The rules of a site whose centre has people called: they must know its level, and what calls at once.

    Raises:
        HandoffError: its file is not as it must be.
        ConfigError: by these rules nobody would be called.
    """
    rules = handoff_of(config)
    if problem := handoff.problem(rules, config.centre.level):
        name = config.care.handoff or f"care/{handoff.FILE}"
        raise ConfigError(f"{name}: {problem}; correct it, or [centre] level = {config.centre.level!r} in xinyi.toml")
    return rules


def hotlines_of(config: Config) -> list[Hotline]:
    """The numbers of a site.

    Raises:
        HotlineError: its file is not as it must be.
    """
    return hotlines.load(config.hotlines)


def stale_hotlines(config: Config, now_utc_ns: int) -> list[Hotline]:
    """Numbers that nobody has verified for too long, by the site's own calendar.

    Raises:
        HotlineError: the site's file is not as it must be.
    """
    today = datetime.fromtimestamp(now_utc_ns / 1e9, UTC).astimezone(ZoneInfo(config.centre.zone)).date()
    return hotlines.stale(hotlines_of(config), today, config.care.hotline_days)
