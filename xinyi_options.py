"""The front door's options that every wing has, and what becomes of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateway.config import Config

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="XINYI_CONFIG",
    help="The site's xinyi.toml (or XINYI_CONFIG).",
)


def load_config(path: Path | None) -> "Config":
    """The configuration that a command was given; what reads it is imported only now.

    Raises:
        ConfigError: it cannot be read, or is not as it must be.
    """
    from gateway.config import load

    return load(path)
