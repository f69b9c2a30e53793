"""Feedback scenes: how the room answers to what the heart does. Pure; what the chair does is the driver's to allow.

Sound follows coherence slowly, so that nobody chases it: at most 1 % a second, between the programme's own volume and
`RISE_PERCENT` above it, full at a coherence share of 60 % (what paced breathing reaches in our simulation; a figure of
ours, to be set anew from real sessions). Without a number the sound goes back to where it began.
"""

RISE_PERCENT = 20.0
FULL_AT_SHARE_PERCENT = 60.0
FASTEST_PERCENT_S = 1.0


def volume_percent(now_percent: float, base_percent: float, coherence_share: float | None, passed_s: float) -> float:
    """The volume after `passed_s` more seconds, per cent.

    Args:
        now_percent: what it is.
        base_percent: the programme's own.
        coherence_share: share of the peak in the spectrum, 0-100, or None while there is none.
        passed_s: since `now_percent` was so.

    >>> volume_percent(40.0, 40.0, 60.0, 2.0)
    42.0
    >>> volume_percent(42.0, 40.0, None, 5.0)
    40.0
    """
    share = 0.0 if coherence_share is None else min(1.0, max(0.0, coherence_share / FULL_AT_SHARE_PERCENT))
    wanted = min(100.0, base_percent + RISE_PERCENT * share)
    most = FASTEST_PERCENT_S * max(0.0, passed_s)
    return now_percent + min(most, max(-most, wanted - now_percent))
