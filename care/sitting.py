"""One person at one questionnaire: where they are, what they have answered, what is asked of them. Pure.

Each step gives a new sitting. An answer does not move on by itself: whether to wait for 下一题 is the screen's business
(it always waits at risk items). Going back keeps what was answered; an answer that closes a gate takes out of `given`
what stands behind it.
"""

from msgspec import Struct
from msgspec.structs import replace

from care.instruments.model import AnswersError, Instrument, Item
from care.instruments.scoring import applies


class Sitting(Struct, frozen=True):
    """Where a person is in a questionnaire.

    Attributes:
        answers: item id → value, all that was ever chosen and not changed since.
        position: 0 at the first item that is asked; as many as are asked at the end.
    """

    instrument: Instrument
    answers: dict[str, int] = {}
    position: int = 0

    @property
    def asked(self) -> list[Item]:
        """The items that are asked after what was answered so far."""
        return [item for item in self.instrument.items if applies(self.instrument, item, self.answers)]

    @property
    def item(self) -> Item | None:
        """The item on the screen; None at the end."""
        asked = self.asked
        return asked[self.position] if self.position < len(asked) else None

    @property
    def chosen(self) -> int | None:
        """What was chosen at this item, if something was."""
        return self.answers.get(self.item.id) if self.item else None

    @property
    def given(self) -> dict[str, int]:
        """The answers to what is asked: these are kept and scored."""
        return {item.id: self.answers[item.id] for item in self.asked if item.id in self.answers}

    @property
    def complete(self) -> bool:
        """All that scoring needs is answered."""
        return all(item.id in self.answers for item in self.asked if item.kind != "function")

    @property
    def progress(self) -> tuple[int, int]:
        """(number of this item, how many there will be); an unanswered gate counts as open."""
        number = len(self.asked)
        gate = self.instrument.gate
        if gate and gate not in self.answers:
            number = sum(item.kind != "function" for item in self.instrument.items)
        return min(self.position + 1, number), number

    def answer(self, value: int) -> "Sitting":
        """Choose at the item on the screen.

        Raises:
            AnswersError: there is no item any more, or it has no such option.
        """
        item = self.item
        if item is None or value not in item.values:
            raise AnswersError(f"{self.instrument.key}: {item.id if item else 'the end'} cannot be {value!r}")
        return replace(self, answers=self.answers | {item.id: value})

    def forward(self) -> "Sitting":
        """To the next item, or to the end; stays where nothing was chosen yet."""
        return self if self.item is None or self.chosen is None else replace(self, position=self.position + 1)

    def back(self) -> "Sitting":
        """To the item before; stays at the first."""
        return replace(self, position=max(self.position - 1, 0))
