"""Runs of whole numbers, as first and last number of each run (both included)."""

from collections.abc import Iterable


def as_ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as runs, in order.

    >>> as_ranges([7, 1, 2, 3, 9, 8])
    [(1, 3), (7, 9)]
    """
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
