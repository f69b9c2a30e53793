"""What pagers write beside an alert: that one got through, or failed. Read again by whoever asks whether it rang."""

from care.alerts import AlertEvent, AlertStep


def delivered_note(pager: str) -> str:
    """What a note begins with that says that a pager got through."""
    return f"pager {pager}: delivered"


def failed_note(pager: str) -> str:
    """What a note begins with that says that it does not."""
    return f"pager {pager}: failed"


def is_delivered_note(step: AlertEvent) -> bool:
    """Whether a step says that some pager of some level got through."""
    said, _, how = step.detail.partition(": ")
    return (
        step.step is AlertStep.NOTED
        and step.actor == "system"
        and said.startswith("pager ")
        and how.startswith("delivered")
    )
