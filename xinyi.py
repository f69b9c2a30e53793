"""The front door: one command line. Each subcommand imports what it needs when it runs."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Xinyi 心驿: the software of a community counselling room."""


if __name__ == "__main__":
    main()
