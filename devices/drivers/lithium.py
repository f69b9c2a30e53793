"""How full a lithium cell is, from its voltage: no measurement, a hint when to charge. The line is ours."""

EMPTY_V, FULL_V = 3.4, 4.1


def percent(volts: float) -> int:
    """0 at 3.4 V, where devices begin to warn, 100 at 4.1 V, straight between.

    >>> percent(3.75)
    50
    """
    return round(100 * min(1.0, max(0.0, (volts - EMPTY_V) / (FULL_V - EMPTY_V))))
