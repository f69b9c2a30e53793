"""The front door's options that every wing has."""

from pathlib import Path

import click

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="XINYI_CONFIG",
    help="The site's xinyi.toml (or XINYI_CONFIG).",
)
