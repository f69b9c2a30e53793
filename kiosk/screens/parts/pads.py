"""Pads for typing with big keys: four digits that nobody may read over a shoulder, or the eight signs of a code.

A key may follow another at once, as typing does; only the same key twice within a third of a second is trembling.
"""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import LINE_HEIGHT, Words
from kiosk.reach import Box
from kiosk.screens.page import Page
from kiosk.shapes import Panel, Target

KEY_AGAIN_S = 0.35
KEY_GAP = 12.0
DIGITS = ("123", "456", "789", " 0")
HIDDEN = "•"
CODE = 8


class Key(Target):
    """A key of a pad."""

    last_key: "Key | None" = None

    def settled(self, now_s: float) -> bool:
        again = Key.last_key is self
        Key.last_key = self
        return not again or now_s - Target.last_tap_s >= KEY_AGAIN_S


class Pad:
    """Rows of keys in a box, the last place of the last row being the one that erases.

    Args:
        page: that it is put on.
        rows: the signs of each row; a blank leaves a place free.
        box: that it fills.
    """

    def __init__(self, page: Page, rows: tuple[str, ...], box: Box) -> None:
        x, top, wide, high = box
        columns = max(map(len, rows))
        across, down = (wide - (columns - 1) * KEY_GAP) / columns, (high - (len(rows) - 1) * KEY_GAP) / len(rows)
        for number, row in enumerate(rows):
            for place in range(columns):
                sign = row[place] if place < len(row) else ""
                last = number == len(rows) - 1 and place == columns - 1
                if not sign.strip() and not last:
                    continue
                at = (x + place * (across + KEY_GAP), top + number * (down + KEY_GAP), across, down)
                tap = page.ask(Tap.ERASE) if last else page.ask(Tap.TYPE, sign)
                page.add_widget(Key(page, at, tap, fill=look.CARD, line=look.PLAIN, radius=20))
                text = page.t("pad.erase") if last else sign
                size = look.BODY if last else look.OPTION
                words = page.words(text, at[0], 0, across, size=size, bold=not last, align="center")
                words.move_to(at[1] + (down - words.height_u) / 2)


def sign_rows(alphabet: str, columns: int = 8) -> tuple[str, ...]:
    """The signs of an alphabet in rows, with room at the end for the key that erases."""
    return tuple(alphabet[at : at + columns] for at in range(0, len(alphabet), columns))


class Cells:
    """What was typed so far, one cell a sign; `hidden` shows dots. After half of the cells of a code stands a hyphen.
    More than eight signs stand in one wide cell.

    Args:
        page: that they are put on.
        count: of the cells.
        box: in the middle of which they stand.
        hidden: nobody shall read them.
    """

    def __init__(self, page: Page, count: int, box: Box, *, hidden: bool) -> None:
        x, top, wide, high = box
        self._hidden, self._wide = hidden, count > CODE
        count = 1 if self._wide else count
        split = count // 2 if count == CODE else 0
        gap, dash = 12.0, 34.0 if split else 0.0
        cell = wide if self._wide else min(84.0, (wide - (count - 1) * gap - dash) / count)
        left = x + (wide - count * cell - (count - 1) * gap - dash) / 2
        size = min(look.QUESTION, high / LINE_HEIGHT / page.theme.text)
        self._cells: list[tuple[Panel, Words]] = []
        for number in range(count):
            if split and number == split:
                mark = page.words("-", left - gap, top, dash + gap, size=size, bold=True, align="center")
                mark.move_to(top + (high - mark.height_u) / 2)
                left += dash
            panel = page.panel(left, top, cell, high, fill=look.CARD, line=look.PLAIN, radius=16)
            words = page.words(" ", left, top, cell, size=size, bold=True, align="center")
            words.move_to(top + (high - words.height_u) / 2)
            self._cells.append((panel, words))
            left += cell + gap
        self._typed = ""

    def show(self, typed: str) -> None:
        """Fill as many as were typed; the next one has a strong edge."""
        shown = HIDDEN * len(typed) if self._hidden else typed
        parts = [shown] if self._wide else list(shown)
        for number, (panel, words) in enumerate(self._cells):
            words.say(parts[number] if number < len(parts) and parts[number] else " ")
            panel.recolour(look.CARD, look.GREEN if number <= len(typed) else look.PLAIN)
