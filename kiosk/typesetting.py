"""Where a line may end: between any two Chinese characters, but no line begins with ，。？ and none ends with （.

Kivy breaks per character and knows none of this (避头尾, GB/T 15834), so lines are broken here, measured with the
font that will draw them, and handed to Kivy with the breaks in place. Free of Kivy: `measure` is an argument.
"""

import re
from collections.abc import Callable

NOT_FIRST = frozenset("，。、；：？！）》」』】〉”’％…—·～,.;:?!)]}%/")
NOT_LAST = frozenset("（《「『【〈“‘([{")
PAUSES = frozenset("，。；：？,;")
"""Where a reader would pause anyway."""

_PIECE = re.compile(
    r"\d[\d:.,–-]*[ \u00a0]?[\u4e00-\u9fff]"  # a number stays with its unit: 8 分钟
    r"|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"  # one Chinese character or sign
    r"|[ ]+"
    r"|[^ \u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+"  # a word of Latin letters or digits
)

Measure = Callable[[str], float]


def pieces(text: str) -> list[str]:
    """What may not be torn apart, in order.

    >>> pieces("好，大约 8 分钟。")
    ['好，', '大', '约', ' ', '8 分', '钟。']
    """
    out: list[str] = []
    for piece in _PIECE.findall(text):
        held = bool(out) and (piece[0] in NOT_FIRST or out[-1][-1] in NOT_LAST)
        if held and not piece.isspace():
            out[-1] += piece
        else:
            out.append(piece)
    return out


def break_lines(text: str, width: float, measure: Measure) -> list[str]:
    """Lines no wider than `width`, as even as their number allows; a newline is a break that was meant.

    A piece that is wider than the line by itself is broken between characters.

    >>> break_lines("您好，今天想做点什么？", 5.0, len)
    ['您好，今', '天想做点', '什么？']
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        filled = _fill(paragraph, width, measure)
        lines += _even(paragraph, filled, width, measure) if len(filled) > 1 else filled
    return lines


def _at_pause(paragraph: str, width: float, measure: Measure) -> list[str] | None:
    """Two lines with the break where one would breathe, the most even of those; None if there is none worth it."""
    best: tuple[float, list[str]] | None = None
    for at in range(1, len(paragraph)):
        if paragraph[at - 1] not in PAUSES or paragraph[at] in NOT_FIRST:
            continue
        pair = [paragraph[:at].rstrip(), paragraph[at:].lstrip()]
        first, second = measure(pair[0]), measure(pair[1])
        uneven = abs(first - second)
        if max(first, second) <= width and min(first, second) >= 0.4 * max(first, second):
            best = min(best or (uneven, pair), (uneven, pair))
    return best[1] if best else None


def _even(paragraph: str, filled: list[str], width: float, measure: Measure) -> list[str]:
    """The same number of lines, with the narrowest width that still gives it."""
    if len(filled) == 2 and (pair := _at_pause(paragraph, width, measure)):
        return pair
    low, high, best = width / 2, width, filled
    while high - low > width / 64:
        middle = (low + high) / 2
        tried = _fill(paragraph, middle, measure)
        if len(tried) > len(filled):
            low = middle
        else:
            high, best = middle, tried
    return best


def _fill(paragraph: str, width: float, measure: Measure) -> list[str]:
    lines, line = [], ""
    for piece in pieces(paragraph):
        if measure((line + piece).rstrip()) <= width:
            line += piece if line or not piece.isspace() else ""
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = ""
        for part in _parts(piece.lstrip(), width, measure):
            if line:
                lines.append(line)
            line = part
    return [*lines, line.rstrip()]


def _parts(piece: str, width: float, measure: Measure) -> list[str]:
    if measure(piece) <= width:
        return [piece]
    parts = [""]
    for character in piece:
        if parts[-1] and measure(parts[-1] + character) > width:
            parts.append("")
        parts[-1] += character
    return parts
