"""What can go wrong with fleet health: one class per cause, one line for people each.

Every message names the file, topic or service and says what to do now, so a command line can print it as it is.
"""


class FleetError(Exception):
    """Something about fleet health. `str(error)` is one line with the remedy.

    Attributes:
        where: file, topic or address that it is about.
        problem: what is wrong with it.
        remedy: what to do now.
    """

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}; {remedy}")
        self.where, self.problem, self.remedy = where, problem, remedy


class HealthUnreadable(FleetError):
    """A birth or heartbeat is not as the contract wants it, or speaks for somebody else."""


class RulesInvalid(FleetError):
    """The file of alert rules cannot be used."""


class AlertUnknown(FleetError):
    """No alert that waits for a person has this id."""


class FleetUnreachable(FleetError):
    """The broker whose sites are to be watched does not answer or refuses."""
