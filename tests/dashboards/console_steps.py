"""Small steps that the browser tests share: a card, waiting for the room, the points that a chart really holds."""

import re

import pytest

NUMBER = re.compile(r"\d")


def card(page, name):
    return page.locator(f"[data-metric={name}]")


def until(page, seen, what):
    """Wait in small steps of the browser's own clock until the room has seen something."""
    for _ in range(200):
        if seen():
            return
        page.wait_for_timeout(25)
    pytest.fail(f"the room did not see {what}")


def chart_series(page, chart, series):
    """The points that a chart really holds."""
    return page.evaluate(
        """([chart, series]) => {
            const element = document.querySelector(`[data-chart=${chart}]`);
            const plot = getElement(Number(element.id.slice(1))).chart;
            return plot.getOption().series.find((one) => one.id === series).data;
        }""",
        [chart, series],
    )
