"""The counsellor's console: one live page beside the chair."""

from dashboards.console.server import run

__all__ = ["run"]
